//! Where an ONNX Runtime is looked for.

use std::env::consts::{DLL_PREFIX, DLL_SUFFIX};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::error::OrtError;

/// A library to load, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    /// A file, or a bare name for the system's loader.
    pub(crate) path: PathBuf,
    /// Such as `named by --ort`.
    pub(crate) how: &'static str,
}

/// `libonnxruntime.so`, as the platform spells it.
pub(crate) fn file_name() -> String {
    format!("{DLL_PREFIX}onnxruntime{DLL_SUFFIX}")
}

/// The library to load: the named one, else the first of those beside the program, under the build's `target`
/// folder, and, by its name, wherever the system's loader looks.
///
/// # Errors
/// [`OrtError::Named`] if a named place holds no library: what was named is not passed over.
pub(crate) fn find(
    flag: Option<&Path>,
    variable: Option<&OsStr>,
    program_folder: Option<&Path>,
) -> Result<(Found, Vec<String>), OrtError> {
    let variable = variable.filter(|value| !value.is_empty()).map(Path::new);
    for (named, named_by, how) in
        [(flag, "--ort", "named by --ort"), (variable, "ORT_DYLIB_PATH", "named by ORT_DYLIB_PATH")]
    {
        if let Some(path) = named {
            let file = if path.is_dir() {
                in_folder(path)
            } else {
                path.is_file().then(|| path.to_owned())
            };
            let missing =
                || OrtError::Named { named_by, path: path.to_owned(), expected: file_name() };
            return Ok((Found { path: file.ok_or_else(missing)?, how }, Vec::new()));
        }
    }
    let mut searched = Vec::new();
    if let Some(folder) = program_folder {
        // The program of a build is in target/release, its tests in target/release/deps.
        let places = [
            (folder.to_owned(), "beside the program"),
            (folder.join("../onnxruntime"), "set up by `cargo xtask setup`"),
            (folder.join("../../onnxruntime"), "set up by `cargo xtask setup`"),
        ];
        for (place, how) in places {
            if let Some(path) = in_folder(&place) {
                return Ok((Found { path, how }, searched));
            }
            searched.push(place.join(file_name()).display().to_string());
        }
    }
    searched.push(format!("{} in the system's library path", file_name()));
    Ok((Found { path: file_name().into(), how: "in the system's library path" }, searched))
}

/// The library in a folder: the one without a version in its name, else the latest.
fn in_folder(folder: &Path) -> Option<PathBuf> {
    let plain = folder.join(file_name());
    if plain.is_file() {
        return plain.canonicalize().ok();
    }
    let prefix = format!("{}.", file_name());
    let version = |path: &PathBuf| -> Option<Vec<u64>> {
        let version = path.file_name()?.to_str()?.strip_prefix(&prefix)?;
        version.split('.').map(|number| number.parse().ok()).collect()
    };
    let files = std::fs::read_dir(folder).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let latest =
        files.filter(|path| path.is_file() && version(path).is_some()).max_by_key(version)?;
    latest.canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(folder: &Path, name: &str) -> PathBuf {
        std::fs::create_dir_all(folder).expect("a folder");
        let path = folder.canonicalize().expect("a path").join(name);
        std::fs::write(&path, b"").expect("a file");
        path
    }

    #[test]
    fn what_is_named_wins_and_is_not_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let beside = touch(&folder.path().join("release"), &file_name());
        let program = beside.parent().expect("a folder");
        let named = touch(&folder.path().join("own"), &format!("{}.1.9.2", file_name()));
        let latest = touch(&folder.path().join("own"), &format!("{}.1.32.0", file_name()));
        let path = |flag: Option<&Path>, variable: Option<&Path>| {
            find(flag, variable.map(Path::as_os_str), Some(program)).map(|(found, _)| found.path)
        };
        assert_eq!(path(Some(&named), Some(&beside)).expect("the flag"), named);
        assert_eq!(path(named.parent(), None).expect("the folder"), latest);
        assert_eq!(path(None, Some(&named)).expect("the variable"), named);
        assert_eq!(path(None, None).expect("beside the program"), beside);
        let nowhere = folder.path().join("nowhere");
        assert!(matches!(
            path(Some(&nowhere), None),
            Err(OrtError::Named { named_by: "--ort", .. })
        ));
        let error = path(None, Some(&nowhere)).expect_err("no such file");
        assert!(matches!(error, OrtError::Named { named_by: "ORT_DYLIB_PATH", .. }));
    }

    #[test]
    fn programs_and_tests_of_a_build_find_what_setup_fetched() {
        let folder = tempfile::tempdir().expect("a folder");
        let fetched = touch(&folder.path().join("target/onnxruntime"), &file_name());
        for place in ["target/release", "target/release/deps"] {
            let place = folder.path().join(place);
            std::fs::create_dir_all(&place).expect("a folder");
            assert_eq!(find(None, None, Some(&place)).expect("a library").0.path, fetched);
        }
        std::fs::remove_file(&fetched).expect("a file");
        let (found, searched) =
            find(None, None, Some(&folder.path().join("target/release"))).expect("the system's");
        assert_eq!(found.path, PathBuf::from(file_name()));
        assert_eq!(searched.len(), 4);
    }
}
