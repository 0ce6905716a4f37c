//! What a run is: the model's sizes and everything else that its numbers follow from.
//!
//! [`TrainConfig`] has a part for each of its users, so that none takes the whole; a file is one flat table of keys
//! (`file.rs`).
//!
//! | file | holds |
//! |---|---|
//! | `data.rs` | what a run is trained on |
//! | `schedules.rs`, `schedule.rs` | how long a run trains, and what changes with the step |
//! | `step.rs` | the optimiser's settings, and how a step is computed |
//! | `geometry.rs` | where the geometry of a voxel model comes from |
//! | `file.rs` | a configuration as a file: one flat table |
//! | `preset.rs` | the settings of the named presets |
//! | `layers.rs` | preset, file and flags, merged |
//! | `validate.rs` | what training takes for granted |
//! | `error.rs` | why a configuration is refused |

use gqn_formats::ModelConfig;
use serde::{Deserialize, Serialize};

pub use self::data::{DataConfig, FilesConfig, RunScenes};
pub use self::error::ConfigError;
use self::file::ConfigFile;
pub use self::geometry::{Geometry, GeometrySource};
pub use self::layers::{RunData, data_keys, read_table};
pub use self::schedules::ScheduleConfig;
pub use self::step::{ComputeConfig, OptimiserConfig, StepConfig};

mod data;
mod error;
mod file;
mod geometry;
mod layers;
mod preset;
pub mod schedule;
mod schedules;
mod step;
mod validate;

/// A whole run. Two runs of equal configs on one CPU thread give the same numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "ConfigFile", into = "ConfigFile")]
pub struct TrainConfig {
    /// Seed of the scenes, the weights, the batches and the noise; below 2^31.
    pub seed: u64,
    /// The model's sizes.
    pub model: ModelConfig,
    /// Scenes and batches.
    pub data: DataConfig,
    /// Number of steps, and what changes with the step.
    pub schedules: ScheduleConfig,
    /// What happens to gradients and weights.
    pub optimiser: OptimiserConfig,
    /// How a step is computed.
    pub compute: ComputeConfig,
    /// How often something is written or measured.
    pub intervals: IntervalConfig,
}

/// Steps between what a run writes and measures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IntervalConfig {
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Steps between lines of `metrics.jsonl`; a line waits for the device.
    pub log_every: u64,
    /// Steps between validations on held-out scenes, which find the best weights (`best.safetensors`).
    pub evaluate_every: u64,
}

impl TrainConfig {
    /// The run over that many processes.
    ///
    /// # Errors
    /// [`ConfigError::Range`]: the batch cannot be shared out evenly.
    pub fn over(mut self, processes: usize) -> Result<Self, ConfigError> {
        let data = &mut self.data;
        if data.processes.is_none() {
            data.batch = data.batch.saturating_mul(processes);
        }
        if !data.batch.is_multiple_of(processes) {
            let expected = "a multiple of the number of processes";
            return Err(out_of_range("batch", &data.batch, expected));
        }
        data.processes = Some(processes);
        self.validate()?;
        Ok(self)
    }

    /// The run's scenes and batches, for whoever reads or renders them.
    pub fn scenes(&self) -> RunScenes {
        RunScenes {
            data: self.data.clone(),
            seed: self.seed,
            side: self.model.image_size,
            pose_encoding: self.model.pose_encoding,
        }
    }

    /// What a training step takes of the run.
    pub fn step(&self) -> StepConfig {
        let Self { seed, schedules, optimiser, compute, .. } = *self;
        StepConfig { seed, schedules, optimiser, compute }
    }

    /// The configuration as a file.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a config is plain data")
    }
}

fn out_of_range(name: &'static str, found: &impl ToString, expected: &'static str) -> ConfigError {
    ConfigError::Range { name, found: found.to_string(), expected }
}

#[cfg(test)]
mod tests;
