//! The project's programs: built by cargo and run from beside this one.

use std::env;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::command::call;
use crate::workspace::Workspace;

/// The project's programs, which cargo builds beside this one.
#[derive(Debug)]
pub struct Programs<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

impl<'a> Programs<'a> {
    /// Those in the folder of this program.
    ///
    /// # Errors
    /// The path of this program is not known.
    pub fn beside_us(workspace: &'a Workspace) -> Result<Self> {
        let us = env::current_exe().context("cannot tell where this program lies")?;
        let folder = us.parent().context("this program lies in no folder")?.to_owned();
        Ok(Self { workspace, folder })
    }

    /// Builds those of some packages.
    ///
    /// # Errors
    /// Cargo fails.
    pub fn build(&self, packages: &[&str]) -> Result<()> {
        let mut cargo = self.workspace.cargo();
        cargo.args(["build", "--release"]);
        for package in packages {
            cargo.args(["--package", package]);
        }
        call(&mut cargo)
    }

    /// Builds some by their names, with the features that dependencies have in the whole workspace: beside the tests, nothing
    /// compiles twice.
    ///
    /// # Errors
    /// Cargo fails.
    pub fn build_as_tested(&self, names: &[&str]) -> Result<()> {
        let mut cargo = self.workspace.cargo();
        cargo.args(["build", "--release", "--workspace"]);
        cargo.args(names.iter().flat_map(|name| ["--bin", name]));
        call(&mut cargo)
    }

    /// Where one lies.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// One that finds what was set up.
    pub fn command(&self, name: &str) -> Command {
        self.workspace.command(self.path(name))
    }

    /// Runs one to its end.
    ///
    /// # Errors
    /// It cannot be started, or fails.
    pub fn run(&self, name: &str, arguments: &[OsString]) -> Result<()> {
        call(self.command(name).args(arguments))
    }
}

/// The scoreboard, which builds and times graphs.
pub fn scoreboard(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    // Of the whole workspace, so that features are those of the tests and nothing compiles twice.
    cargo.args(["bench", "--quiet", "--workspace", "--bench", "scoreboard"]);
    cargo.arg("--");
    // Weights and values in huge pages, for all engines alike (README, "Huge pages").
    if env::var_os("GLIBC_TUNABLES").is_none() {
        cargo.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    }
    cargo
}
