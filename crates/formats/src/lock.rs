//! One writer to a folder at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

use crate::error::FormatError;

/// The file that is locked where the file system locks no folders.
const LOCK_FILE: &str = ".gqn-lock";

/// A folder that this process alone writes to while this value lives. The lock is the operating system's, which releases it
/// however the process ends; it is advisory: it holds off those that ask for it, and nobody else.
#[derive(Debug)]
pub struct FolderLock {
    /// The folder itself, or [`LOCK_FILE`] in it.
    _locked: File,
}

impl FolderLock {
    /// Takes the folder, which is made if it is not there; before any work is done for what goes into it.
    ///
    /// # Errors
    /// [`FormatError::Locked`] if another process has it, [`FormatError::Write`] if it cannot be made or written to.
    pub fn acquire(folder: &Path) -> Result<Self, FormatError> {
        let failed = |source| FormatError::Write { path: folder.to_owned(), source };
        let locked = || FormatError::Locked { path: folder.to_owned() };
        std::fs::create_dir_all(folder).map_err(failed)?;
        // A folder leaves no file behind; network file systems, and Windows, lock files alone.
        match File::open(folder).map_err(TryLockError::Error).and_then(held) {
            Ok(held) => return Ok(Self { _locked: held }),
            Err(TryLockError::WouldBlock) => return Err(locked()),
            Err(TryLockError::Error(_)) => {}
        }
        let file = folder.join(LOCK_FILE);
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(file);
        match file.map_err(TryLockError::Error).and_then(held) {
            Ok(held) => Ok(Self { _locked: held }),
            Err(TryLockError::WouldBlock) => Err(locked()),
            Err(TryLockError::Error(source)) => Err(failed(source)),
        }
    }
}

fn held(file: File) -> Result<File, TryLockError> {
    file.try_lock().map(|()| file)
}

/// Whether a file of an earlier process can be locked, so that nobody is at work on it.
pub(crate) fn is_free(path: &Path) -> bool {
    File::open(path).map_err(TryLockError::Error).and_then(held).is_ok()
}

/// Marks a file as one that is being worked on, where the system can; released with the file.
pub(crate) fn mark(file: &File) -> io::Result<()> {
    match file.try_lock() {
        Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_writer() {
        let folder = tempfile::tempdir().expect("a folder");
        let run = folder.path().join("new/run");
        let first = FolderLock::acquire(&run).expect("the first");
        let second = FolderLock::acquire(&run).expect_err("the second");
        assert!(matches!(second, FormatError::Locked { .. }), "{second}");
        FolderLock::acquire(folder.path()).expect("another folder");
        drop(first);
        FolderLock::acquire(&run).expect("the next");
        assert_eq!(std::fs::read_dir(&run).expect("a folder").count(), 0, "no file stays");
    }
}
