//! Flags of the training step's measurement.

use std::path::PathBuf;

use clap::Args;
use gqn_formats::{ModelConfig, Preset};
use gqn_trainer::config::{ConfigError, RunScenes, TrainConfig, data_keys};
use gqn_trainer::device::DeviceChoice;
use toml::Table;

use super::SizeFlags;
use super::parse::{collect, value};

#[derive(Debug, Args)]
pub(crate) struct BenchFlags {
    /// Sizes to start from: paper, edge, tiny, edge-tower or tiny-tower
    #[arg(long, default_value = "paper")]
    preset: Preset,
    #[command(flatten)]
    sizes: SizeFlags,
    /// Scenes in a batch [default: 2, with --gpu-suite 36]
    #[arg(
        long,
        value_name = "B",
        default_value_t = 2,
        default_value_if("gpu_suite", "true", "36"),
        value_parser = clap::value_parser!(u16).range(1..)
    )]
    pub(crate) batch: u16,
    /// Scenes in the batch that memory is compared at; 0 to measure time only, which is faster
    #[arg(long, value_name = "B", default_value_t = 8)]
    pub(crate) memory_batch: u16,
    /// Context views
    #[arg(long, value_name = "M", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) context: u16,
    /// Steps that are timed, the first of which warms up
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) steps: u16,
    /// Also read scenes from these files, and say how many times over that feeds the fastest training
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Every variant in fp32, tf32 and bf16, unshared and shared: what a GPU is to show, in one call
    #[arg(long)]
    pub(crate) gpu_suite: bool,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// CPU threads; no more than there are cores
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: u16,
    /// Write the rows as JSON as well
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProbeFlags {
    #[arg(long)]
    pub(crate) case: String,
    #[arg(long)]
    pub(crate) steps: u16,
    #[arg(long)]
    pub(crate) device: DeviceChoice,
    #[arg(long)]
    pub(crate) threads: u16,
}

impl BenchFlags {
    /// The sizes that are measured, with shared cores or one a step.
    pub(crate) fn model(&self, shared: bool) -> Result<ModelConfig, ConfigError> {
        let mut model = self.sizes.table();
        model.entry("shared_core").or_insert(shared.into());
        let mut table = Table::new();
        table.insert("model".to_owned(), model.into());
        Ok(TrainConfig::layered(Some(self.preset), None, table)?.model)
    }

    /// The one way to share cores, if the flags name one.
    pub(crate) fn shared_core(&self) -> Option<bool> {
        self.sizes.shared_core
    }

    /// The scenes of a run that reads the files, if there are any.
    pub(crate) fn reading(&self) -> Result<Option<RunScenes>, ConfigError> {
        let Some(folder) = &self.data else { return Ok(None) };
        let mut table = collect([
            ("batch", value(Some(self.batch))),
            ("min_context", value(Some(self.context))),
            ("max_context", value(Some(self.context))),
        ]);
        table.insert("data".to_owned(), data_keys(folder)?.into());
        Ok(Some(TrainConfig::layered(Some(self.preset), None, table)?.scenes()))
    }
}
