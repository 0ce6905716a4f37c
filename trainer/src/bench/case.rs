//! A case of the benchmark: one variant of the step.

use gqn_formats::ModelConfig;
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use crate::config::{ComputeConfig, StepConfig, TrainConfig};
use crate::data::batch::Batch;
use crate::model::{ComputeType, StepVariant};
use crate::training::step::{Loss, Trainer};

/// How a step is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOptions {
    /// The variant of the step.
    pub variant: StepVariant,
    /// The compute type.
    pub precision: ComputeType,
    /// Whether large convolutions go by Winograd's algorithm; `None`: where it pays.
    pub winograd: Option<bool>,
    /// Whether activations are recomputed for the backward pass instead of kept.
    pub activation_checkpointing: bool,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Sizes of the model.
    pub model: ModelConfig,
    /// How a step is computed.
    pub options: StepOptions,
    /// B: scenes in a batch.
    pub batch: usize,
    /// M: context views of each.
    pub context: usize,
}

/// A case made ready.
pub(super) struct Running {
    trainer: Trainer,
    batch: Batch,
    device: Device,
}

impl StepOptions {
    /// Such as `fused+checkpointing`.
    pub fn name(self) -> String {
        let variant = self.variant.name();
        let winograd = match self.winograd {
            None => "",
            Some(true) => "+winograd",
            Some(false) => "+direct",
        };
        let checkpointing = if self.activation_checkpointing { "+checkpointing" } else { "" };
        format!("{variant}{winograd}{checkpointing}")
    }
}

impl Case {
    pub(super) fn start(&self, device: Device) -> Running {
        let StepOptions { variant, precision, winograd, activation_checkpointing } = self.options;
        let compute =
            ComputeConfig { variant, precision, winograd, activation_checkpointing, accumulate: 1 };
        let paper = TrainConfig::preset(gqn_formats::Preset::Paper).step();
        let step = StepConfig { compute, ..paper };
        Running {
            trainer: Trainer::new(&self.model, step, device),
            batch: Batch::synthetic(&self.model, self.batch as i64, self.context as i64, device),
            device,
        }
    }
}

impl Running {
    /// A whole training step.
    pub(super) fn step(&mut self) -> Loss {
        let step = self.trainer.adam.steps();
        let loss = self.trainer.gradients_of(&self.batch, step);
        self.trainer.update();
        loss
    }

    /// Waits until everything is computed.
    pub(super) fn wait(&self) {
        if let Device::Cuda(index) = self.device {
            tch::Cuda::synchronize(index as i64);
        }
    }

    /// Bytes of parameters, gradients and both moments.
    pub(super) fn held_bytes(&self) -> u64 {
        const COPIES: u64 = 4;
        let elements = self.trainer.model.parameters().values().map(Tensor::numel).sum::<usize>();
        COPIES * size_of::<f32>() as u64 * elements as u64
    }
}
