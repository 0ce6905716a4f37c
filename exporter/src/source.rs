//! The checkpoint and the sample that a command line names.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gqn_formats::{Checkpoint, TensorFile, names, sha256_hex};
use gqn_system::{FolderLock, SystemError, folder_of, read_regular};

use crate::error::ExportError;

const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
const SAMPLE_FILE: &str = "golden.safetensors";

/// How long a checkpoint that is being trained may take to get its sample, and how often that is looked at.
const PATIENCE: Duration = Duration::from_mins(1);
const NAP: Duration = Duration::from_millis(100);

/// The files that a command line names by a run folder or by a checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The checkpoint.
    pub checkpoint: PathBuf,
    /// The trainer's outputs for it.
    pub sample: PathBuf,
}

impl Source {
    /// The checkpoint of a run folder, or a checkpoint itself. The sample stands beside it unless it is named.
    ///
    /// # Errors
    /// [`ExportError::NoSource`] if there is nothing, [`ExportError::NotARun`] for a folder without a checkpoint.
    pub fn find(path: &Path, sample: Option<&Path>) -> Result<Self, ExportError> {
        let checkpoint = if path.is_dir() { path.join(CHECKPOINT_FILE) } else { path.to_owned() };
        if !path.exists() {
            return Err(ExportError::NoSource { path: path.to_owned() });
        }
        if !checkpoint.exists() {
            return Err(ExportError::NotARun { path: path.to_owned(), file: CHECKPOINT_FILE });
        }
        let sample = sample.map_or_else(|| checkpoint.with_file_name(SAMPLE_FILE), Path::to_owned);
        Ok(Self { checkpoint, sample })
    }

    /// Reads and checks a checkpoint and the sample that was computed from it; also gives the SHA-256 of the checkpoint's
    /// file. A run that is being trained replaces one after the other: where the two do not belong together, they are read
    /// again, for a while, until they do.
    ///
    /// # Errors
    /// As [`Checkpoint::load`] and [`Source::read_sample`].
    pub fn read(&self) -> Result<(Checkpoint, String, TensorFile), ExportError> {
        let started = Instant::now();
        loop {
            // The sample first: it is the one that is written last.
            let sample = self.read_sample();
            let bytes = read(&self.checkpoint)?;
            let sha256 = sha256_hex(&bytes);
            let fits = sample.as_ref().is_ok_and(|sample| {
                sample.metadata.get(names::SAMPLE_CHECKPOINT).is_none_or(|of| *of == sha256)
            });
            if !fits && started.elapsed() < PATIENCE && self.is_in_training() {
                std::thread::sleep(NAP);
                continue;
            }
            let what = self.checkpoint.display().to_string();
            return Ok((Checkpoint::from_bytes(&what, &bytes)?, sha256, sample?));
        }
    }

    /// Reads and checks the checkpoint; also gives the SHA-256 of its file.
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn read_checkpoint(&self) -> Result<(Checkpoint, String), ExportError> {
        let bytes = read(&self.checkpoint)?;
        let sha256 = sha256_hex(&bytes);
        Ok((Checkpoint::from_bytes(&self.checkpoint.display().to_string(), &bytes)?, sha256))
    }

    /// Whether a process is writing to the folder of the checkpoint or of the sample.
    fn is_in_training(&self) -> bool {
        [&self.checkpoint, &self.sample]
            .into_iter()
            .any(|file| FolderLock::is_taken(folder_of(file)))
    }

    /// Reads the sample.
    ///
    /// # Errors
    /// [`ExportError::NoSample`] if there is none, [`ExportError::Format`] if it is damaged.
    pub fn read_sample(&self) -> Result<TensorFile, ExportError> {
        if !self.sample.exists() {
            let (sample, checkpoint) = (self.sample.clone(), self.checkpoint.clone());
            return Err(ExportError::NoSample { sample, checkpoint });
        }
        Ok(TensorFile::from_bytes(&self.sample.display().to_string(), &read(&self.sample)?)?)
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, SystemError> {
    read_regular(path, u64::MAX)
}
