//! Which files of a folder are a data set's.

use std::path::{Path, PathBuf};

use gqn_system::open_regular;

use crate::error::DataError;

/// The regular files whose names end with one of `endings`, or `path` itself if it is one; by the number that their names
/// begin with, then by name. Names that begin with a dot are those of systems and programs, and left out.
pub(crate) fn files(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, DataError> {
    let named = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        endings.iter().any(|ending| name.ends_with(ending)).then_some(name)
    };
    if !path.is_dir() {
        open_regular(path)?;
        return Ok(named(path).map(|_| path.to_owned()).into_iter().collect());
    }
    let unreadable = |source| DataError::Read { path: path.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if let Some(name) = named(&file).filter(|name| !name.starts_with('.') && file.is_file()) {
            let digits = name.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(0);
            files.push((name[..digits].parse::<u64>().ok(), name, file));
        }
    }
    files.sort();
    Ok(files.into_iter().map(|(_, _, file)| file).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        for name in ["10.pt", "9.pt", "9-02.pt.gz", "x.pt", "10.h5", "011-of-100.pt"] {
            std::fs::write(folder.path().join(name), b"").expect("a file");
        }
        for name in ["._9.pt", ".DS_Store", ".pt"] {
            std::fs::write(folder.path().join(name), b"").expect("a hidden file");
        }
        std::fs::create_dir(folder.path().join("12.pt")).expect("a folder");
        let names = |path: &Path| -> Vec<String> {
            let files = files(path, &[".pt", ".pt.gz"]).expect("a folder");
            files
                .iter()
                .map(|file| file.file_name().expect("a name").to_string_lossy().into())
                .collect()
        };
        assert_eq!(names(folder.path()), ["x.pt", "9-02.pt.gz", "9.pt", "10.pt", "011-of-100.pt"]);
        assert_eq!(names(&folder.path().join("9.pt")), ["9.pt"]);
        assert!(names(&folder.path().join("10.h5")).is_empty());
        assert!(files(&folder.path().join("none"), &[".pt"]).is_err());
    }
}
