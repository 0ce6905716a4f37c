//! The network, one struct a file, in the order of the forward pass.
//!
//! A struct's field is the parameter's name: `generation_core.gates.weight` is `Gqn.generation_core[..].gates.weight`.

mod gaussian;
mod generation_core;
mod gqn;
mod heads;
mod inference_core;
mod layers;
mod lstm;
mod representation;
mod rollout;

pub use gaussian::DiagonalGaussian;
pub use generation_core::GenerationCore;
pub use gqn::Gqn;
pub use heads::{GaussianHead, Observation};
pub use inference_core::InferenceCore;
pub use lstm::{BoundCell, ConvLstmCell, LstmState};
pub use representation::Representation;
pub use rollout::{Latents, Rollout, Step};
