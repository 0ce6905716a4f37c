//! A folder of a package.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use gqn_system::{SystemError, not_regular, open_regular, read_at_most};

use super::{MOST_MANIFEST_BYTES, Package, check_length, check_plausible};
use crate::error::FormatError;
use crate::manifest::Manifest;
use crate::ports::names;

impl Package {
    /// Opens a package: a folder, or one zip of it. Of a folder nothing is read but regular files in it, each of the
    /// length that the manifest says.
    ///
    /// # Errors
    /// [`FormatError::System`] if there is nothing to read, [`FormatError::NotAPackage`]
    /// for another folder, [`FormatError::NotInFolder`] for a file that is none or lies elsewhere, otherwise as
    /// [`Package::from_files`] and [`Package::from_zip`].
    pub fn open(path: &Path) -> Result<Self, FormatError> {
        if !path.is_dir() {
            return Self::from_zip_reader(BufReader::new(open_regular(path)?));
        }
        if std::fs::symlink_metadata(path.join(names::MANIFEST_FILE)).is_err() {
            return Err(FormatError::NotAPackage { path: path.to_owned() });
        }
        let too_large =
            |name: &str, expected| FormatError::TooLarge { name: name.to_owned(), expected };
        let manifest_bytes = match open_inside(path, names::MANIFEST_FILE)? {
            Some(file) => read(path, names::MANIFEST_FILE, file, MOST_MANIFEST_BYTES)?,
            None => None,
        };
        let manifest_bytes =
            manifest_bytes.ok_or_else(|| too_large(names::MANIFEST_FILE, MOST_MANIFEST_BYTES))?;
        let manifest = Manifest::from_json(&manifest_bytes)?;
        check_plausible(&manifest)?;
        let mut files = BTreeMap::from([(names::MANIFEST_FILE.to_owned(), manifest_bytes)]);
        for (name, entry) in &manifest.files {
            // A file that is missing is reported by what checks them all.
            let Some(file) = open_inside(path, name)? else { continue };
            let unreadable = |source| SystemError::Read { path: path.join(name), source };
            check_length(name, file.metadata().map_err(unreadable)?.len(), entry.bytes)?;
            let content = read(path, name, file, entry.bytes)?;
            files.insert(name.clone(), content.ok_or_else(|| too_large(name, entry.bytes))?);
        }
        Self::from_files(files)
    }
}

fn read(folder: &Path, name: &str, file: File, most: u64) -> Result<Option<Vec<u8>>, FormatError> {
    let unreadable = |source| SystemError::Read { path: folder.join(name), source };
    Ok(read_at_most(file, most).map_err(unreadable)?)
}

/// Opens a regular file of a folder; `None` if there is none of that name. A link is followed within the folder alone.
fn open_inside(folder: &Path, name: &str) -> Result<Option<File>, FormatError> {
    let path = folder.join(name);
    let Ok(metadata) = std::fs::symlink_metadata(&path) else { return Ok(None) };
    let outside = |found| Err(FormatError::NotInFolder { name: name.to_owned(), found });
    let metadata = if metadata.is_symlink() {
        let inside =
            |path: &Path| Some(path.canonicalize().ok()?.parent()? == folder.canonicalize().ok()?);
        if inside(&path) != Some(true) {
            return outside("a link to another place");
        }
        std::fs::metadata(&path)
            .map_err(|source| SystemError::Read { path: path.clone(), source })?
    } else {
        metadata
    };
    match not_regular(&metadata) {
        Some(found) => outside(found),
        None => Ok(Some(open_regular(&path)?)),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::tests::files;
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in files() {
            fs::write(folder.path().join(&name), &content).expect("a file");
        }
        folder
    }

    #[test]
    fn only_files_of_the_folder_are_read() {
        let outside = tempfile::NamedTempFile::new().expect("a file");
        for name in [names::SAMPLE_FILE, names::GENERATOR_FILE, names::MANIFEST_FILE] {
            let folder = folder();
            let path = folder.path().join(name);
            let content = fs::read(&path).expect("a file");
            let refused = |expected: &str| {
                let error = Package::open(folder.path()).expect_err("no file of the folder");
                assert!(
                    matches!(&error, FormatError::NotInFolder { found, .. } if *found == expected),
                    "{error}"
                );
            };
            fs::remove_file(&path).expect("no file");
            let socket = std::os::unix::net::UnixListener::bind(&path).expect("a socket");
            refused("a socket");
            drop(socket);
            fs::remove_file(&path).expect("no socket");
            fs::write(outside.path(), &content).expect("a file");
            for target in [outside.path(), Path::new("/dev/zero"), Path::new("gone")] {
                symlink(target, &path).expect("a link");
                refused("a link to another place");
                fs::remove_file(&path).expect("no link");
            }
            fs::write(folder.path().join("inside"), &content).expect("a file");
            symlink("inside", &path).expect("a link");
            Package::open(folder.path()).expect("a link inside");
        }
    }

    #[test]
    fn lengths_are_compared_before_anything_is_read() {
        let folder = folder();
        let sample = folder.path().join(names::SAMPLE_FILE);
        // Takes no room on the disk, and would take as much memory.
        let file = fs::OpenOptions::new().write(true).open(&sample).expect("a file");
        file.set_len(1 << 40).expect("a long file");
        let error = Package::open(folder.path()).expect_err("another length");
        assert!(matches!(error, FormatError::Length { found, .. } if found == 1 << 40), "{error}");
        assert!(matches!(
            Package::open(Path::new("/dev/zero")),
            Err(FormatError::System(SystemError::NotRegular { .. }))
        ));
        assert!(matches!(
            Package::open(&sample.join("a")),
            Err(FormatError::System(SystemError::Read { .. }))
        ));
    }
}
