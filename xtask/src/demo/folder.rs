//! The demo's own folder: made by it, marked by it, and nothing of anyone else's is touched in it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::failure::failure;

/// Marks a folder as the demo's.
const MARK: &str = "made-by-xtask-demo";

/// What the demo makes, and therefore may replace.
const OWN: [&str; 5] = ["run", "package", "views", "orbit.gif", "metrics.json"];

/// Refuses a folder that holds something and was not made by the demo, unless `force`.
pub(super) fn check(folder: &Path, force: bool) -> Result<()> {
    if !force && !folder.join(MARK).exists() && !is_empty(folder)? {
        return Err(failure(
            format!("{} is not empty and was not made by the demo", folder.display()),
            "choose another --out, or --force to write there; of what lies there only the demo's own names are replaced",
        ));
    }
    Ok(())
}

/// Makes the folder ready: new, or an earlier demo's without its files.
pub(super) fn prepare(folder: &Path) -> Result<()> {
    for name in OWN {
        let path = folder.join(name);
        let removed = match fs::symlink_metadata(&path) {
            Err(_) => continue,
            Ok(found) if found.is_dir() => fs::remove_dir_all(&path),
            Ok(_) => fs::remove_file(&path),
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let note = format!("`cargo xtask demo` replaces here: {}\n", OWN.join(", "));
    let mark = folder.join(MARK);
    fs::write(&mark, note).with_context(|| format!("cannot write {}", mark.display()))
}

/// Every file in the folder, by path below it, sorted; the training run's own files are one entry.
pub(super) fn written(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    collect(folder, Path::new(""), &mut found)
        .with_context(|| format!("cannot list {}", folder.display()))?;
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, below: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder.join(below))? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        let is_views = path.starts_with("views");
        if entry.file_type()?.is_dir() && is_views {
            collect(folder, &path, found)?;
        } else if path != Path::new(MARK) {
            found.push(path);
        }
    }
    Ok(())
}

fn is_empty(folder: &Path) -> Result<bool> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error).with_context(|| format!("cannot open {}", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_demo_replaces_the_first_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join("out/demo");
        check(&folder, false).unwrap();
        prepare(&folder).unwrap();
        fs::create_dir(folder.join("run")).unwrap();
        fs::write(folder.join("metrics.json"), "{}").unwrap();
        fs::write(folder.join("notes.txt"), "mine").unwrap();

        check(&folder, false).unwrap();
        prepare(&folder).unwrap();

        assert_eq!(written(&folder).unwrap(), [PathBuf::from("notes.txt")]);
    }

    #[test]
    fn a_folder_of_someone_elses_is_refused_without_force() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("metrics.json"), "mine").unwrap();
        let error = check(folder.path(), false).unwrap_err();
        assert!(error.to_string().contains("was not made by the demo"), "{error}");
        assert_eq!(fs::read_to_string(folder.path().join("metrics.json")).unwrap(), "mine");
        check(folder.path(), true).unwrap();
    }

    #[test]
    fn views_are_listed_one_by_one_and_the_run_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["run", "views/scene-1"] {
            fs::create_dir_all(folder.path().join(path)).unwrap();
        }
        for path in ["run/config.toml", "views/scene-1/context.png", "orbit.gif"] {
            fs::write(folder.path().join(path), "").unwrap();
        }
        let expected = ["orbit.gif", "run", "views/scene-1/context.png"].map(PathBuf::from);
        assert_eq!(written(folder.path()).unwrap(), expected);
    }
}
