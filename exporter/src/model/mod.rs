//! The network as graphs, file by file as in the trainer, less what only training needs.
//!
//! A layer's path is the parameter's name: `generation_core.gates.weight`; its place in the graph is a path of
//! scopes: `step3/gates/conv`.

mod camera;
mod gaussian;
mod generation_core;
mod gqn;
mod heads;
mod layers;
mod lift;
mod lstm;
mod renderer;
mod representation;
mod rollout;

pub(crate) use camera::{Camera, numbers, pixel_plane, voxel};
pub(crate) use gaussian::DiagonalGaussian;
pub(crate) use gqn::{GENERATOR, Gqn};
pub(crate) use layers::tile;
pub(crate) use lift::{Projection, depth_bins};
pub(crate) use lstm::{Logits, LstmState};
pub(crate) use renderer::{Rendered, Renderer, Samples, cell_inputs, visible_shares};
pub(crate) use rollout::Query;
