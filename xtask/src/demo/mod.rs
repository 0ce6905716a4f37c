//! `cargo xtask demo`: from a seed to a view that no camera took, through every stage of the pipeline.
//!
//! | file | holds |
//! |---|---|
//! | `stages.rs` | the stages, each a call of one of the project's programs |
//! | `folder.rs` | the demo's own folder, and what in it may be replaced |
//! | `figures.rs` | the evaluation's figures, and what the demo says in the end |

mod figures;
mod folder;
mod stages;

pub(crate) use stages::{Demo, run};
