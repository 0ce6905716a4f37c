//! What a node of a lowered graph computes: numbers in, numbers out, every shape known.
//!
//! | file | holds |
//! |---|---|
//! | `plan.rs` | [`Compute`], and [`Plan`]: computations in order |
//! | `view.rs` | [`View`]: numbers of a tensor in another order, or some of them |
//! | `products.rs` | [`Pack`], [`Dense`], [`Combine`], [`CombineSparse`], [`Product`]: products with a constant matrix, or without |
//! | `points.rs` | [`Points`], [`Mixed`]: Winograd's products and transforms |
//! | `window.rs` | [`Window`]: convolutions |
//! | `pointwise.rs` | [`Pointwise`]: several functions of single numbers in one pass |
//! | `moves.rs` | [`Gather`], [`Join`], [`Take`], [`Sum`]: what moves numbers |

mod moves;
mod plan;
mod points;
mod pointwise;
mod products;
mod view;
mod window;

pub(crate) use moves::{Gather, Join, Sum, Take};
pub(crate) use plan::{Compute, Plan, Slot};
pub(crate) use points::{Mixed, Points};
pub(crate) use pointwise::{Instruction, Operation, Pointwise};
pub(crate) use products::{Combine, CombineSparse, Dense, Pack, Product};
pub(crate) use view::{Axis, View};
pub(crate) use window::Window;
