//! What is measured: presets, variants, random weights.

use std::path::Path;

use anyhow::{Context, Result};
use clap::ValueEnum;
use gqn_exporter::{
    ExportOptions, GraphSummary, Graphs, Measurements, Target, Winograd, build_graphs_from, export,
    summarize, uncalibrated,
};
use gqn_formats::{
    Checkpoint, Manifest, ModelConfig, Precision, Preset, Provenance, Tensor, TensorFile, Variant,
    names, parameters,
};
use gqn_system::{Overwrite, write_atomic};
use serde::Serialize;

/// A preset, and whether its cores are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    Tiny,
    Edge,
    TinyTower,
    EdgeTower,
    Paper,
    PaperUnshared,
}

impl Size {
    pub(crate) fn preset(self) -> Preset {
        match self {
            Self::Tiny => Preset::Tiny,
            Self::Edge => Preset::Edge,
            Self::TinyTower => Preset::TinyTower,
            Self::EdgeTower => Preset::EdgeTower,
            Self::Paper | Self::PaperUnshared => Preset::Paper,
        }
    }

    fn config(self) -> ModelConfig {
        ModelConfig { shared_core: self != Self::PaperUnshared, ..self.preset().config() }
    }
}

/// The graphs of one choice of the exporter.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) size: Size,
    pub(crate) config: ModelConfig,
    pub(crate) name: &'static str,
    pub(crate) options: ExportOptions,
    /// Content of `generator.onnx`. Nothing else is kept: representations of unshared cores take a gigabyte each.
    pub(crate) bytes: Vec<u8>,
    /// Bytes of all graphs.
    pub(crate) package_bytes: usize,
    pub(crate) generator: GraphSummary,
}

impl Case {
    /// Every choice that is timed, for one set of weights and as the exporter writes it for that target, if it does.
    pub(crate) fn of(size: Size, target: Target) -> Vec<Self> {
        let best = ExportOptions { winograd: Winograd::On, target, ..ExportOptions::OPTIMISED };
        let checkpoint = random(&size.config());
        let choices = [
            ("reference", ExportOptions::REFERENCE),
            ("direct", ExportOptions { winograd: Winograd::Off, ..ExportOptions::OPTIMISED }),
            ("winograd", best.clone()),
            ("fp16", ExportOptions { precision: Precision::Fp16, ..best.clone() }),
            ("int8", ExportOptions { precision: Precision::Int8, ..best }),
        ];
        let choices =
            choices.into_iter().filter(|(_, options)| options.check(&checkpoint.config).is_ok());
        let case = |(name, options): (&'static str, ExportOptions)| {
            let config = checkpoint.config.clone();
            let [_, generator] = summarize(&config, &options);
            let ranges = uncalibrated(&config, &options);
            let Graphs { representation, generator: bytes, drawing, external_data } =
                build_graphs_from(&checkpoint, &ranges, &options);
            let beside = external_data.values().map(Vec::len).sum::<usize>();
            let drawing = drawing.as_ref().map_or(0, Vec::len);
            let package_bytes = representation.len() + bytes.len() + drawing + beside;
            Self { size, config, name, options, bytes, package_bytes, generator }
        };
        choices.map(case).collect()
    }

    /// Whether its recurrent convolution is Winograd's.
    pub(crate) fn winograd(&self) -> bool {
        self.options.winograd == Winograd::On
    }

    /// Name of its package.
    pub(crate) fn package(&self) -> String {
        format!("{}-{}", self.model(), self.name)
    }

    /// What `--only` calls its size.
    fn model(&self) -> String {
        let name = self.size.to_possible_value().expect("no size is hidden");
        name.get_name().to_owned()
    }

    /// Writes it as a package below the folder; what an index says of it.
    pub(crate) fn write(&self, folder: &Path) -> Result<IndexEntry> {
        let folder = folder.join(self.package());
        std::fs::create_dir_all(&folder)?;
        let checkpoint = random(&self.config);
        let files = export(
            &checkpoint,
            ORIGIN,
            &blank_sample(&self.config),
            &self.options,
            &Measurements {
                calibration: uncalibrated(&self.config, &self.options),
                ..Measurements::default()
            },
        )?;
        for (name, content) in &files {
            let path = folder.join(name);
            write_atomic(&path, content, Overwrite::Force)
                .with_context(|| path.display().to_string())?;
        }
        let size = self.config.hidden_size();
        let scene = files.get(names::MANIFEST_FILE).context("a package has a manifest")?;
        let scene = Manifest::from_json(scene)?.scene_shape();
        Ok(IndexEntry {
            package: self.package(),
            model: self.model(),
            preset: self.size.preset(),
            shared_core: self.config.shared_core,
            variant: self.options.variant,
            winograd: self.winograd(),
            precision: self.options.precision.name(),
            macs_per_view: self.generator.multiply_adds,
            bytes: self.bytes.len(),
            scene_shape: scene,
            noise_shape: [1, self.config.steps, self.config.latent_channels, size, size],
            files: files.into_keys().collect(),
        })
    }
}

/// A package in the index of those that were written, for who times them elsewhere.
#[derive(Debug, Serialize)]
pub(crate) struct IndexEntry {
    package: String,
    model: String,
    preset: Preset,
    shared_core: bool,
    variant: Variant,
    winograd: bool,
    precision: &'static str,
    macs_per_view: u64,
    bytes: usize,
    scene_shape: Vec<usize>,
    noise_shape: [usize; 5],
    files: Vec<String>,
}

/// Stands for the checksum of a checkpoint that has no file.
const ORIGIN: &str = "random weights";

/// A sample of zeros: nobody verifies what is only timed.
fn blank_sample(config: &ModelConfig) -> TensorFile {
    let (side, size, pose) = (config.image_size, config.hidden_size(), config.pose_channels());
    let tensors = [
        (names::SAMPLE_CONTEXT_FRAMES, vec![1, 3, side, side]),
        (names::SAMPLE_CONTEXT_POSES, vec![1, pose]),
        (names::SAMPLE_QUERY_POSES, vec![1, pose]),
        (names::SAMPLE_NOISE, vec![1, config.steps, config.latent_channels, size, size]),
        (names::SAMPLE_FRAMES, vec![1, 3, side, side]),
        (names::SAMPLE_MEAN_FRAMES, vec![1, 3, side, side]),
        (names::SAMPLE_TRUE_FRAMES, vec![1, 3, side, side]),
    ]
    .map(|(name, shape)| (name.to_owned(), Tensor::zeros(shape)));
    let metadata = [(names::SAMPLE_CHECKPOINT.to_owned(), ORIGIN.to_owned())].into();
    TensorFile { tensors: tensors.into(), metadata }
}

/// Random weights of everything that is exported, zeros for the rest.
fn random(config: &ModelConfig) -> Checkpoint {
    let mut state = 1_u64;
    let mut number = move || {
        // Knuth's linear congruential generator; its upper bits are good enough for weights.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let tensors = parameters(config).into_iter().map(|parameter| {
        // A checkpoint has what only training reads, but no graph does.
        let tensor = if parameter.training_only() {
            Tensor::zeros(parameter.shape)
        } else {
            let inputs = parameter.elements() / parameter.shape[0];
            let scale = (inputs.max(1) as f32).sqrt().recip();
            Tensor::from_shape_simple_fn(parameter.shape, || scale * number())
        };
        (parameter.name, tensor)
    });
    Checkpoint {
        config: config.clone(),
        step: 0,
        provenance: Provenance::default(),
        tensors: tensors.collect(),
    }
}
