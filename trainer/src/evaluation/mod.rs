//! How good the pictures of held-out scenes are, in the middle of a run and at its end. Nothing here trains or writes files.

pub mod evaluate;
pub mod quality;
pub mod validation;
