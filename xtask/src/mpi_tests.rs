//! The trainer's feature `mpi`: lints, and the tests that start several processes.

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::Result;
use xtask_workspace::{Workspace, call, console, debian};

/// The whole workspace is selected, so that its dependencies have the features that they were compiled with before;
/// then one program and one test, so that little of it is built.
const SELECTED: [&str; 5] =
    ["--release", "--workspace", "--features", "gqn-trainer/mpi", "--test=parallel"];

/// Runs them where Open MPI and libclang are, or can be installed; otherwise says that they are left out.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    if missing().is_some() {
        debian::install(workspace, &["libopenmpi-dev", "openmpi-bin", "libclang-dev"])?;
    }
    if let Some(missing) = missing() {
        console::line(&format!(
            "left out: {missing} is not here, so the trainer's feature `mpi` is not tested\n\
             hint: Debian has it in libopenmpi-dev, openmpi-bin and libclang-dev"
        ));
        return Ok(());
    }
    let cargo = |before: &[&str], after: &[&str]| {
        let arguments = [before, &SELECTED, after].concat();
        console::line(&format!("cargo {}", arguments.join(" ")));
        call(workspace.cargo().args(arguments))
    };
    cargo(&["clippy"], &["--bin=gqn-train-libtorch", "--", "-D", "warnings"])?;
    // One after the other: each is several processes already.
    cargo(&["test"], &["--", "--test-threads=1"])
}

/// What building or starting the feature needs and this host lacks.
fn missing() -> Option<&'static str> {
    let path = env::var_os("PATH").unwrap_or_default();
    let is_program = |name| env::split_paths(&path).any(|folder| folder.join(name).is_file());
    match () {
        () if !is_program("mpirun") => Some("mpirun"),
        () if !is_program("mpicc") => Some("mpicc"),
        () if !has_libclang() => Some("libclang"),
        () => None,
    }
}

/// Whether bindgen will find what it reads C headers with: where it is told to, or where distributions put it.
fn has_libclang() -> bool {
    let files = |folder: &Path| -> Vec<PathBuf> {
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
    };
    let versions = files(Path::new("/usr/lib")).into_iter();
    let versions = versions.flat_map(|folder| [folder.join("lib"), folder]);
    let told = env::var_os("LIBCLANG_PATH").map(PathBuf::from);
    let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    told.into_iter().chain(versions).chain([PathBuf::from("/usr/lib64")]).any(|folder| {
        files(&folder).iter().any(|file| {
            name(file).starts_with("libclang.so") || name(file).starts_with("libclang-")
        })
    })
}
