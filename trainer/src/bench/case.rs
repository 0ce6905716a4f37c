//! A case of the benchmark: one variant of the step.

use gqn_formats::ModelConfig;
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use crate::config::{ComputeConfig, StepConfig, TrainConfig};
use crate::data::batch::Batch;
use crate::model::{Precision, StepVariant};
use crate::training::step::{Loss, Trainer};

/// How a step is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepOptions {
    /// Which way round.
    pub form: StepVariant,
    /// In which numbers.
    pub precision: Precision,
    /// Whether large convolutions go by Winograd's algorithm; `None`: where it pays.
    pub winograd: Option<bool>,
    /// Whether steps are computed anew for the backward pass.
    pub recompute: bool,
}

/// What is measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Sizes of the model.
    pub model: ModelConfig,
    /// How a step is computed.
    pub way: StepOptions,
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
    /// Such as `fast+checkpointing`.
    pub fn name(self) -> String {
        let form = self.form.name();
        let winograd = match self.winograd {
            None => "",
            Some(true) => "+winograd",
            Some(false) => "+direct",
        };
        format!("{form}{winograd}{}", if self.recompute { "+checkpointing" } else { "" })
    }
}

impl Case {
    pub(super) fn start(&self, device: Device) -> Running {
        let StepOptions { form, precision, winograd, recompute } = self.way;
        let compute = ComputeConfig {
            variant: form,
            precision,
            winograd,
            activation_checkpointing: recompute,
            accumulate: 1,
        };
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
