//! Where things lie in the workspace, and how its programs are called.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result, bail};

use crate::debian::SystemPackages;
use crate::failure::failure;

/// The workspace this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    system_packages: SystemPackages,
}

impl Workspace {
    /// Found from the manifest's folder, so that the command works from any folder of the workspace.
    pub(crate) fn here() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let root = manifest.parent().context("the xtask crate lies in no workspace")?;
        Ok(Self {
            root: fs::canonicalize(root)
                .with_context(|| format!("cannot open {}", root.display()))?,
            system_packages: SystemPackages::Install,
        })
    }

    /// A workspace elsewhere, for tests.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), system_packages: SystemPackages::Install }
    }

    /// The same, where packages of the system are installed or only listed.
    pub(crate) fn with_system_packages(self, system_packages: SystemPackages) -> Self {
        Self { system_packages, ..self }
    }

    /// What to do about a program that the system lacks.
    pub(crate) fn system_packages(&self) -> SystemPackages {
        self.system_packages
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Everything fetched and built goes here.
    pub(crate) fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// What was unpacked from wheels, one folder each.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.target().join("downloads")
    }

    /// The folder the trainer links: `include`, `lib`.
    pub(crate) fn libtorch(&self) -> PathBuf {
        self.target().join("libtorch")
    }

    /// The folder that holds `libonnxruntime.so`.
    pub(crate) fn onnxruntime(&self) -> PathBuf {
        self.target().join("onnxruntime")
    }

    /// The tests' Python environment.
    pub(crate) fn venv(&self) -> PathBuf {
        self.target().join("venv")
    }

    /// The user's own libtorch, if `LIBTORCH` names one. Cargo itself sets the variable to our folder.
    pub(crate) fn own_libtorch(&self) -> Option<PathBuf> {
        let path = env::var_os("LIBTORCH").filter(|value| !value.is_empty()).map(PathBuf::from)?;
        (path != self.libtorch()).then_some(path)
    }

    /// The user's own ONNX Runtime, if `ORT_DYLIB_PATH` names one.
    pub(crate) fn own_onnxruntime() -> Option<PathBuf> {
        env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// A program that finds what was set up.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).env("LIBTORCH", self.libtorch());
        // Programs below `target/` find it by themselves, those of another CARGO_TARGET_DIR do not.
        let is_elsewhere = env::var_os("CARGO_TARGET_DIR").is_some();
        if is_elsewhere && Self::own_onnxruntime().is_none() {
            command.env("ORT_DYLIB_PATH", self.onnxruntime().join("libonnxruntime.so"));
        }
        command
    }

    /// The cargo that runs us.
    pub(crate) fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}

/// The project's programs, which cargo builds beside this one.
#[derive(Debug)]
pub(crate) struct Programs<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

impl<'a> Programs<'a> {
    /// Those in the folder of this program.
    pub(crate) fn beside_us(workspace: &'a Workspace) -> Result<Self> {
        let us = env::current_exe().context("cannot tell where this program lies")?;
        let folder = us.parent().context("this program lies in no folder")?.to_owned();
        Ok(Self { workspace, folder })
    }

    /// Builds those of some packages.
    pub(crate) fn build(&self, packages: &[&str]) -> Result<()> {
        let mut cargo = self.workspace.cargo();
        cargo.args(["build", "--release"]);
        for package in packages {
            cargo.args(["--package", package]);
        }
        run(&mut cargo)
    }

    /// Where they run.
    pub(crate) fn root(&self) -> &Path {
        self.workspace.root()
    }

    /// Runs one to its end.
    pub(crate) fn run(&self, name: &str, arguments: &[OsString]) -> Result<()> {
        run(self.workspace.command(self.folder.join(name)).args(arguments))
    }
}

/// Runs a command to its end; its output passes through.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let name = Path::new(&program)
        .file_name()
        .map_or(program.clone(), |name| name.to_string_lossy().into_owned());
    let status = command.status().map_err(|error| {
        failure(
            format!("cannot run {program}: {error}"),
            format!("is {name} installed and on the PATH?"),
        )
    })?;
    if status.success() {
        return Ok(());
    }
    let arguments: Vec<_> = command.get_args().take(3).map(OsStr::to_string_lossy).collect();
    bail!("`{name} {}` failed ({status})", arguments.join(" "))
}
