//! Regular files only: a device or a pipe in the place of a file may never end, or never begin.

use std::fs::{File, Metadata};
use std::path::Path;

use crate::bounded::read_at_most;
use crate::error::SystemError;

/// What an entry of a folder is, in words; `None` for a regular file.
pub fn not_regular(metadata: &Metadata) -> Option<&'static str> {
    let kind = metadata.file_type();
    if kind.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a pipe");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_char_device() || kind.is_block_device() {
            return Some("a device");
        }
    }
    Some(if kind.is_dir() {
        "a folder"
    } else if kind.is_symlink() {
        "a link"
    } else {
        "no regular file"
    })
}

/// Opens a regular file, or a link to one, to read it.
///
/// # Errors
/// [`SystemError::NotRegular`] for a folder, a pipe or a device, [`SystemError::Read`] where there is nothing to open.
pub fn open_regular(path: &Path) -> Result<File, SystemError> {
    let failed = |source| SystemError::Read { path: path.to_owned(), source };
    // Looked at first: opening a pipe waits for its other end.
    let metadata = std::fs::metadata(path).map_err(failed)?;
    match not_regular(&metadata) {
        Some(found) => Err(SystemError::NotRegular { path: path.to_owned(), found }),
        None => File::open(path).map_err(failed),
    }
}

/// The content of a regular file of at most `most` bytes.
///
/// # Errors
/// As [`open_regular`]; [`SystemError::FileTooLarge`] for a larger one.
pub fn read_regular(path: &Path, most: u64) -> Result<Vec<u8>, SystemError> {
    let failed = |source| SystemError::Read { path: path.to_owned(), source };
    let file = open_regular(path)?;
    let found = file.metadata().map_err(failed)?.len();
    let bytes = if found <= most { read_at_most(file, most).map_err(failed)? } else { None };
    bytes.ok_or_else(|| SystemError::FileTooLarge { path: path.to_owned(), most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_files_of_the_size_are_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        std::fs::write(&path, b"four").expect("a file");
        assert_eq!(read_regular(&path, 4).expect("a file"), b"four");
        assert!(matches!(read_regular(&path, 3), Err(SystemError::FileTooLarge { most: 3, .. })));
        let found = |path: &Path| match read_regular(path, 9) {
            Err(SystemError::NotRegular { found, .. }) => found,
            other => panic!("{other:?}"),
        };
        assert_eq!(found(folder.path()), "a folder");
        assert!(matches!(read_regular(&folder.path().join("b"), 9), Err(SystemError::Read { .. })));
        #[cfg(unix)]
        {
            assert_eq!(found(Path::new("/dev/zero")), "a device");
            let socket = folder.path().join("socket");
            let _socket = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
            assert_eq!(found(&socket), "a socket");
            let link = folder.path().join("link");
            std::os::unix::fs::symlink(&path, &link).expect("a link");
            assert_eq!(read_regular(&link, 4).expect("what it leads to"), b"four");
        }
    }
}
