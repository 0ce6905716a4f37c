//! Which libtorch a folder holds.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use xtask_workspace::failure;

use super::libtorch::VERSION;

const HINT: &str = "set LIBTORCH to an unpacked libtorch 2.11 or to a PyTorch 2.11 `site-packages/torch`, \
                    or unset it to have one fetched";

/// Refuses a `LIBTORCH` that is no libtorch, or one of another release; returns its absolute path.
pub(super) fn check_libtorch(own: &Path) -> Result<PathBuf> {
    let folder = fs::canonicalize(own).map_err(|error| {
        failure(format!("LIBTORCH is {}, which cannot be opened: {error}", own.display()), HINT)
    })?;
    if !folder.join("lib/libtorch_cpu.so").exists() {
        return Err(failure(
            format!("LIBTORCH is {}, which holds no lib/libtorch_cpu.so", folder.display()),
            HINT,
        ));
    }
    let found = header_version(&folder).with_context(|| {
        failure(format!("{} has no torch/version.h", folder.join("include").display()), HINT)
    })?;
    if release(&found) == release(VERSION) {
        return Ok(folder);
    }
    let expected = release(VERSION).unwrap_or(VERSION);
    Err(failure(
        format!("LIBTORCH is {}, PyTorch {found}; expected {expected}", folder.display()),
        HINT,
    ))
}

/// `major.minor` of `major.minor.patch`.
fn release(version: &str) -> Option<&str> {
    version.rsplit_once('.').map(|(release, _)| release)
}

/// `major.minor.patch` from the headers, which are what the trainer is compiled against.
fn header_version(folder: &Path) -> Option<String> {
    const HEADERS: [&str; 2] =
        ["include/torch/headeronly/version.h", "include/torch/csrc/api/include/torch/version.h"];
    HEADERS.iter().find_map(|header| {
        let text = fs::read_to_string(folder.join(header)).ok()?;
        let number = |part: &str| {
            let line = text
                .lines()
                .find_map(|line| line.strip_prefix(&format!("#define TORCH_VERSION_{part} ")))?;
            line.trim().parse::<u32>().ok()
        };
        Some(format!("{}.{}.{}", number("MAJOR")?, number("MINOR")?, number("PATCH")?))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use xtask_workspace::describe;

    /// A folder that looks like a libtorch with CUDA of some release.
    pub(in crate::setup) fn libtorch(minor: u32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let header = folder.path().join("include/torch/headeronly/version.h");
        fs::create_dir_all(header.parent().unwrap()).unwrap();
        let line = |part, number| format!("#define TORCH_VERSION_{part} {number}\n");
        fs::write(header, line("MAJOR", 2) + &line("MINOR", minor) + &line("PATCH", 0)).unwrap();
        fs::create_dir(folder.path().join("lib")).unwrap();
        for name in
            ["libtorch_cpu.so", "libc10.so", "libtorch.so", "libtorch_cuda.so", "libgomp.so.1"]
        {
            fs::write(folder.path().join("lib").join(name), name).unwrap();
        }
        folder
    }

    #[test]
    fn the_right_release_passes() {
        let folder = libtorch(11);
        assert_eq!(
            check_libtorch(folder.path()).unwrap(),
            fs::canonicalize(folder.path()).unwrap()
        );
    }

    #[test]
    fn another_release_is_refused_with_found_and_expected() {
        let text = describe(&check_libtorch(libtorch(7).path()).unwrap_err());
        assert!(text.contains("PyTorch 2.7.0; expected 2.11\nhint: "), "{text}");
    }

    #[test]
    fn a_folder_without_libtorch_is_refused() {
        let text = describe(&check_libtorch(tempfile::tempdir().unwrap().path()).unwrap_err());
        assert!(text.contains("holds no lib/libtorch_cpu.so\nhint: "), "{text}");
        let text = describe(&check_libtorch(Path::new("/no/such/folder")).unwrap_err());
        assert!(text.contains("cannot be opened") && text.contains("\nhint: "), "{text}");
    }
}
