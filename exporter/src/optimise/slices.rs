//! The parts of the gates' weight by what they read, and by gate.

use std::ops::Range;

use gqn_formats::{Gate, ModelConfig, Tensor};
use ndarray::Axis;

/// The path of the generation core of a step.
pub(crate) fn core(config: &ModelConfig, step: usize) -> String {
    if config.shared_core {
        "generation_core".to_owned()
    } else {
        format!("generation_core.{step}")
    }
}

/// How many gates a cell has.
pub(crate) const GATES: usize = Gate::ALL.len();

/// What the gates of a generation core read, in the order of their weight's input channels.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    pub(crate) hidden: Range<usize>,
    pub(crate) latent: Range<usize>,
    /// A pose, or a ray map.
    pub(crate) pose: Range<usize>,
    /// r, or a rendered feature map.
    pub(crate) scene: Range<usize>,
}

impl Inputs {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let latent = config.hidden_channels;
        let pose = latent + config.latent_channels;
        let scene = pose + config.camera_channels();
        Self {
            hidden: 0..latent,
            latent: latent..pose,
            pose: pose..scene,
            scene: scene..config.generation_channels(),
        }
    }

    /// What stays the same over a rollout.
    pub(crate) fn fixed(&self) -> Range<usize> {
        self.pose.start..self.scene.end
    }
}

/// `weight [out,in,k,k] -> [out,channels,k,k]`
pub(crate) fn input_channels(weight: &Tensor, channels: Range<usize>) -> Tensor {
    weight.slice_axis(Axis(1), channels.into()).to_owned()
}

/// `weight [4H,..] -> [H,..]`: the kernels of one gate.
pub(crate) fn gate_kernels(config: &ModelConfig, weight: &Tensor, gate: Gate) -> Tensor {
    let (hidden, index) = (config.hidden_channels, gate.index());
    weight.slice_axis(Axis(0), (index * hidden..(index + 1) * hidden).into()).to_owned()
}
