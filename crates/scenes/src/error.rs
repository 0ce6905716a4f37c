//! What can be wrong with data from outside.

use thiserror::Error;

/// A name that is in no list of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("unknown {what} `{found}`; expected one of: {expected}")]
pub struct UnknownName {
    /// What was looked for, such as `world`.
    pub what: &'static str,
    /// The name that was given.
    pub found: String,
    /// The names there are, separated by commas.
    pub expected: String,
}

impl UnknownName {
    pub(crate) fn new<const N: usize>(what: &'static str, found: &str, names: [&str; N]) -> Self {
        Self { what, found: found.to_owned(), expected: names.join(", ") }
    }
}

/// Numbers that are no square picture.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// The buffer does not hold three values a pixel.
    #[error("found {found} values for a frame of side {side}, expected {expected} (3 a pixel)")]
    Length {
        /// The side asked for, in pixels.
        side: usize,
        /// How many values there are.
        found: usize,
        /// How many there should be.
        expected: usize,
    },
    /// A frame without pixels, or one too large to address.
    #[error("a frame cannot have side {side}; expected 1 to {max}", max = crate::Frame::MAX_SIDE)]
    Side {
        /// The side asked for, in pixels.
        side: usize,
    },
}
