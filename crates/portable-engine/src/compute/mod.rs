//! What a node of a lowered graph computes: numbers in, numbers out, every shape known.
//!
//! | file | holds |
//! |---|---|
//! | `plan.rs` | [`Compute`], and [`Plan`]: computations in order |
//! | `view.rs` | [`View`]: numbers of a tensor in another order, or some of them |
//! | `element.rs` | [`Element`]: floats, or integers that are computed at run time |
//! | `gemm.rs` | [`Pack`], [`PackedGemm`], [`LeftGemm`], [`SparseLeftGemm`], [`BatchedMatmul`]: products with a constant matrix, or without |
//! | `winograd.rs` | [`WinogradGemm`], [`OutputTransform`]: Winograd's products and transforms |
//! | `conv.rs` | [`Conv2d`]: convolutions |
//! | `pool.rs` | [`AveragePool`] |
//! | `grid_sample.rs` | [`GridSample`] |
//! | `operation.rs` | [`Operation`]: functions of single numbers |
//! | `pointwise.rs` | [`Pointwise`]: several of them in one pass |
//! | `reduce.rs` | [`Sum`], [`Softmax`] |
//! | `copy.rs` | [`StridedCopy`], [`Concat`], [`Gather`], [`GatherSum`]: layout operators that have to copy |

mod conv;
mod copy;
mod element;
mod gemm;
mod grid_sample;
mod operation;
mod plan;
mod pointwise;
mod pool;
mod reduce;
mod view;
mod winograd;

pub(crate) use conv::Conv2d;
pub(crate) use copy::{Concat, Gather, GatherSum, StridedCopy};
pub(crate) use element::{Element, bits, integer};
pub(crate) use gemm::{BatchedMatmul, LeftGemm, Pack, PackedGemm, SparseLeftGemm};
pub(crate) use grid_sample::{GridSample, Interpolation, Padding};
pub(crate) use operation::{Arithmetic, Operation};
pub(crate) use plan::{Compute, Plan, Slot};
pub(crate) use pointwise::{Instruction, Pointwise};
pub(crate) use pool::AveragePool;
pub(crate) use reduce::{Softmax, Sum};
pub(crate) use view::{Axis, View};
pub(crate) use winograd::{OutputTransform, WinogradGemm};
