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
//! | `winograd.rs` | the transforms of F(4×4, 5×5) and F(2×2, 5×5) |
//! | `strategy.rs` | `RecurrentStrategy`: how the recurrent convolution is computed, one of the four below |
//! | `channels_first.rs` | by the engine's own convolution, states channels first |
//! | `winograd_tiles.rs` | by Winograd's algorithm, states in tiles, channels last |
//! | `quantised.rs` | by the engine's own convolution on eight-bit integers |
//! | `row_winograd.rs` | by Winograd's algorithm along rows on eight-bit integers |
//! | `fixed_terms.rs` | what scene and camera add to the gates, in front of the loop |
//! | `layout.rs` | `Layout`: how states lie in memory |
//! | `nhwc_tiles.rs` | the tiled channels-last layout |
//! | `observer.rs` | the calibration observer: which values a calibration graph puts out |
//! | `slices.rs` | the parts of the gates' weight by what they read |
//! | `ablation.rs` | [`Pass`]: some of the rewrites, to count and to test each by itself |
//! | `rollout.rs` | the loop over the DRAW steps, once for all of this |

mod ablation;
mod canvas;
mod channels_first;
mod first_step;
mod fixed_terms;
mod gqn;
mod interpolation;
mod layout;
mod lift;
mod nhwc_tiles;
mod observer;
mod pose;
mod quantised;
mod recurrent;
mod renderer;
mod rollout;
mod row_winograd;
mod scene;
mod slices;
mod strategy;
mod winograd;
mod winograd_tiles;

pub use ablation::Pass;
pub(crate) use ablation::ablated;
pub(crate) use gqn::{CalibrationGraph, Convolution, OptimisedGqn};
pub(crate) use nhwc_tiles::Gates;
pub(crate) use winograd::Tile;
pub(crate) use winograd_tiles::WinogradTiles;
