//! Writing files whole or not at all, and what may be replaced.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::SystemError;
use crate::part;
use crate::regular::not_regular;

/// What to do when the file is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// Leave it and return [`SystemError::Exists`].
    Refuse,
    /// Replace it, if it is a regular file.
    Force,
}

impl Overwrite {
    /// What a program's flag `--force` asks for.
    pub fn forced(force: bool) -> Self {
        if force { Self::Force } else { Self::Refuse }
    }
}

/// Writes a file under a temporary name beside its place, flushes it to the disk and renames it: readers see the
/// whole file or none, after a loss of power too. Missing folders are made. Where a link is replaced, it is the file that it
/// leads to. What an earlier process that was killed left behind half-written in the folder is removed.
///
/// # Errors
/// [`SystemError::Exists`] if the file is there and may not be replaced, [`SystemError::NotRegular`] if something else than
/// a file is there, [`SystemError::Write`] if the disk is full, the place is not writable, or anything else keeps the bytes
/// from the disk. A half-written file does not stay.
pub fn write_atomic(path: &Path, bytes: &[u8], overwrite: Overwrite) -> Result<(), SystemError> {
    let failed = |source| SystemError::Write { path: path.to_owned(), source };
    check_place(path, overwrite)?;
    let target = match std::fs::symlink_metadata(path) {
        Ok(found) if found.is_symlink() => std::fs::canonicalize(path).map_err(failed)?,
        _ => path.to_owned(),
    };
    let folder = folder_of(&target);
    make_folder(folder).map_err(failed)?;
    part::remove_left_behind(folder);
    let file = part::file_in(folder).map_err(failed)?;
    // By the file itself: errors of the named one speak of its temporary name.
    file.as_file().write_all(bytes).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match overwrite {
        Overwrite::Force => file.persist(&target).map_err(|error| failed(error.error))?,
        Overwrite::Refuse => file.persist_noclobber(&target).map_err(|error| {
            if error.error.kind() == ErrorKind::AlreadyExists {
                SystemError::Exists { path: path.to_owned() }
            } else {
                failed(error.error)
            }
        })?,
    };
    sync_folder(folder).map_err(failed)
}

/// Whether [`write_atomic`] may write there, as far as that can be told beforehand: looked at before any work is done.
///
/// # Errors
/// [`SystemError::Exists`] or [`SystemError::NotRegular`].
pub fn check_place(path: &Path, overwrite: Overwrite) -> Result<(), SystemError> {
    if std::fs::symlink_metadata(path).is_err() {
        return Ok(());
    }
    let path = path.to_owned();
    match std::fs::metadata(&path).as_ref().map(not_regular) {
        Ok(Some(found)) => Err(SystemError::NotRegular { path, found }),
        Ok(None) if overwrite == Overwrite::Force => Ok(()),
        Ok(None) => Err(SystemError::Exists { path }),
        Err(_) => Err(SystemError::NotRegular { path, found: "a link that leads nowhere" }),
    }
}

/// Whether [`write_atomic`] can make files beside that path, as far as that can be told beforehand; where the folder is not
/// there yet, whether the one above it can be written to. Nothing stays of the attempt.
///
/// # Errors
/// [`SystemError::Write`].
pub fn check_folder(path: &Path) -> Result<(), SystemError> {
    let failed = |source| SystemError::Write { path: path.to_owned(), source };
    let mut folder = folder_of(path);
    while std::fs::symlink_metadata(folder).is_err() && folder != Path::new(".") {
        folder = folder_of(folder);
    }
    part::file_in(folder).map(drop).map_err(failed)
}

/// Whether a program may write its result there and can: looked at before any work is done. `inputs` are the files that it
/// reads, none of which is replaced, whatever `overwrite` says.
///
/// # Errors
/// [`SystemError::IsInput`], otherwise as [`check_place`] and [`check_folder`].
pub fn check_output(
    path: &Path,
    overwrite: Overwrite,
    inputs: &[PathBuf],
) -> Result<(), SystemError> {
    if let Ok(place) = std::fs::canonicalize(path) {
        let is_place =
            |input: &PathBuf| std::fs::canonicalize(input).is_ok_and(|input| input == place);
        if inputs.iter().any(is_place) {
            return Err(SystemError::IsInput { path: path.to_owned() });
        }
    }
    check_place(path, overwrite)?;
    check_folder(path)
}

