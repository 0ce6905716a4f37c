use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// How a rollout is computed. Neither changes what is computed, but for rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compute {
    /// Which way round.
    pub form: Form,
    /// In which numbers.
    pub precision: Precision,
}

/// Which way round a rollout is computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// As it is written in the paper and as other implementations do it: every step convolves all its inputs, gate by
    /// gate, and keeps a canvas of full size. The reference that [`Form::Fast`] is held against.
    Plain,
    /// What does not change from step to step is convolved once, what reads the same tensor in one convolution, and
    /// the canvas never exists: what reads it is linear in it, so kernels are composed instead.
    #[default]
    Fast,
}

/// In which numbers a rollout is computed. Weights, moments and the loss are 32-bit always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32 bits.
    #[default]
    Fp32,
    /// 32 bits, but CUDA devices may multiply with 10 bits of mantissa.
    Tf32,
    /// Convolutions read and write 16 bits (8 of mantissa); states and distributions are 32-bit.
    Bf16,
}

impl Precision {
    /// Prepares tensors for the convolutions of a device.
    pub(super) fn layout(self, device: Device) -> Layout {
        let kind = if self == Self::Bf16 { Kind::BFloat16 } else { Kind::Float };
        Layout { kind, channels_last: device.is_cuda() }
    }
}

/// How the inputs of convolutions lie in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    kind: Kind,
    channels_last: bool,
}

impl Layout {
    /// The same numbers in that layout. Differentiable.
    pub(super) fn of(self, x: &Tensor) -> Tensor {
        let x = x.to_kind(self.kind);
        if self.channels_last {
            x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
        } else {
            x.contiguous()
        }
    }
}

impl FromStr for Form {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "plain" => Ok(Self::Plain),
            "fast" => Ok(Self::Fast),
            _ => Err(format!("unknown form `{name}`, expected plain or fast")),
        }
    }
}

impl FromStr for Precision {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "fp32" => Ok(Self::Fp32),
            "tf32" => Ok(Self::Tf32),
            "bf16" => Ok(Self::Bf16),
            _ => Err(format!("unknown precision `{name}`, expected fp32, tf32 or bf16")),
        }
    }
}
