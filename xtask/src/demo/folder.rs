//! The demo's own folder: made by it, marked by it, and nothing of anyone else's is touched in it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use xtask_workspace::{failure, remove};

/// Marks a folder as the demo's.
const MARK: &str = "made-by-xtask-demo";

/// The demo's model beside one that was trained for hours.
pub(super) const COMPARISON: &str = "shipped.png";

/// What the demo makes, and therefore may replace; and what it is.
pub(super) const OWN: [(&str, &str); 6] = [
    (
        "views/",
        "for each scene context.png, comparison.png (shown, true, rendered) and the single pictures",
    ),
    ("orbit.gif", "a round through the first scene, rendered beside true"),
    (
        COMPARISON,
        "the first scene, rendered by this model and by the shipped one of the same world",
    ),
    ("metrics.json", "the evaluation on held-out scenes"),
    ("package/", "the exported model: what gqn-run loads"),
    ("run/", "the training run: configuration, checkpoint, log"),
];

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
    for (name, _) in OWN {
        remove(&folder.join(name.trim_end_matches('/')))?;
    }
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let note =
        format!("`cargo xtask demo` replaces here: {}\n", OWN.map(|(name, _)| name).join(", "));
    let mark = folder.join(MARK);
    fs::write(&mark, note).with_context(|| format!("cannot write {}", mark.display()))
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

        let mut left: Vec<_> =
            fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [MARK, "notes.txt"]);
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
}