/// The folder that a path lies in, as a path that can be opened: `.` for a bare name.
pub fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Brings what was renamed in a folder to the disk, so that it is there after a loss of power.
///
/// # Errors
/// What the disk says; file systems that cannot do it for folders are no error.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere folders cannot be opened.
    if !cfg!(unix) {
        return Ok(());
    }
    match File::open(folder).and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() == ErrorKind::StorageFull || error.raw_os_error() == Some(5) => {
            Err(error)
        }
        _ => Ok(()),
    }
}

/// Makes a folder and those above it, so that they are there after a loss of power too.
fn make_folder(folder: &Path) -> io::Result<()> {
    let is_new = !folder.exists();
    std::fs::create_dir_all(folder)?;
    if is_new && let Some(above) = folder.parent().filter(|above| !above.as_os_str().is_empty()) {
        sync_folder(above)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|name| name.to_string_lossy().into()).collect();
        names.sort();
        names
    }

    #[test]
    fn refuses_then_replaces() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("deep/a.txt");
        write_atomic(&path, b"one", Overwrite::Refuse).expect("a new file");
        assert!(matches!(
            write_atomic(&path, b"two", Overwrite::Refuse),
            Err(SystemError::Exists { .. })
        ));
        assert_eq!(std::fs::read(&path).expect("the file"), b"one");
        write_atomic(&path, b"two", Overwrite::Force).expect("a replaced file");
        assert_eq!(std::fs::read(&path).expect("the file"), b"two");
        assert_eq!(names(path.parent().expect("a parent")), ["a.txt"], "no temporary file stays");
    }

    #[test]
    fn what_is_read_is_not_replaced_and_places_are_looked_at() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (input, link) = (folder.path().join("in.png"), folder.path().join("link.png"));
        std::fs::write(&input, b"a picture").expect("a file");
        std::os::unix::fs::symlink(&input, &link).expect("a link");
        let inputs = [input.clone()];
        let check = |path: &Path| check_output(path, Overwrite::Force, &inputs);
        for path in [&input, &link, &folder.path().join("./in.png")] {
            assert!(matches!(check(path), Err(SystemError::IsInput { .. })), "{}", path.display());
        }
        let other = folder.path().join("new/deep/out.png");
        check(&other).expect("another file");
        assert_eq!(names(folder.path()), ["in.png", "link.png"], "nothing is written yet");
        std::fs::create_dir_all(other.parent().expect("a folder")).expect("a folder");
        assert!(matches!(check(&input.join("a")), Err(SystemError::Write { .. })));
        std::fs::write(&other, b"").expect("a file");
        let refused = check_output(&other, Overwrite::Refuse, &inputs);
        assert!(matches!(refused, Err(SystemError::Exists { .. })));
    }

    #[test]
    fn a_folder_that_is_a_file_is_an_error() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("file");
        std::fs::write(&file, b"").expect("a file");
        assert!(matches!(
            write_atomic(&file.join("a"), b"", Overwrite::Force),
            Err(SystemError::Write { .. })
        ));
    }

    #[test]
    fn errors_name_the_place_and_not_the_temporary_file() {
        // Nobody can make files there, root neither.
        let path = Path::new("/proc/gqn.json");
        if cfg!(target_os = "linux") {
            let error = write_atomic(path, b"x", Overwrite::Refuse).expect_err("no such place");
            let text = gqn_messages::error_report(&error);
            assert!(text.contains("/proc/gqn.json") && !text.contains(".part"), "{text}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn nothing_but_files_is_replaced() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let [socket, link, nowhere, real] =
            ["socket", "link", "nowhere", "real"].map(|name| folder.path().join(name));
        let _socket = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        symlink("gone", &nowhere).expect("a link");
        for path in [&socket, &nowhere, folder.path(), Path::new("/dev/null")] {
            for overwrite in [Overwrite::Force, Overwrite::Refuse] {
                let error = write_atomic(path, b"x", overwrite).expect_err("no file");
                assert!(matches!(error, SystemError::NotRegular { .. }), "{error}");
            }
        }
        assert!(
            !not_regular(&std::fs::metadata("/dev/null").expect("a device"))
                .unwrap_or("")
                .is_empty()
        );
        std::fs::write(&real, b"old").expect("a file");
        symlink("real", &link).expect("a link");
        write_atomic(&link, b"new", Overwrite::Force).expect("the file behind the link");
        assert!(std::fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert_eq!(std::fs::read(&real).expect("the file"), b"new");
        assert_eq!(names(folder.path()), ["link", "nowhere", "real", "socket"]);
    }
}
