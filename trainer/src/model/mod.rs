//! The network, one struct a file, in the order of the forward pass.
//!
//! A struct's field is the parameter's name: `generation_core.gates.weight` is `Gqn.generation_core[..].gates.weight`.
//!
//! | file | holds |
//! |---|---|
//! | `gqn.rs` | the whole network, its parameters and checkpoints |
//! | `representation.rs` | the representation networks |
//! | `lift.rs` | from the features of a view to a voxel grid |
//! | `renderer.rs` | from a voxel grid to the features that a camera sees |
//! | `camera.rs` | positions, axes and rays of cameras, from poses |
//! | `conditioning.rs` | what the cores read of query cameras and scenes |
//! | `rollout.rs` | the loop over the DRAW steps, with and without gradients |
//! | `reference.rs`, `fused.rs` | the two variants of a DRAW step |
//! | `inference_core.rs` | what the posterior knows of the query picture |
//! | `generation_core.rs` | from the latent of a DRAW step to the canvas |
//! | `lstm.rs` | the convolutional LSTM cell |
//! | `heads.rs` | prior, posterior and observation: what is read from hidden states and canvas |
//! | `gaussian.rs` | normal distributions of independent components |
//! | `elbo.rs` | the evidence lower bound |
//! | `layers.rs` | convolutions and the initialisation of their weights |
//! | `kernel.rs`, `winograd.rs` | kernels of convolutions, Winograd's algorithm for large ones, and their deferred gradients |
//! | `compute.rs` | how the network is computed: variant of the step, compute type, algorithm of convolutions |
//! | `gradients.rs` | tests: the gradients of −ELBO against central differences |

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

pub use compute::{Compute, ComputeType, StepVariant};
pub use gaussian::DiagonalGaussian;
pub use generation_core::GenerationCore;
pub use gqn::Gqn;
pub use heads::{GaussianHead, Observation};
pub use inference_core::{InferenceCore, InferenceInputs};
pub use lstm::{ConvLstmCell, LstmState};
pub use representation::Representation;
pub use rollout::{Differentiable, Latents, Rollout, Step};
pub(crate) use rollout::{RolloutBackend, State};
