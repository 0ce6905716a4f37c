use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gqn_formats::{FormatError, Overwrite, names, write_atomic};
use tempfile::{Builder, TempDir};

use crate::error::ExportError;

/// Writes a package's files into a temporary folder beside `out` and renames it: readers see the whole package or
/// none. [`Overwrite::Force`] replaces a folder that holds a package and nothing else.
///
/// # Errors
/// [`FormatError::Exists`] if `out` is there and may not be replaced, [`ExportError::NotReplaced`] or
/// [`ExportError::ForeignFile`] if it holds other things, [`FormatError::Write`] if the disk is full or the place
/// is not writable. Nothing half-written stays.
pub fn write_package(
    files: &BTreeMap<String, Vec<u8>>,
    out: &Path,
    overwrite: Overwrite,
) -> Result<(), ExportError> {
    check_place(out, overwrite)?;
    let failed = |source| FormatError::Write { path: out.to_owned(), source };
    let parent = match out.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(parent).map_err(failed)?;
    let part = temporary_in(parent).map_err(failed)?;
    for (name, content) in files {
        write_atomic(&part.path().join(name), content, Overwrite::Refuse).map_err(|error| {
            match error {
                FormatError::Write { source, .. } => {
                    FormatError::Write { path: out.join(name), source }
                }
                other => other,
            }
        })?;
    }
    swap(part, out, parent).map_err(failed)?;
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
    if overwrite == Overwrite::Refuse {
        return Err(FormatError::Exists { path: out.to_owned() }.into());
    }
    let not_replaced = || ExportError::NotReplaced { path: out.to_owned() };
    let entries = std::fs::read_dir(out).map_err(|_| not_replaced())?;
    let names: Vec<String> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    if names.is_empty() {
        return Ok(());
    }
    let known = package_files(out).ok_or_else(not_replaced)?;
    match names.into_iter().find(|name| name != names::MANIFEST_FILE && !known.contains(name)) {
        Some(name) => Err(ExportError::ForeignFile { path: out.to_owned(), name }),
        None => Ok(()),
    }
}

/// The files that a package of any format version names in its manifest.
fn package_files(folder: &Path) -> Option<Vec<String>> {
    let manifest = std::fs::read(folder.join(names::MANIFEST_FILE)).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    manifest.get("format_version")?;
    Some(manifest.get("files")?.as_object()?.keys().cloned().collect())
}

/// Puts the finished folder in its place. An old package steps aside first and comes back if that fails.
fn swap(part: TempDir, out: &Path, parent: &Path) -> std::io::Result<()> {
    let old = if out.exists() {
        let aside = temporary_in(parent)?;
        let place: PathBuf = aside.path().join("old");
        std::fs::rename(out, &place)?;
        Some((aside, place))
    } else {
        None
    };
    if let Err(error) = std::fs::rename(part.path(), out) {
        if let Some((_, place)) = &old {
            std::fs::rename(place, out)?;
        }
        return Err(error);
    }
    let _renamed = part.keep();
    Ok(())
}

fn temporary_in(folder: &Path) -> std::io::Result<TempDir> {
    let mut builder = Builder::new();
    builder.prefix(".gqn-").suffix(".part");
    #[cfg(unix)]
    {
        // The ordinary mode of a new folder (less the user's mask) rather than tempfile's private one.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o777));
    }
    builder.tempdir_in(folder)
}
