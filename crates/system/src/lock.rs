//! One writer to a folder at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::SystemError;
use crate::part;

/// The file that is locked where the file system locks no folders.
pub const LOCK_FILE: &str = ".gqn-lock";

/// How often a folder that was replaced by another one while it was being locked is tried again.
const ATTEMPTS: usize = 8;

/// A folder that this process alone writes to while this value lives. The lock is the operating system's, which releases it
/// however the process ends; it is advisory: it holds off those that ask for it, and nobody else. A folder that was made
/// for the lock and is still empty in the end is removed.
#[derive(Debug)]
pub struct FolderLock {
    /// Folders that were made, the innermost first.
    made: Vec<PathBuf>,
    /// The folder itself, or [`LOCK_FILE`] in it.
    locked: File,
}

impl FolderLock {
    /// Takes the folder, which is made if it is not there; before any work is done for what goes into it.
    ///
    /// # Errors
    /// [`SystemError::Locked`] if another process has it, [`SystemError::Write`] if it cannot be made or written to.
    pub fn acquire(folder: &Path) -> Result<Self, SystemError> {
        let failed = |source| SystemError::Write { path: folder.to_owned(), source };
        let is_missing = |folder: &&Path| !folder.as_os_str().is_empty() && !folder.exists();
        let made: Vec<PathBuf> =
            folder.ancestors().take_while(is_missing).map(Path::to_owned).collect();
        for _ in 0..ATTEMPTS {
            std::fs::create_dir_all(folder).map_err(failed)?;
            let locked = lock(folder)?;
            if is_still(folder, &locked) {
                let lock = Self { made, locked };
                part::file_in(folder).map_err(failed)?;
                return Ok(lock);
            }
        }
        Err(SystemError::Locked { path: folder.to_owned() })
    }

    /// Whether another process writes to the folder at this moment.
    pub fn is_taken(folder: &Path) -> bool {
        match lock(folder) {
            Ok(locked) => {
                let _ = locked.unlock();
                false
            }
            Err(error) => matches!(error, SystemError::Locked { .. }),
        }
    }
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Only what is empty can be removed so.
        let _ = self.made.iter().try_for_each(std::fs::remove_dir);
        // Closing the file is not enough: a child that is being started holds it too, until it becomes another program.
        let _ = self.locked.unlock();
    }
}

fn lock(folder: &Path) -> Result<File, SystemError> {
    let locked = || SystemError::Locked { path: folder.to_owned() };
    // A folder leaves no file behind; network file systems, and Windows, lock files alone.
    match File::open(folder).map_err(TryLockError::Error).and_then(held) {
        Ok(held) => return Ok(held),
        Err(TryLockError::WouldBlock) => return Err(locked()),
        Err(TryLockError::Error(_)) => {}
    }
    let file = folder.join(LOCK_FILE);
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(file);
    file.map_err(TryLockError::Error).and_then(held).map_err(|error| match error {
        TryLockError::WouldBlock => locked(),
        TryLockError::Error(source) => SystemError::Write { path: folder.to_owned(), source },
    })
}

/// Whether what was locked is what the path names: a package's folder is replaced as a whole.
#[cfg(unix)]
fn is_still(folder: &Path, locked: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(locked) = locked.metadata() else { return false };
    let found = [folder.to_owned(), folder.join(LOCK_FILE)].map(std::fs::metadata);
    found
        .into_iter()
        .flatten()
        .any(|found| (found.dev(), found.ino()) == (locked.dev(), locked.ino()))
}

#[cfg(not(unix))]
fn is_still(_folder: &Path, _locked: &File) -> bool {
    true
}

fn held(file: File) -> Result<File, TryLockError> {
    file.try_lock().map(|()| file)
}

/// Whether a file or folder of an earlier process can be locked, so that nobody is at work on it.
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
        assert!(FolderLock::is_taken(&run));
        let second = FolderLock::acquire(&run).expect_err("the second");
        assert!(matches!(second, SystemError::Locked { .. }), "{second}");
        FolderLock::acquire(folder.path()).expect("another folder");
        std::fs::write(run.join("a"), b"").expect("a file");
        drop(first);
        FolderLock::acquire(&run).expect("the next");
        assert!(!FolderLock::is_taken(&run) && !FolderLock::is_taken(Path::new("no/such")));
        assert_eq!(std::fs::read_dir(&run).expect("a folder").count(), 1, "no file stays");
    }

    #[test]
    fn a_folder_is_free_although_a_child_that_is_being_started_holds_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = FolderLock::acquire(folder.path()).expect("a lock");
        let inherited = first.locked.try_clone().expect("the same open file");
        drop(first);
        FolderLock::acquire(folder.path()).expect("the next");
        drop(inherited);
    }

    #[test]
    fn folders_that_were_made_for_nothing_go() {
        let folder = tempfile::tempdir().expect("a folder");
        drop(FolderLock::acquire(&folder.path().join("new/run")).expect("a lock"));
        assert!(!folder.path().join("new").exists(), "made for nothing");
        let mine = folder.path().join("mine");
        std::fs::create_dir(&mine).expect("a folder");
        drop(FolderLock::acquire(&mine.join("run")).expect("a lock"));
        drop(FolderLock::acquire(&mine).expect("a lock"));
        assert!(mine.exists(), "it was there before");
    }

    #[test]
    fn a_folder_that_cannot_be_written_is_refused_at_once() {
        // Root may write anywhere but there.
        let error = FolderLock::acquire(Path::new("/proc/self/new")).expect_err("no place");
        assert!(matches!(error, SystemError::Write { .. }), "{error}");
        let error = FolderLock::acquire(Path::new("/proc/self")).expect_err("no place");
        assert!(matches!(error, SystemError::Write { .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_that_was_replaced_is_another_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let [out, old] = ["out", "old"].map(|name| folder.path().join(name));
        std::fs::create_dir(&out).expect("a folder");
        let first = lock(&out).expect("a lock");
        std::fs::rename(&out, &old).expect("a renamed folder");
        std::fs::create_dir(&out).expect("a folder in its place");
        assert!(!is_still(&out, &first) && is_still(&old, &first));
        FolderLock::acquire(&out).expect("a lock on the new one");
    }
}
