//! Agreement with the `PyTorch` reference: weights and inputs that follow from a formula, and a file of the numbers
//! that the reference computed from them. `docs/oracles.md` describes the files.
//!
//! | file | holds |
//! |---|---|
//! | `check.rs` | a comparison of all quantities with an oracle file |
//! | `formula.rs` | the closed forms that inputs and weights follow |
//! | `mapping.rs` | from the reference's parameters to ours |
//! | `quantities.rs` | what the model computes of the quantities that a file names |

mod check;
mod formula;
pub(crate) mod mapping;
mod quantities;

pub use check::{Line, OracleError, OracleReport, check_oracle, check_weights};
