//! The network as graphs, file by file as in the trainer, less what only training needs.
//!
//! A layer's path is the parameter's name: `generation_core.gates.weight`; its place in the graph is a path of
//! scopes: `step3/gates/conv`.

mod gaussian;
mod generation_core;
mod gqn;
mod heads;
mod layers;
mod lstm;
mod representation;
mod rollout;

pub(crate) use gaussian::DiagonalGaussian;
pub(crate) use gqn::{GENERATOR, Gqn};
pub(crate) use layers::tile;
pub(crate) use lstm::{Logits, LstmState};
pub(crate) use rollout::Query;
