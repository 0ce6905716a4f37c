//! Every file of a package, in memory.

use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, FileEntry, MANIFEST_FORMAT, Manifest, Precision, TensorFile, names};
use half::f16;

use crate::card::card;
use crate::error::ExportError;
use crate::graph::OPSET;
use crate::graphs::{Graphs, Structure, build_graphs_from};
use crate::options::ExportOptions;
use crate::prepare::Measurements;
use crate::sample::check_sample;
use crate::summary::summarize;

/// Every file of a package by name, the manifest among them. The same checkpoint and sample give the same bytes.
///
/// `checkpoint_sha256` is that of the checkpoint's file, which the sample must name as its origin. The measurements are those
/// of [`prepare`](crate::prepare); eight bits need their calibration.
///
/// # Errors
/// [`ExportError`]: a checkpoint that does not fit its config or the precision, or a sample of another checkpoint or of
/// other sizes.
///
/// # Panics
/// If the graphs are quantised and the measurements hold no calibration.
pub fn export(
    checkpoint: &Checkpoint,
    checkpoint_sha256: &str,
    sample: &TensorFile,
    options: &ExportOptions,
    measurements: &Measurements,
) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    checkpoint.check("the checkpoint")?;
    options.check(&checkpoint.config)?;
    if options.precision != Precision::Fp32 {
        check_half(checkpoint)?;
    }
    check_sample(sample, &checkpoint.config, checkpoint_sha256)?;
    let Graphs { representation, generator, drawing, external_data } =
        build_graphs_from(checkpoint, &measurements.calibration, options);
    let mut files = external_data;
    files.insert(names::REPRESENTATION_FILE.to_owned(), representation);
    files.insert(names::GENERATOR_FILE.to_owned(), generator);
    files.extend(drawing.map(|drawing| (names::DRAWING_FILE.to_owned(), drawing)));
    files.insert(names::SAMPLE_FILE.to_owned(), sample.to_bytes(names::SAMPLE_FILE)?);

    let mut manifest = manifest(checkpoint, options, measurements, &files);
    let graphs = summarize(&checkpoint.config, options);
    let card = card(&manifest, options, &graphs, &measurements.steps).into_bytes();
    manifest.files.insert(names::CARD_FILE.to_owned(), FileEntry::of(&card));
    files.insert(names::CARD_FILE.to_owned(), card);
    files.insert(names::MANIFEST_FILE.to_owned(), manifest.to_json());
    Ok(files)
}

/// Whether half precision holds the weights.
fn check_half(checkpoint: &Checkpoint) -> Result<(), ExportError> {
    for (name, tensor) in &checkpoint.tensors {
        if let Some(found) = tensor.iter().find(|value| value.abs() > f16::MAX.to_f32()) {
            return Err(ExportError::HalfRange { name: name.clone(), found: *found });
        }
    }
    Ok(())
}

fn manifest(
    checkpoint: &Checkpoint,
    options: &ExportOptions,
    measurements: &Measurements,
    files: &BTreeMap<String, Vec<u8>>,
) -> Manifest {
    let Structure { representation, generator, drawing } =
        Structure::new(&checkpoint.config, options);
    Manifest {
        format_version: MANIFEST_FORMAT,
        config: checkpoint.config.clone(),
        pose_encoding: checkpoint.config.pose_encoding,
        variant: options.variant,
        precision: options.precision,
        precision_error: measurements.precision_error,
        trained_steps: measurements.trained_steps,
        opset: OPSET,
        representation: representation.ports(),
        generator: generator.ports(),
        drawing: drawing.map(|graph| graph.ports()),
        files: files.iter().map(|(name, content)| (name.clone(), FileEntry::of(content))).collect(),
        step: checkpoint.step,
        provenance: checkpoint.provenance.clone(),
    }
}
