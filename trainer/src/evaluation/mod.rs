//! How good the pictures of held-out scenes are, in the middle of a run and at its end. Nothing here trains or writes files.
//!
//! | file | holds |
//! |---|---|
//! | `validation.rs` | a few held-out scenes during training |
//! | `evaluate.rs`, `evaluate/` | the evaluation at the end of a run: its plan, table and summary |
//! | `predictions.rs` | what a model predicts for a batch of held-out queries; both use it |
//! | `quality.rs` | how near pictures are to the true ones |
//! | `warning.rs` | what validation figures show to have gone wrong |

pub mod evaluate;
mod predictions;
pub mod quality;
pub mod validation;
pub mod warning;

pub use warning::Warning;

/// How far an evaluation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Scenes are being rendered: so many of so many.
    Rendering {
        /// Scenes done.
        done: u64,
        /// Scenes in all.
        scenes: u64,
    },
    /// Held-out scenes are being evaluated: so many of so many.
    Evaluating {
        /// Scenes done.
        done: u64,
        /// Scenes in all.
        scenes: u64,
    },
}
