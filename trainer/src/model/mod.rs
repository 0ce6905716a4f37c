//! The network, one struct a file, in the order of the forward pass.
//!
//! A struct's field is the parameter's name: `generation_core.gates.weight` is `Gqn.generation_core[..].gates.weight`.

mod camera;
mod compute;
mod conditioning;
pub mod elbo;
mod fused;
mod gaussian;
mod generation_core;
mod gqn;
#[cfg(test)]
mod gradients;
mod heads;
mod inference_core;
mod kernel;
mod layers;
mod lift;
mod lstm;
mod reference;
mod renderer;
mod representation;
mod rollout;
mod winograd;

pub use compute::{Compute, Precision, StepVariant};
pub use gaussian::DiagonalGaussian;
pub use generation_core::GenerationCore;
pub use gqn::Gqn;
pub use heads::{GaussianHead, Observation};
pub use inference_core::{InferenceCore, InferenceInputs};
pub use lstm::{ConvLstmCell, LstmState};
pub use representation::Representation;
pub use rollout::{Differentiable, Latents, Rollout, Step};
pub(crate) use rollout::{RolloutBackend, State};
