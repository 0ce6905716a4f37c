//! Arithmetic on plain slices, fast where a vector has four numbers and no more than fifteen vectors stay in registers:
//! that is what engines of wasm make of a processor.
//!
//! | file | holds |
//! |---|---|
//! | `panels.rs` | `Panels`: a matrix in the order in which a product reads it |
//! | `multiply.rs` | [`multiply`]: products of matrices |
//! | `functions.rs` | exp, tanh, sigmoid of many numbers at once |

mod functions;
mod multiply;
mod panels;

pub(crate) use functions::{exp, sigmoid, tanh};
pub(crate) use multiply::{COLUMNS, Left, Right, multiply};
