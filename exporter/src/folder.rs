//! A package as a folder: there as a whole, or not at all.

use std::collections::BTreeMap;
use std::path::Path;

use gqn_formats::names;
use gqn_system::{
    LOCK_FILE, Overwrite, PartFolder, SystemError, folder_of, read_regular, write_atomic,
};

use crate::error::ExportError;

/// A manifest is a page or two; a larger file of its name is none.
pub(crate) const LARGEST_MANIFEST: u64 = 1 << 24;

/// Writes a package's files into a temporary folder beside `out` and renames it: readers see the whole package or
/// none. [`Overwrite::Force`] replaces a folder that holds a package and nothing else, in one step where the system can
/// exchange folders. An empty folder is replaced without it.
///
/// # Errors
/// [`SystemError::Exists`] if `out` is there and may not be replaced, [`ExportError::NotReplaced`] or
/// [`ExportError::ForeignFile`] if it holds other things, [`SystemError::Write`] if the disk is full or the place
/// is not writable. Nothing half-written stays.
pub fn write_package(
    files: &BTreeMap<String, Vec<u8>>,
    out: &Path,
    overwrite: Overwrite,
) -> Result<(), ExportError> {
    check_place(out, overwrite)?;
    put_in_place(files, out)
}

/// Fills a temporary folder beside `out` with files by their paths in it, and puts it there as a whole; what is there is
/// exchanged for it.
///
/// # Errors
/// [`SystemError::Write`], which names the place and not the temporary folder. Nothing half-written stays.
pub(crate) fn put_in_place(
    files: &BTreeMap<String, Vec<u8>>,
    out: &Path,
) -> Result<(), ExportError> {
    let failed = |source| SystemError::Write { path: out.to_owned(), source };
    let parent = folder_of(out);
    std::fs::create_dir_all(parent).map_err(failed)?;
    let part = PartFolder::new_in(parent).map_err(failed)?;
    for (name, content) in files {
        write_atomic(&part.path().join(name), content, Overwrite::Refuse).map_err(|error| {
            match error {
                SystemError::Write { source, .. } => {
                    SystemError::Write { path: out.join(name), source }
                }
                other => other,
            }
        })?;
    }
    part.take_place(out).map_err(failed)?;
    Ok(())
}

/// Whether a package may be written at `out`; looked at before any work is done.
///
/// # Errors
/// As [`write_package`].
pub fn check_place(out: &Path, overwrite: Overwrite) -> Result<(), ExportError> {
    if std::fs::symlink_metadata(out).is_err() {
        return Ok(());
    }
    let not_replaced = || ExportError::NotReplaced { path: out.to_owned() };
    let entries = std::fs::read_dir(out).map(|entries| {
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name != LOCK_FILE).collect::<Vec<String>>()
    });
    if entries.as_ref().is_ok_and(Vec::is_empty) {
        return Ok(());
    }
    if overwrite == Overwrite::Refuse {
        return Err(SystemError::Exists { path: out.to_owned() }.into());
    }
    let names = entries.map_err(|_| not_replaced())?;
    let known = package_files(out).ok_or_else(not_replaced)?;
    match names.into_iter().find(|name| name != names::MANIFEST_FILE && !known.contains(name)) {
        Some(name) => Err(ExportError::ForeignFile { path: out.to_owned(), name }),
        None => Ok(()),
    }
}

/// The files that a package of any format version names in its manifest.
fn package_files(folder: &Path) -> Option<Vec<String>> {
    let manifest = read_regular(&folder.join(names::MANIFEST_FILE), LARGEST_MANIFEST).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    manifest.get("format_version")?;
    Some(manifest.get("files")?.as_object()?.keys().cloned().collect())
}
