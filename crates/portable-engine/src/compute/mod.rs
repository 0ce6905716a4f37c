//! What a node of a lowered graph computes: numbers in, numbers out, every shape known.
//!
//! | file | holds |
//! |---|---|
//! | `plan.rs` | [`Compute`], and [`Plan`]: computations in order |
//! | `view.rs` | [`View`]: numbers of a tensor in another order, or some of them |
//! | `element.rs` | [`Element`]: floats, or integers that are computed at run time |
//! | `products.rs` | [`Pack`], [`Dense`], [`Combine`], [`CombineSparse`], [`Product`]: products with a constant matrix, or without |
//! | `points.rs` | [`Points`], [`Mixed`]: Winograd's products and transforms |
//! | `window.rs` | [`Window`]: convolutions |
//! | `pool.rs` | [`AveragePool`] |
//! | `grid_sample.rs` | [`GridSample`] |
//! | `operation.rs` | [`Operation`]: functions of single numbers |
//! | `pointwise.rs` | [`Pointwise`]: several of them in one pass |
//! | `reduce.rs` | [`Sum`], [`Softmax`] |
//! | `moves.rs` | [`StridedCopy`], [`Join`], [`Gather`], [`GatherSum`]: what moves numbers |

mod element;
mod grid_sample;
mod moves;
mod operation;
mod plan;
mod points;
mod pointwise;
mod pool;
mod products;
mod reduce;
mod view;
mod window;

pub(crate) use element::{Element, bits, integer};
pub(crate) use grid_sample::{GridSample, Interpolation, Padding};
pub(crate) use moves::{Gather, GatherSum, Join, StridedCopy};
pub(crate) use operation::{Arithmetic, Operation};
pub(crate) use plan::{Compute, Plan, Slot};
pub(crate) use points::{Mixed, Points};
pub(crate) use pointwise::{Instruction, Pointwise};
pub(crate) use pool::AveragePool;
pub(crate) use products::{Combine, CombineSparse, Dense, Pack, Product};
pub(crate) use reduce::{Softmax, Sum};
pub(crate) use view::{Axis, View};
pub(crate) use window::Window;
