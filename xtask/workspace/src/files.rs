//! Files and folders.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

/// Removes a folder, a file or a link, if there is one.
///
/// # Errors
/// It cannot be removed.
pub fn remove(path: &Path) -> Result<()> {
    let done = match fs::symlink_metadata(path) {
        Err(_) => return Ok(()),
        Ok(found) if found.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    };
    done.with_context(|| format!("cannot remove {}", path.display()))
}
