//! Batches and scenes: which scenes, views and noise a step sees, rendered or read. Nothing here knows a network.
//!
//! | file | holds |
//! |---|---|
//! | `batch.rs` | which scenes and views a step sees: a pure function of the seed and the step |
//! | `batch_source.rs` | the batch source of a run: one of the next two |
//! | `rendered_source.rs` | rendered scenes in memory, replaced by new ones while training |
//! | `file_source.rs` | views of files, read and decoded ahead of the step that needs them |
//! | `render.rs` | scenes of a run's world, rendered on all cores |
//! | `scenes.rs` | some scenes, rendered or read: for evaluations and the constant picture |
//! | `test_scenes.rs` | the scenes of an evaluation, a few at a time in memory |

pub mod batch;
pub(crate) mod batch_source;
pub(crate) mod file_source;
mod render;
pub(crate) mod rendered_source;
pub(crate) mod scenes;
pub(crate) mod test_scenes;
