//! `cargo xtask demo`: from a seed to a view that no camera took, through every stage of the pipeline.
//!
//! | file | holds |
//! |---|---|
//! | `stages.rs` | the stages, each a call of one of the project's programs |
//! | `folder.rs` | the demo's own folder, and what in it may be replaced |
//! | `words.rs` | what the demo says beside the numbers |

mod folder;
mod stages;
mod words;

pub(crate) use stages::run;
