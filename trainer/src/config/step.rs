//! What one training step takes of a configuration: the optimiser's settings and how the step is computed.

use gqn_formats::ModelConfig;
use tch::Device;

use super::ScheduleConfig;
use crate::model::{Compute, ComputeType, StepVariant};

/// Everything that a training step depends on, except the model and the batch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepConfig {
    /// Seed of the fresh weights and of the noise.
    pub seed: u64,
    /// What changes with the step.
    pub schedules: ScheduleConfig,
    /// What happens to gradients and weights.
    pub optimiser: OptimiserConfig,
    /// How the step is computed.
    pub compute: ComputeConfig,
}

/// What happens to gradients and weights; the learning rate is a schedule.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct OptimiserConfig {
    /// Maximum global norm of the gradient: a gradient with a larger norm is scaled down to it.
    pub clip_gradient: Option<f64>,
    /// Decay of an exponential moving average of the weights, which is then what is evaluated and exported.
    pub weight_average: Option<f64>,
}

/// How a step is computed. Nothing here changes its numbers, but for rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComputeConfig {
    /// The variant of the step.
    pub variant: StepVariant,
    /// The compute type.
    pub precision: ComputeType,
    /// Whether the fused variant's large convolutions go by Winograd's algorithm; `None`: where that pays.
    pub winograd: Option<bool>,
    /// Whether DRAW steps and representation are recomputed for the backward pass instead of kept.
    pub activation_checkpointing: bool,
    /// Parts that a batch is computed in, one after the other.
    pub accumulate: usize,
}

impl ComputeConfig {
    /// How the rollouts of a model are computed on a device.
    pub fn on(&self, device: Device, model: &ModelConfig) -> Compute {
        // One transformed kernel for all steps; of unshared cores there would be gigabytes, and each would serve once.
        let pays = device == Device::Cpu && model.shared_core && model.shares_inference_core();
        Compute {
            variant: self.variant,
            precision: self.precision,
            winograd: self.winograd.unwrap_or(pays),
        }
    }
}
