use std::io::Write;
use std::path::Path;

use tempfile::Builder;

use crate::error::FormatError;

/// What to do when the file is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it and return [`FormatError::Exists`].
    Refuse,
    /// Replace it.
    Force,
}

/// Writes a file under a temporary name beside its place, flushes it to the disk and renames it: readers see the
/// whole file or none. Missing folders are made.
///
/// # Errors
/// [`FormatError::Exists`] if the file is there and may not be replaced, [`FormatError::Write`] if the disk is full,
/// the place is not writable, or anything else keeps the bytes from the disk. A half-written file does not stay.
pub fn write_atomic(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), FormatError> {
    let failed = |source| FormatError::Write { path: path.to_owned(), source };
    if overwrite == Overwrite::Refuse && path.exists() {
        return Err(FormatError::Exists { path: path.to_owned() });
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = temporary_in(folder).map_err(failed)?;
    file.write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match overwrite {
        Overwrite::Force => file.persist(path).map_err(|error| failed(error.error))?,
        Overwrite::Refuse => file.persist_noclobber(path).map_err(|error| {
            if error.error.kind() == std::io::ErrorKind::AlreadyExists {
                FormatError::Exists { path: path.to_owned() }
            } else {
                failed(error.error)
            }
        })?,
    };
    Ok(())
}

fn temporary_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".gqn-").suffix(".part");
    #[cfg(unix)]
    {
        // The ordinary mode of a new file (less the user's mask) rather than tempfile's private one.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_then_replaces() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/a.txt");
        write_atomic(&path, b"one", Overwrite::Refuse).expect("a new file");
        assert!(matches!(
            write_atomic(&path, b"two", Overwrite::Refuse),
            Err(FormatError::Exists { .. })
        ));
        assert_eq!(std::fs::read(&path).expect("the file"), b"one");
        write_atomic(&path, b"two", Overwrite::Force).expect("a replaced file");
        assert_eq!(std::fs::read(&path).expect("the file"), b"two");
        let left = std::fs::read_dir(path.parent().expect("a parent")).expect("a folder").count();
        assert_eq!(left, 1, "no temporary file stays");
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        std::fs::write(&file, b"").expect("a file");
        assert!(matches!(
            write_atomic(&file.join("a"), b"", Overwrite::Force),
            Err(FormatError::Write { .. })
        ));
    }
}
