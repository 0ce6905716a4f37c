use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use gqn_exporter::{ExportOptions, GraphSummary, Graphs, Winograd, build_graphs_with, summarize};
use gqn_formats::{Checkpoint, ModelConfig, Preset, Provenance, Tensor, names, parameters};

/// A preset, and whether its cores are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    Tiny,
    Edge,
    Paper,
    PaperUnshared,
}

impl Size {
    /// What fits any machine; the unshared paper preset takes several gigabytes.
    pub(crate) const USUAL: [Self; 3] = [Self::Tiny, Self::Edge, Self::Paper];

    pub(crate) fn preset(self) -> Preset {
        match self {
            Self::Tiny => Preset::Tiny,
            Self::Edge => Preset::Edge,
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
    pub(crate) graphs: Graphs,
    pub(crate) generator: GraphSummary,
}

impl Case {
    /// Every choice that is timed, for one set of weights.
    pub(crate) fn of(size: Size) -> Vec<Self> {
        let checkpoint = random(&size.config());
        let choices = [
            ("reference", ExportOptions::REFERENCE),
            ("direct", ExportOptions { winograd: Winograd::Off, ..ExportOptions::OPTIMISED }),
            ("winograd", ExportOptions { winograd: Winograd::On, ..ExportOptions::OPTIMISED }),
        ];
        let case = |(name, options): (&'static str, ExportOptions)| {
            let config = checkpoint.config.clone();
            let [_, generator] = summarize(&config, &options);
            let graphs = build_graphs_with(&checkpoint, &options);
            Self { size, config, name, options, graphs, generator }
        };
        choices.into_iter().map(case).collect()
    }

    pub(crate) fn dump(&self, folder: &Path) -> Result<()> {
        let folder = folder.join(format!("{:?}-{}", self.size, self.name).to_lowercase());
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(names::REPRESENTATION_FILE), &self.graphs.representation)?;
        std::fs::write(folder.join(names::GENERATOR_FILE), &self.graphs.generator)?;
        for (name, content) in self.graphs.drawing.iter().map(|graph| (names::DRAWING_FILE, graph))
        {
            std::fs::write(folder.join(name), content)?;
        }
        Ok(())
    }
}

/// Random weights of everything that is exported.
fn random(config: &ModelConfig) -> Checkpoint {
    let mut state = 1_u64;
    let mut number = move || {
        // Knuth's linear congruential generator; its upper bits are good enough for weights.
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    let exported = parameters(config).into_iter().filter(|parameter| !parameter.training_only());
    let tensors = exported.map(|parameter| {
        let scale = ((parameter.elements() / parameter.shape[0]).max(1) as f32).sqrt().recip();
        let tensor = Tensor::from_shape_simple_fn(parameter.shape, || scale * number());
        (parameter.name, tensor)
    });
    Checkpoint {
        config: config.clone(),
        step: 0,
        provenance: Provenance::default(),
        tensors: tensors.collect(),
    }
}
