//! A configuration as a file: one flat table, which [`TrainConfig`] takes apart for those who use it.

use gqn_formats::ModelConfig;
use gqn_scenes::World;
use serde::{Deserialize, Serialize};
use toml::Table;

use super::schedule::{GenerationSteps, LinearSchedule};
use super::{
    ComputeConfig, ConfigError, DataConfig, FilesConfig, IntervalConfig, OptimiserConfig,
    ScheduleConfig, TrainConfig,
};
use crate::model::{ComputeType, StepVariant};

/// The keys of a configuration file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConfigFile {
    /// Where scenes come from.
    pub(super) world: World,
    /// Scenes to train on, rendered before the first step as far as they fit into memory.
    pub(super) scenes: u64,
    /// Seed of the scenes, the weights, the batches and the noise; below 2^31.
    pub(super) seed: u64,
    /// Training steps (Eslami et al. 2018: 2e6).
    pub(super) steps: u64,
    /// B: scenes in a batch (Eslami et al. 2018: 36). That of each process where `processes` is not said, otherwise of
    /// all together.
    pub(super) batch: usize,
    /// Processes that share a batch. A run notes how many it had; going on with, or repeating, it with another number
    /// gives the same steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) processes: Option<usize>,
    /// Parts that a batch is computed in, one after the other: less memory, the same step.
    #[serde(default = "one")]
    pub(super) accumulate: usize,
    /// Fewest context views.
    #[serde(default = "one")]
    pub(super) min_context: usize,
    /// Most context views; the number is drawn for each batch from `min_context` to this.
    pub(super) max_context: usize,
    /// σ, the standard deviation of a pixel.
    pub(super) pixel_std_dev: LinearSchedule,
    /// Adam's step size.
    pub(super) learning_rate: LinearSchedule,
    /// The learning rate rises in a straight line over that many first steps, until it meets its schedule: Adam's
    /// estimates are noisy at first, and large steps then can cost a voxel model hundreds of steps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) warmup_steps: u64,
    /// How much the divergence counts in the loss; 1 where nothing is said. A warm-up starts lower. Its steps are those of
    /// the ELBO phase, and `run` is as long as that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kl_weight: Option<LinearSchedule>,
    /// How long representation and generator are trained alone at first, see [`Phase::Generation`](super::schedule::Phase::Generation); not at all where
    /// nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) generation_steps: Option<GenerationSteps>,
    /// In the ELBO phase, one step of so many maximises what those of the generation phase do, so that the mean picture
    /// stays as good as it was there; none where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mean_every: Option<u32>,
    /// Maximum global norm of the gradient: a gradient with a larger norm is scaled down to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) clip_gradient: Option<f64>,
    /// Decay of an exponential moving average of the weights, which is then what is evaluated and exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) weight_average: Option<f64>,
    /// The variant of the step.
    #[serde(default)]
    pub(super) variant: StepVariant,
    /// The compute type.
    #[serde(default)]
    pub(super) precision: ComputeType,
    /// Whether the fused variant's large convolutions go by Winograd's algorithm; where nothing is said, where that pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) winograd: Option<bool>,
    /// Activation checkpointing: the DRAW steps and the representation are recomputed for the backward pass instead of
    /// kept. Less memory, more time.
    #[serde(default)]
    pub(super) activation_checkpointing: bool,
    /// Steps between checkpoints.
    pub(super) checkpoint_every: u64,
    /// Steps between lines of `metrics.jsonl`; a line waits for the device.
    pub(super) log_every: u64,
    /// Held-out scenes of the evaluation at the end.
    pub(super) test_scenes: u64,
    /// Steps between validations on held-out scenes, which find the best weights (`best.safetensors`).
    pub(super) evaluate_every: u64,
    /// Epochs after which all rendered scenes are replaced by new ones, which are rendered meanwhile; without it, the
    /// same scenes serve the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) refresh_epochs: Option<u64>,
    /// Rendered scenes that are in memory at a time, where that is fewer than all: the others follow, after
    /// `refresh_epochs` epochs of them (otherwise after one). Chosen at the start of a run whose scenes do not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) resident_scenes: Option<u64>,
    /// Files to train on instead of rendered scenes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<FilesConfig>,
    /// The model's sizes.
    pub(super) model: ModelConfig,
}

impl From<ConfigFile> for TrainConfig {
    fn from(file: ConfigFile) -> Self {
        Self {
            seed: file.seed,
            model: file.model,
            data: DataConfig {
                world: file.world,
                scenes: file.scenes,
                test_scenes: file.test_scenes,
                refresh_epochs: file.refresh_epochs,
                resident_scenes: file.resident_scenes,
                files: file.data,
                batch: file.batch,
                processes: file.processes,
                min_context: file.min_context,
                max_context: file.max_context,
            },
            schedules: ScheduleConfig {
                steps: file.steps,
                pixel_std_dev: file.pixel_std_dev,
                learning_rate: file.learning_rate,
                warmup_steps: file.warmup_steps,
                kl_weight: file.kl_weight,
                generation_steps: file.generation_steps,
                mean_every: file.mean_every,
            },
            optimiser: OptimiserConfig {
                clip_gradient: file.clip_gradient,
                weight_average: file.weight_average,
            },
            compute: ComputeConfig {
                variant: file.variant,
                precision: file.precision,
                winograd: file.winograd,
                activation_checkpointing: file.activation_checkpointing,
                accumulate: file.accumulate,
            },
            intervals: IntervalConfig {
                checkpoint_every: file.checkpoint_every,
                log_every: file.log_every,
                evaluate_every: file.evaluate_every,
            },
        }
    }
}

impl From<TrainConfig> for ConfigFile {
    fn from(config: TrainConfig) -> Self {
        let TrainConfig { seed, model, data, schedules, optimiser, compute, intervals } = config;
        Self {
            world: data.world,
            scenes: data.scenes,
            seed,
            steps: schedules.steps,
            batch: data.batch,
            processes: data.processes,
            accumulate: compute.accumulate,
            min_context: data.min_context,
            max_context: data.max_context,
            pixel_std_dev: schedules.pixel_std_dev,
            learning_rate: schedules.learning_rate,
            warmup_steps: schedules.warmup_steps,
            kl_weight: schedules.kl_weight,
            generation_steps: schedules.generation_steps,
            mean_every: schedules.mean_every,
            clip_gradient: optimiser.clip_gradient,
            weight_average: optimiser.weight_average,
            variant: compute.variant,
            precision: compute.precision,
            winograd: compute.winograd,
            activation_checkpointing: compute.activation_checkpointing,
            checkpoint_every: intervals.checkpoint_every,
            log_every: intervals.log_every,
            test_scenes: data.test_scenes,
            evaluate_every: intervals.evaluate_every,
            refresh_epochs: data.refresh_epochs,
            resident_scenes: data.resident_scenes,
            data: data.files,
            model,
        }
    }
}

/// Keys that had other names in earlier versions: the earlier name, the present one.
const RENAMED: [(&str, &str); 2] = [("form", "variant"), ("recompute", "activation_checkpointing")];

/// Gives the keys of an earlier version their present names.
///
/// # Errors
/// [`ConfigError::Renamed`]: a key is there under both names.
pub(super) fn rename_keys(table: &mut Table) -> Result<(), ConfigError> {
    for (old, new) in RENAMED {
        let Some(value) = table.remove(old) else { continue };
        if table.insert(new.to_owned(), value).is_some() {
            return Err(ConfigError::Renamed { old, new });
        }
    }
    Ok(())
}

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(steps: &u64) -> bool {
    *steps == 0
}
