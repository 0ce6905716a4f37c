//! How the network is computed: variant of the step, compute type, algorithm of convolutions.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use tch::{Kind, Tensor};

use super::gqn::Gqn;
use super::kernel::{Deferred, Kernel, Part};
use super::layers::same;
use super::winograd;

/// How a rollout is computed. Neither changes what is computed, but for rounding.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compute {
    /// The variant of the step.
    pub variant: StepVariant,
    /// The compute type.
    pub precision: ComputeType,
    /// Whether the fused variant's 5×5 and 3×3 convolutions go by Winograd's algorithm: six and four times fewer
    /// multiplications and a digit less, in 32 bits and for pictures whose side is a multiple of 16. Pays on CPUs, not
    /// on GPUs.
    pub winograd: bool,
}

/// The variant of the step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepVariant {
    /// As it is written in the paper and as other implementations do it: every step convolves all its inputs, gate by
    /// gate, and keeps a canvas of full size. The reference that [`StepVariant::Fused`] is held against.
    #[serde(alias = "plain")]
    Reference,
    /// What does not change from step to step is convolved once, what reads the same tensor in one convolution, and
    /// the canvas never exists: what reads it is linear in it, so kernels are composed instead.
    #[default]
    #[serde(alias = "fast")]
    Fused,
}

impl StepVariant {
    /// The name used in flags and files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reference => "reference",
            Self::Fused => "fused",
        }
    }
}

/// The compute type of a rollout. Weights, moments and the loss are 32-bit always.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ComputeType {
    /// 32 bits.
    #[default]
    Fp32,
    /// 32 bits, but CUDA devices may multiply with 10 bits of mantissa.
    Tf32,
    /// Convolutions read and write 16 bits (8 of mantissa); states and distributions are 32-bit.
    Bf16,
}

/// How the inputs of convolutions lie in memory, and how large kernels are applied.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout<'a> {
    kind: Kind,
    /// Of weights, states and distributions: 32 bits; 64 where a test asks for them.
    state_kind: Kind,
    channels_last: bool,
    /// Where the gradients of Winograd's kernels wait, if that is how large kernels are applied.
    winograd: Option<&'a Deferred>,
}

impl Compute {
    /// What suits the device and the sizes of a model.
    pub(super) fn layout(self, model: &Gqn) -> Layout<'_> {
        let state_kind = model.kind();
        let bf16 = self.precision == ComputeType::Bf16;
        let fits = winograd::fits(model.config().hidden_size() as i64);
        let winograd = self.winograd && self.variant == StepVariant::Fused && !bf16 && fits;
        Layout {
            kind: if bf16 { Kind::BFloat16 } else { state_kind },
            state_kind,
            channels_last: model.device().is_cuda() || winograd,
            winograd: winograd.then_some(&model.deferred),
        }
    }
}

impl<'a> Layout<'a> {
    /// The same numbers in that layout. Differentiable.
    pub(super) fn of(self, x: &Tensor) -> Tensor {
        let x = x.to_kind(self.kind);
        if self.channels_last {
            x.permute([0, 2, 3, 1]).contiguous().permute([0, 3, 1, 2])
        } else {
            x.contiguous()
        }
    }

    /// What a convolution gave, in the numbers of states and distributions.
    pub(super) fn state(self, x: &Tensor) -> Tensor {
        x.to_kind(self.state_kind)
    }

    /// Parts `[·,in,k,k]`, one above the other, as a kernel from many channels to many.
    pub(super) fn wide(self, parts: Vec<Part>) -> Kernel<'a> {
        if let Some(deferred) = self.winograd {
            return Kernel::transformed(parts, deferred);
        }
        let parts: Vec<Tensor> = parts.iter().map(Part::kernel).collect();
        self.narrow(&Tensor::cat(&parts, 0))
    }

    /// `[out,in,k,k]` as a kernel from or to so few channels that transforming the others would be most of the work.
    pub(super) fn narrow(self, kernel: &Tensor) -> Kernel<'a> {
        Kernel::Direct(self.of(kernel))
    }

    /// A convolution that keeps the size.
    pub(super) fn convolve(self, x: &Tensor, kernel: &Kernel<'_>) -> Tensor {
        match kernel {
            Kernel::Direct(kernel) => same(&self.of(x), kernel, None),
            Kernel::Winograd(transformed) => transformed.convolve(x),
        }
    }

    /// Whether large kernels are applied by Winograd's algorithm.
    pub(super) fn is_winograd(self) -> bool {
        self.winograd.is_some()
    }
}

impl FromStr for StepVariant {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            // As they were called before.
            "reference" | "plain" => Ok(Self::Reference),
            "fused" | "fast" => Ok(Self::Fused),
            _ => Err(format!("unknown variant `{name}`, expected fused or reference")),
        }
    }
}

impl FromStr for ComputeType {
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
