//! Where things lie in the workspace, and commands that find what was set up there.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use anyhow::{Context, Result};

use crate::debian::SystemPackages;

/// The workspace this program was built from.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    system_packages: SystemPackages,
}

impl Workspace {
    /// Found from the manifest's folder, so that the command works from any folder of the workspace.
    ///
    /// # Errors
    /// The folder above the manifest's cannot be opened.
    pub fn here() -> Result<Self> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| env!("CARGO_MANIFEST_DIR").into(), PathBuf::from);
        let locked = manifest.ancestors().skip(1).find(|folder| folder.join("Cargo.lock").exists());
        let root = locked.or(manifest.parent()).context("the xtask crate lies in no workspace")?;
        Ok(Self {
            root: fs::canonicalize(root)
                .with_context(|| format!("cannot open {}", root.display()))?,
            system_packages: SystemPackages::Install,
        })
    }

    /// A workspace elsewhere, for tests.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned(), system_packages: SystemPackages::Install }
    }

    /// The same, where packages of the system are installed or only listed.
    #[must_use]
    pub fn with_system_packages(self, system_packages: SystemPackages) -> Self {
        Self { system_packages, ..self }
    }

    /// What to do about a program that the system lacks.
    pub fn system_packages(&self) -> SystemPackages {
        self.system_packages
    }

    /// The folder of the workspace.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Everything fetched and built goes here.
    pub fn target(&self) -> PathBuf {
        self.root.join("target")
    }

    /// What was unpacked from wheels, one folder each.
    pub fn downloads(&self) -> PathBuf {
        self.target().join("downloads")
    }

    /// The folder the trainer links: `include`, `lib`.
    pub fn libtorch(&self) -> PathBuf {
        self.target().join("libtorch")
    }

    /// The folder that holds `libonnxruntime.so`.
    pub fn onnxruntime(&self) -> PathBuf {
        self.target().join("onnxruntime")
    }

    /// The tests' Python environment.
    pub fn venv(&self) -> PathBuf {
        self.target().join("venv")
    }

    /// The user's own libtorch, if `LIBTORCH` names one. Cargo itself sets the variable to our folder.
    pub fn own_libtorch(&self) -> Option<PathBuf> {
        let path = env::var_os("LIBTORCH").filter(|value| !value.is_empty()).map(PathBuf::from)?;
        (path != self.libtorch()).then_some(path)
    }

    /// The user's own ONNX Runtime, if `ORT_DYLIB_PATH` names one.
    pub fn own_onnxruntime() -> Option<PathBuf> {
        env::var_os("ORT_DYLIB_PATH").filter(|value| !value.is_empty()).map(PathBuf::from)
    }

    /// A program that finds what was set up.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
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
    pub fn cargo(&self) -> Command {
        self.command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
    }
}
