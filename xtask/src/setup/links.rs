//! `target/libtorch`: a folder of links to one libtorch, whatever its origin, with only what is linked.
//!
//! It has no `libtorch_cuda.so`, which the binding would link where it sees it; CUDA is loaded at run time from beside
//! the real `libtorch_cpu.so`. And its `libtorch.so` is a linker script, because the real one names `libtorch_cuda.so`.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use xtask_workspace::wheels::Stamp;
use xtask_workspace::{Workspace, console, failure, python, remove};

/// What `-ltorch` means here.
const LINKER_SCRIPT: &str = "INPUT(-ltorch_cpu -lc10)\n";

/// Libraries that are not linked: CUDA's half, Python's binding, and what is replaced by the linker script.
pub(super) fn is_wanted(library: &str) -> bool {
    const UNWANTED: [&str; 8] = [
        "libtorch.so",
        "libtorch_cuda",
        "libtorch_global_deps",
        "libtorch_nvshmem",
        "libtorch_python",
        "libc10_cuda",
        "libcaffe2_nvrtc",
        "libshm",
    ];
    library.contains(".so") && !UNWANTED.iter().any(|unwanted| library.starts_with(unwanted))
}

/// Links `target/libtorch` to the libtorch in `from`, unless that is what it is already.
pub(super) fn make(workspace: &Workspace, from: &Path) -> Result<()> {
    let folder = workspace.libtorch();
    let below_target = from.strip_prefix(workspace.target()).ok();
    // Links within `target/` are relative, so that the checkout can be moved.
    let origin = below_target.map_or_else(|| from.to_owned(), |path| Path::new("..").join(path));
    let source = vec![origin.display().to_string()];
    if Stamp::holds(&folder, &source) {
        return Ok(());
    }
    let part = workspace.target().join("libtorch.part");
    remove(&part)?;
    fs::create_dir_all(part.join("lib"))
        .with_context(|| format!("cannot make {}", part.display()))?;
    link(&origin.join("include"), &part.join("include"))?;
    let mut names = Vec::new();
    for (name, library) in libraries(from)? {
        let relative = library.strip_prefix(from).map_or(library.clone(), |path| origin.join(path));
        let target = if relative.is_absolute() { relative } else { Path::new("..").join(relative) };
        link(&target, &part.join("lib").join(&name))?;
        names.push(Path::new("lib").join(name));
    }
    // A folder that was made here has it among its own.
    if part.join("lib/libgomp.so.1").exists() && !part.join("lib/libgomp.so").exists() {
        link(Path::new("libgomp.so.1"), &part.join("lib/libgomp.so"))?;
    }
    fs::write(part.join("lib/libtorch.so"), LINKER_SCRIPT)
        .context("cannot write lib/libtorch.so")?;
    names.push("lib/libtorch.so".into());
    Stamp { source, files: with_sizes(&part, names)? }.write(&part)?;
    require_loadable(&part.join("lib/libtorch_cpu.so"))?;
    remove(&folder)?;
    fs::rename(&part, &folder)
        .with_context(|| format!("cannot put {} in place", folder.display()))?;
    console::line(&format!("target/libtorch links to {}", from.display()));
    Ok(())
}

/// Name and path of every library that `lib` must have, the CUDA runtime's two among them.
fn libraries(from: &Path) -> Result<Vec<(PathBuf, PathBuf)>> {
    let lib = from.join("lib");
    let mut found =
        files(&lib, is_wanted).with_context(|| format!("cannot open {}", lib.display()))?;
    // PyTorch's own packages keep CUDA's libraries in folders of their own beside `torch`.
    let nvidia = from.join("../nvidia");
    for folder in ["cu13/lib", "cuda_runtime/lib", "cuda_cupti/lib"] {
        let is_needed =
            |name: &str| name.starts_with("libcudart.so.") || name.starts_with("libcupti.so.");
        found.extend(files(&nvidia.join(folder), is_needed).unwrap_or_default());
    }
    found.sort();
    found.dedup_by(|later, earlier| later.0 == earlier.0);
    Ok(found)
}

