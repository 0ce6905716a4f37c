//! How fast a data set is read.

use gqn_datasets::DataError;
use serde::Serialize;

use crate::config::RunScenes;
use crate::data::file_source::reading_rate;

/// Seconds that reading is measured for.
const SECS: f64 = 5.0;

/// How fast scenes come from files.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reading {
    /// Threads that read and decode.
    pub threads: usize,
    /// Views of a scene that are decoded: context and query.
    pub views: usize,
    /// Scenes that arrive as tensors.
    pub scenes_per_sec: f64,
}

/// Reads batches as training does, if the run is trained on files.
///
/// # Errors
/// [`DataError`]: the files cannot be read.
pub fn read(run: &RunScenes, threads: usize) -> Result<Option<Reading>, DataError> {
    let Some(files) = &run.data.files else { return Ok(None) };
    let scenes_per_sec = reading_rate(run, files, threads, SECS)?;
    Ok(Some(Reading { threads, views: run.data.max_context + 1, scenes_per_sec }))
}
