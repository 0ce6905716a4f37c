//! Agreement with the `PyTorch` reference: weights and inputs that follow from a formula, and a file of the numbers
//! that the reference computed from them. `docs/oracles.md` describes the files.

mod check;
mod formula;
pub(crate) mod mapping;
mod quantities;

pub use check::{Line, OracleError, OracleReport, check_oracle, check_weights};
