//! Arithmetic on plain slices, fast where a vector has four numbers and no more than fifteen vectors stay in registers:
//! that is what engines of wasm make of a processor.
//!
//! | file | holds |
//! |---|---|
//! | `panels.rs` | `Panels`: a matrix in the order in which a product reads it |
//! | `matrices.rs` | [`Matrices`]: several matrices in that order |
//! | `multiply.rs` | [`multiply`]: products of matrices |
//! | `relaxed.rs` | their inner loop with fused multiply-adds; only in wasm, where the browser has them |
//! | `avx2.rs` | the same with vectors of eight numbers; only where the processor has them |
//! | `kronecker.rs` | [`Sparse`], [`KroneckerSquare`]: products with a matrix of many zeros, and with M⊗M |
//! | `rows.rs` | [`sum_rows`]: sums of a few rows with weights |
//! | `activations.rs` | exp, tanh, sigmoid, softplus, sums of many numbers at once |

mod activations;
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code, reason = "calls what only some processors know, after asking")]
mod avx2;
mod kronecker;
mod matrices;
mod multiply;
mod panels;
#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "calls a function that was written into another module")]
pub(crate) mod relaxed;
mod rows;

pub(crate) use activations::{exp, largest, sigmoid, softplus, sum, tanh};
pub(crate) use kronecker::{KroneckerSquare, Sparse};
pub(crate) use matrices::{Matrices, TOGETHER};
pub(crate) use multiply::{COLUMNS, Left, ROWS, Right, multiply, write_part, write_tile};
pub(crate) use panels::arrange;
pub(crate) use rows::sum_rows;
