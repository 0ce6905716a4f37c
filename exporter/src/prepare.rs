//! Shortening, calibration and measurements of a model before its export.

use std::collections::BTreeMap;
use std::path::PathBuf;

use gqn_formats::{Checkpoint, Precision, PrecisionError, Tensor, TensorFile};
use gqn_runtime_native::OnnxRuntime;

use crate::calibrate::{Calibration, calibrate};
use crate::error::ExportError;
use crate::graphs::build_graphs_from;
use crate::measure::{StepQuality, measure_precision_error, measure_steps};
use crate::options::ExportOptions;
use crate::sample::check_sample;
use crate::scenes::SceneSource;
use crate::shorten::{shortened, shortened_sample};

/// What is found out about a model by running it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measurements {
    /// Ranges of what eight-bit integers stand for, by name.
    pub calibration: BTreeMap<String, Tensor>,
    /// The error of the precision.
    pub precision_error: Option<PrecisionError>,
    /// How good the pictures of the first steps are; empty if nobody asked.
    pub steps: Vec<StepQuality>,
    /// The steps that were trained, where fewer are exported.
    pub trained_steps: Option<usize>,
}

/// What is to be found out, and on what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrepareOptions {
    /// Export the first of the DRAW steps only.
    pub draw_steps: Option<usize>,
    /// How ranges follow from the numbers seen.
    pub calibration: Calibration,
    /// Held-out views to measure on; none to measure nothing.
    pub views: usize,
    /// Whether to measure the pictures of every number of steps.
    pub quality: bool,
    /// A world or a folder; otherwise the world that the model was trained on.
    pub scenes: Option<String>,
    /// The library of ONNX Runtime, or where to look for it.
    pub library: Option<PathBuf>,
}

/// What is exported, and what was found out about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared {
    /// The model, perhaps of fewer steps.
    pub checkpoint: Checkpoint,
    /// Its sample.
    pub sample: TensorFile,
    /// What running it told.
    pub measurements: Measurements,
    /// Why something was not measured.
    pub note: Option<String>,
}

/// Shortens, calibrates and measures a model as far as the options ask for it; nothing runs if they do not.
///
/// An error that cannot be measured, for want of scenes or of ONNX Runtime, is left out and said in the note.
///
/// # Errors
/// [`ExportError`]: choices that do not fit, a sample of another checkpoint, and, where something has to run, no scenes,
/// no ONNX Runtime, or a failing engine.
pub fn prepare(
    checkpoint: Checkpoint,
    checkpoint_sha256: &str,
    sample: TensorFile,
    options: &ExportOptions,
    wanted: &PrepareOptions,
) -> Result<Prepared, ExportError> {
    options.check(&checkpoint.config)?;
    check_sample(&sample, &checkpoint.config, checkpoint_sha256)?;
    let runtime = || Ok::<_, ExportError>(OnnxRuntime::load(wanted.library.as_deref())?);
    let scenes = || SceneSource::named(wanted.scenes.as_deref(), &checkpoint.provenance.data);
    if wanted.scenes.is_some() {
        // Even where nothing is measured, what was asked for is there.
        scenes()?.check()?;
    }
    let trained = checkpoint.config.steps;
    let short = match wanted.draw_steps {
        Some(steps) if steps != trained => Some(shortened(&checkpoint, steps)?),
        _ => None,
    };
    let mut measurements = Measurements::default();
    if (wanted.quality || wanted.draw_steps.is_some()) && wanted.views > 0 {
        measurements.steps =
            measure_steps(runtime()?, &checkpoint, options, &scenes()?, wanted.views)?;
    }
    let shorter = match short {
        Some(short) => {
            measurements.trained_steps = Some(trained);
            let sample = shortened_sample(runtime()?, &checkpoint, &short, &sample)?;
            Some((short, sample))
        }
        None => None,
    };
    let scenes = scenes();
    let (checkpoint, sample) = shorter.unwrap_or((checkpoint, sample));
    let mut note = None;
    if options.precision == Precision::Int8 {
        let scenes = scenes.as_ref().map_err(|_| no_scenes(&checkpoint))?;
        measurements.calibration =
            calibrate(runtime()?, &checkpoint, options, scenes, wanted.calibration)?;
    }
    if options.precision != Precision::Fp32 && wanted.views > 0 {
        let measured = scenes.and_then(|scenes| {
            let graphs = build_graphs_from(&checkpoint, &measurements.calibration, options);
            measure_precision_error(
                runtime()?,
                &checkpoint,
                &graphs,
                options,
                &scenes,
                wanted.views,
            )
        });
        match measured {
            Ok(error) => measurements.precision_error = Some(error),
            Err(error @ (ExportError::NoScenes { .. } | ExportError::OnnxRuntime(_))) => {
                note = Some(gqn_messages::error_report(&error));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Prepared { checkpoint, sample, measurements, note })
}

fn no_scenes(checkpoint: &Checkpoint) -> ExportError {
    ExportError::NoScenes { data: checkpoint.provenance.data.clone() }
}
