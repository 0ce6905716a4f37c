//! Folders for files that are run as native code.

use std::path::Path;

use crate::error::OrtError;

/// Makes a folder that nobody else can write to, or checks that one that is there is such.
///
/// # Errors
/// [`OrtError::Cache`]: it is no folder, or a link to one, belongs to somebody else, or others may write to it.
pub(crate) fn private_folder(path: &Path) -> Result<(), OrtError> {
    let refused = |reason: String| OrtError::Cache { path: path.to_owned(), reason };
    make(path).map_err(|error| refused(error.to_string()))?;
    let found = std::fs::symlink_metadata(path).map_err(|error| refused(error.to_string()))?;
    if !found.is_dir() {
        return Err(refused("it is no folder of its own".to_owned()));
    }
    check_owner(&found).map_err(refused)
}

#[cfg(unix)]
fn make(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make(path: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(path)
}

#[cfg(unix)]
fn check_owner(found: &std::fs::Metadata) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let own = rustix::process::geteuid().as_raw();
    if found.uid() != own {
        return Err(format!("it belongs to user {}, not to {own}", found.uid()));
    }
    match found.mode() & 0o777 {
        mode if mode & 0o022 != 0 => Err(format!("its mode is {mode:o}, others may write to it")),
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_owner(_: &std::fs::Metadata) -> Result<(), String> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    #[test]
    fn only_folders_that_nobody_else_writes_to() {
        let root = tempfile::tempdir().expect("a folder");
        let fresh = root.path().join("a/b");
        private_folder(&fresh).expect("a new folder");
        private_folder(&fresh).expect("the same folder");
        assert_eq!(std::fs::metadata(&fresh).expect("a folder").mode() & 0o777, 0o700);
        std::fs::set_permissions(&fresh, PermissionsExt::from_mode(0o777)).expect("a mode");
        let error = private_folder(&fresh).expect_err("open to all").to_string();
        assert!(error.contains("mode is 777") && error.contains("hint: "), "{error}");
        let link = root.path().join("link");
        symlink(root.path(), &link).expect("a link");
        private_folder(&link).expect_err("a link");
        let file = root.path().join("file");
        std::fs::write(&file, b"").expect("a file");
        private_folder(&file).expect_err("a file");
    }
}