fn files(folder: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<Vec<(PathBuf, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_str().is_some_and(&is_wanted) {
            found.push((name.into(), without_dots(&entry.path())));
        }
    }
    Ok(found)
}

/// `a/b/../c` as `a/c`, for paths that hold no links.
fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut whole, component| {
        if component == Component::ParentDir {
            whole.pop();
        } else {
            whole.push(component);
        }
        whole
    })
}

fn link(target: &Path, link: &Path) -> Result<()> {
    symlink(target, link).with_context(|| format!("cannot make the link {}", link.display()))
}

fn with_sizes(folder: &Path, names: Vec<PathBuf>) -> Result<Vec<(PathBuf, u64)>> {
    names
        .into_iter()
        .map(|name| {
            let path = folder.join(&name);
            let found =
                fs::metadata(&path).with_context(|| format!("cannot open {}", path.display()))?;
            Ok((name, found.len()))
        })
        .collect()
}

/// Loads the library once: a missing companion shows itself here, and not as a linker's riddle later.
fn require_loadable(library: &Path) -> Result<()> {
    let script =
        "import ctypes, sys\ntry: ctypes.CDLL(sys.argv[1])\nexcept OSError as e: sys.exit(str(e))";
    let Ok(output) = python::python().args(["-c", script]).arg(library).output() else {
        return Ok(()); // without Python there is nothing to ask; the linker will tell
    };
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let reason = said.lines().last().ok_or_else(|| anyhow!("libtorch_cpu.so does not load"))?;
    Err(failure(
        format!("libtorch_cpu.so does not load: {reason}"),
        "a libtorch needs glibc 2.28 or newer and, if built for CUDA, libcudart and libcupti in its lib folder",
    ))
}

#[cfg(test)]
mod tests {
    use super::super::version::tests::libtorch;
    use super::*;

    #[test]
    fn cuda_is_never_among_what_is_linked() {
        for name in [
            "libtorch_cpu.so",
            "libc10.so",
            "libgomp.so.1",
            "libgomp-98b21ff3.so.1",
            "libcudart.so.13",
        ] {
            assert!(is_wanted(name), "{name}");
        }
        for name in [
            "libtorch.so",
            "libtorch_cuda.so",
            "libtorch_cuda_linalg.so",
            "libc10_cuda.so",
            "cmake",
        ] {
            assert!(!is_wanted(name), "{name}");
        }
    }

    #[test]
    fn libraries_come_from_lib_and_from_beside_torch() {
        let site_packages = tempfile::tempdir().unwrap();
        let torch = site_packages.path().join("torch");
        fs::rename(libtorch(11).keep(), &torch).unwrap();
        let nvidia = site_packages.path().join("nvidia/cu13/lib");
        fs::create_dir_all(&nvidia).unwrap();
        for name in ["libcudart.so.13", "libcupti.so.13", "libcublas.so.13"] {
            fs::write(nvidia.join(name), name).unwrap();
        }
        let found = libraries(&torch).unwrap();
        let names: Vec<_> = found.iter().map(|(name, _)| name.to_str().unwrap()).collect();
        assert_eq!(
            names,
            ["libc10.so", "libcudart.so.13", "libcupti.so.13", "libgomp.so.1", "libtorch_cpu.so"]
        );
        assert_eq!(found[1].1, nvidia.join("libcudart.so.13"));
    }

    #[test]
    fn a_libtorch_that_does_not_load_is_refused_before_it_is_put_in_place() {
        let (root, own) = (tempfile::tempdir().unwrap(), libtorch(11));
        let workspace = Workspace::at(root.path());
        let error = make(&workspace, own.path()).unwrap_err();
        assert!(error.to_string().starts_with("libtorch_cpu.so does not load: "), "{error}");
        assert!(!workspace.libtorch().exists());
        let script =
            fs::read_to_string(root.path().join("target/libtorch.part/lib/libtorch.so")).unwrap();
        assert_eq!(script, "INPUT(-ltorch_cpu -lc10)\n");
        assert!(!root.path().join("target/libtorch.part/lib/libtorch_cuda.so").exists());
    }
}
