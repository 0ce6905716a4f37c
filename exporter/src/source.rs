use std::path::{Path, PathBuf};

use gqn_formats::{Checkpoint, FormatError, TensorFile, sha256_hex};

use crate::error::ExportError;

const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
const SAMPLE_FILE: &str = "golden.safetensors";

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

    /// Reads and checks the checkpoint; also gives the SHA-256 of its file.
    ///
    /// # Errors
    /// As [`Checkpoint::load`].
    pub fn read_checkpoint(&self) -> Result<(Checkpoint, String), ExportError> {
        let bytes = read(&self.checkpoint)?;
        let sha256 = sha256_hex(&bytes);
        Ok((Checkpoint::from_bytes(&self.checkpoint.display().to_string(), &bytes)?, sha256))
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

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FormatError> {
    std::fs::read(path).map_err(|source| FormatError::Read { path: path.to_owned(), source })
}
