//! The same function with less arithmetic: the rewrites that the model's algebra allows, one a file.
//!
//! | file | the rewrite |
//! |---|---|
//! | `gqn.rs` | strip: what only training reads is in no graph |
//! | `scene.rs` | hoist the scene: its term of the gates is computed once per scene |
//! | `lift.rs` | the voxel grid with its channels innermost |
//! | `renderer.rs` | hoist the renderer: per-cell layers once per run, rendered features once per query |
//! | `interpolation.rs` | sampling as gathers of rows and products of small matrices |
//! | `pose.rs` | hoist the camera: its term of the gates is computed once per query |
//! | `recurrent.rs` | merge the gates and the prior: one convolution reads the hidden state |
//! | `first_step.rs` | the first step knows its state: zero |
//! | `canvas.rs` | fold the canvas: one small convolution at the end instead of a picture a step |
//! | `winograd.rs` | Winograd: the transforms of F(4×4, 5×5) and F(2×2, 5×5) |
//! | `tiles.rs` | Winograd: the recurrent convolution on tiles |
//! | `places.rs` | states as rows of places, tile by tile |
//! | `quantised.rs` | eight-bit integers in the recurrent convolution |
//! | `lines.rs` | eight-bit integers and Winograd along rows |
//! | `probe.rs` | what a calibration sees |
//! | `slices.rs` | the parts of the gates' weight by what they read |
//! | `stages.rs` | [`Pass`]: some of the rewrites, to count and to test each by itself |
//! | `domain.rs` | how states lie in memory, and what is computed of the hidden one there |
//! | `rollout.rs` | the loop over the steps, once for all of this |

mod canvas;
mod domain;
mod first_step;
mod gqn;
mod interpolation;
mod lift;
mod lines;
mod places;
mod pose;
mod probe;
mod quantised;
mod recurrent;
mod renderer;
mod rollout;
mod scene;
mod slices;
mod stages;
mod tiles;
mod winograd;

pub(crate) use gqn::{Convolution, OptimisedGqn, ProbeGraph};
pub(crate) use places::Gates;
pub use stages::Pass;
pub(crate) use stages::staged;
pub(crate) use tiles::Tiles;
pub(crate) use winograd::Tile;
