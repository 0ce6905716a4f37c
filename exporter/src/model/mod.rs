//! The network as graphs, file by file as in the trainer, less what only training needs.
//!
//! A layer's path is the parameter's name: `generation_core.gates.weight`; its place in the graph is a path of
//! scopes: `step3/gates/conv`.
//!
//! | file | holds |
//! |---|---|
//! | `gqn.rs` | the whole network as a representation graph and a generator graph |
//! | `representation.rs` | the representation networks |
//! | `lift.rs` | from the features of a view to a voxel grid |
//! | `renderer.rs` | from a voxel grid to the features that a camera sees |
//! | `camera.rs` | positions, axes and rays of cameras, from poses |
//! | `rollout.rs` | the loop over the DRAW steps |
//! | `generation_core.rs` | from the latent of a DRAW step to the canvas |
//! | `lstm.rs` | the convolutional LSTM cell |
//! | `heads.rs` | prior and observation: what is read from hidden state and canvas |
//! | `gaussian.rs` | normal distributions of independent components, and their samples |
//! | `layers.rs` | convolutions and their paths in the checkpoint |

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
pub(crate) use lift::{Projection, depth_bins, sampled_map};
pub(crate) use lstm::{Logits, LstmState};
pub(crate) use renderer::{Rendered, Renderer, Samples, cell_inputs, visible_shares};
pub(crate) use representation::Maps;
pub(crate) use rollout::Query;
