//! What a finished folder held, written into it last, so that one look tells whether it is whole.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

const NAME: &str = "stamp.json";

/// The record of a finished folder.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// What it was made of: versions with hashes, or a path. Another source makes the folder stale.
    pub source: Vec<String>,
    /// Path below the folder and size in bytes of every file.
    pub files: Vec<(PathBuf, u64)>,
}

impl Stamp {
    /// Writes the stamp into its folder: the last thing that is done to it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(NAME);
        let text = serde_json::to_string(self).context("cannot write the stamp as JSON")?;
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Reads the stamp; `None` when there is none, or it cannot be read.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(folder.join(NAME)).ok()?).ok()
    }

    /// Whether the folder was made of `source` and every file is there with its size. Links are followed.
    pub fn holds(folder: &Path, source: &[String]) -> bool {
        Self::read(folder).is_some_and(|stamp| {
            stamp.source == source
                && stamp.files.iter().all(|(path, bytes)| {
                    fs::metadata(folder.join(path)).is_ok_and(|found| found.len() == *bytes)
                })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> Vec<String> {
        vec!["thing 1".to_owned()]
    }

    fn finished() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a"), b"12345").unwrap();
        Stamp { source: source(), files: vec![("a".into(), 5)] }.write(folder.path()).unwrap();
        folder
    }

    #[test]
    fn a_finished_folder_holds() {
        assert!(Stamp::holds(finished().path(), &source()));
    }

    #[test]
    fn another_source_a_missing_file_and_a_short_file_do_not() {
        let folder = finished();
        assert!(!Stamp::holds(folder.path(), &["thing 2".to_owned()]));
        fs::write(folder.path().join("a"), b"1234").unwrap();
        assert!(!Stamp::holds(folder.path(), &source()));
        fs::remove_file(folder.path().join("a")).unwrap();
        assert!(!Stamp::holds(folder.path(), &source()));
    }
}
