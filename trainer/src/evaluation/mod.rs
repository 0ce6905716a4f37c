//! How good the pictures of held-out scenes are, in the middle of a run and at its end. Nothing here trains or writes files.

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
