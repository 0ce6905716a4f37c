//! Batches and scenes: which scenes, views and noise a step sees, rendered or read. Nothing here knows a network.

pub mod batch;
pub(crate) mod batch_source;
pub(crate) mod file_source;
mod render;
pub(crate) mod rendered_source;
pub(crate) mod scenes;
pub(crate) mod test_scenes;
