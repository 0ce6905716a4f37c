//! In place of `hdf5.rs` where the feature `hdf5` is left out: HDF5 files are found and refused.

use std::ops::Range;
use std::path::Path;

use gqn_system::Overwrite;

use crate::data_set::DataSet;
use crate::error::DataError;
use crate::listing::files;
use crate::scene_record::SceneRecord;

/// A folder without HDF5 files: with one it is refused.
#[derive(Debug, Clone)]
pub struct Hdf5Set(());

impl Hdf5Set {
    /// Looks for HDF5 files.
    ///
    /// # Errors
    /// [`DataError::NoHdf5`] if there is one; another if nothing is there.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        match files(path, &[".h5", ".hdf5"])?.into_iter().next() {
            Some(path) => Err(DataError::NoHdf5 { path }),
            None => Ok(Self(())),
        }
    }

    /// How many scenes there are: none.
    pub fn len(&self) -> usize {
        0
    }

    /// Whether there is no scene: always.
    pub fn is_empty(&self) -> bool {
        true
    }

    /// How many files there are: none.
    pub fn files(&self) -> usize {
        0
    }

    /// None of no scenes.
    ///
    /// # Errors
    /// None.
    pub fn scenes(&self, _scenes: Range<usize>, _: u8) -> Result<Vec<SceneRecord>, DataError> {
        Ok(Vec::new())
    }
}

/// Writes nothing.
///
/// # Errors
/// [`DataError::NoHdf5`].
pub fn write_hdf5(
    _set: &DataSet,
    _scenes: Range<usize>,
    path: &Path,
    _overwrite: Overwrite,
) -> Result<(), DataError> {
    Err(DataError::NoHdf5 { path: path.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_refused_with_what_to_do() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(Hdf5Set::open(folder.path()).expect("no file").is_empty());
        std::fs::write(folder.path().join("001.h5"), "").expect("a file");
        let error = Hdf5Set::open(folder.path()).expect_err("a file").to_string();
        assert!(error.contains("001.h5") && error.contains("--features hdf5"), "{error}");
    }
}
