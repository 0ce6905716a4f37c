//! Packages, checkpoints and states of the smallest models.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use gqn_exporter::{ExportOptions, Measurements, export};
use gqn_formats::{
    Checkpoint, ModelConfig, Preset, Provenance, Tensor, TensorFile, VoxelConfig, names,
    parameters, sha256_hex,
};

use crate::Seeds;

/// A model of a few hundred numbers.
pub(crate) fn tower() -> ModelConfig {
    ModelConfig {
        image_size: 16,
        representation_channels: 8,
        latent_channels: 1,
        hidden_channels: 2,
        canvas_channels: 2,
        steps: 1,
        ..Preset::TinyTower.config()
    }
}

/// One with a grid.
pub(crate) fn voxel() -> ModelConfig {
    let config = Preset::Tiny.config();
    let geometry = config.voxel.clone().expect("a voxel model");
    let geometry =
        VoxelConfig { cells: [2, 2, 2], depth_samples: 2, rendered_channels: 4, ..geometry };
    ModelConfig { representation: config.representation, voxel: Some(geometry), ..tower() }
}

/// Of several targets.
pub(crate) fn seeds() -> BTreeMap<&'static str, Seeds> {
    let mut seeds: BTreeMap<&'static str, Seeds> = BTreeMap::new();
    for (name, config) in [("tower", tower()), ("voxel", voxel())] {
        let checkpoint = checkpoint(config);
        let bytes = checkpoint.clone().into_tensor_file().to_bytes("seed").expect("tensors");
        let sha256 = sha256_hex(&bytes);
        let sample = sample(&checkpoint.config, &sha256);
        let options = ExportOptions::default();
        let measurements = Measurements::default();
        let files =
            export(&checkpoint, &sha256, &sample, &options, &measurements).expect("a package");
        let mut add = |target, name: &str, bytes: Vec<u8>| {
            seeds.entry(target).or_default().insert(name.to_owned(), bytes);
        };
        add("manifest", name, files[names::MANIFEST_FILE].clone());
        add("package", name, zip(&files));
        add("onnx", &format!("{name}-representation"), files[names::REPRESENTATION_FILE].clone());
        add("onnx", &format!("{name}-generator"), files[names::GENERATOR_FILE].clone());
        add("checkpoint", &format!("{name}-sample"), sample.to_bytes("seed").expect("tensors"));
        add("checkpoint", name, bytes);
        add("state", name, state(checkpoint));
    }
    seeds
}

/// Weights of one number each, which compress well.
fn checkpoint(config: ModelConfig) -> Checkpoint {
    let tensor = |shape: Vec<usize>| Tensor::from_elem(shape, 0.125);
    let tensors = parameters(&config)
        .into_iter()
        .map(|parameter| (parameter.name, tensor(parameter.shape)))
        .collect();
    Checkpoint { config, step: 1, provenance: Provenance::default(), tensors }
}

fn sample(config: &ModelConfig, sha256: &str) -> TensorFile {
    let (side, size) = (config.image_size, config.hidden_size());
    let frames = vec![1, 3, side, side];
    let shapes = [
        (names::SAMPLE_CONTEXT_FRAMES, frames.clone()),
        (names::SAMPLE_CONTEXT_POSES, vec![1, 7]),
        (names::SAMPLE_QUERY_POSES, vec![1, 7]),
        (names::SAMPLE_NOISE, vec![1, config.steps, config.latent_channels, size, size]),
        (names::SAMPLE_FRAMES, frames.clone()),
        (names::SAMPLE_MEAN_FRAMES, frames.clone()),
        (names::SAMPLE_TRUE_FRAMES, frames),
    ];
    TensorFile {
        metadata: BTreeMap::from([(names::SAMPLE_CHECKPOINT.to_owned(), sha256.to_owned())]),
        tensors: shapes.map(|(name, shape)| (name.to_owned(), Tensor::zeros(shape))).into(),
    }
}

/// What the trainer saves to resume: two moments and an average of each parameter.
fn state(checkpoint: Checkpoint) -> Vec<u8> {
    let mut file = checkpoint.into_tensor_file();
    file.metadata.insert("gqn_training_state".to_owned(), "1".to_owned());
    for (name, tensor) in file.tensors.clone() {
        for prefix in ["adam.first_moment.", "adam.second_moment.", "average."] {
            file.tensors.insert(format!("{prefix}{name}"), tensor.clone());
        }
    }
    file.to_bytes("seed").expect("tensors")
}

/// Stored, so that the bytes of the files are mutated and not those of a compressed stream.
fn zip(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (name, content) in files {
        writer.start_file(name, options).expect("an entry");
        writer.write_all(content).expect("its content");
    }
    writer.finish().expect("a zip").into_inner()
}
