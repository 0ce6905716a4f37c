//! Commands that a program of its own carries out, which is built and called: `xtask-web` knows the page, `xtask-device`
//! the archive for devices.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use xtask_workspace::{Programs, SystemPackages, Workspace, call, debian};

/// The option that all programs know.
pub(crate) const NO_SYSTEM: &str = "--no-system";

/// A command of another program.
#[derive(Debug)]
pub(crate) struct Task {
    program: &'static str,
    command: &'static str,
    /// What is built: the program, and what it calls.
    programs: &'static [&'static str],
    /// What the command needs of the system.
    needs: &'static [debian::Need],
}

/// The page: built.
pub(crate) const WEB: Task = of_page("web", debian::WEB);
/// The page's engine: timed.
pub(crate) const BENCH_WEB: Task = of_page("bench-web", debian::BENCH_WEB);
/// The page: its types checked.
pub(crate) const CHECK_TYPES: Task = of_page("check-types", debian::WEB);
/// The page: tested in a browser.
pub(crate) const TEST_PAGE: Task = of_page("test-page", debian::TEST);
/// The archive for devices.
pub(crate) const DIST: Task = of_device("dist", debian::DIST);
/// Packages on the providers that need no accelerator.
pub(crate) const PROVIDERS: Task = of_device("providers", debian::PROVIDERS);

const fn of_page(command: &'static str, needs: &'static [debian::Need]) -> Task {
    Task { program: "xtask-web", command, programs: &["xtask-web"], needs }
}

/// With `gqn-run`, which is called, and prints the manual and the completions that are packed.
const fn of_device(command: &'static str, needs: &'static [debian::Need]) -> Task {
    let programs = &["xtask-device", "gqn-run"];
    Task { program: "xtask-device", command, programs, needs }
}

impl Task {
    /// Runs it with the user's options. What it prints and its exit code are those of `cargo xtask`.
    pub(crate) fn run(&self, workspace: &Workspace, options: &[OsString]) -> Result<ExitCode> {
        debian::list_missing(workspace, self.needs);
        let mut program = self.build(workspace)?;
        program.args(options.iter().filter(|option| *option != NO_SYSTEM));
        let status = program.status().with_context(|| format!("cannot run {}", self.program))?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
    }

    /// Runs it as a stage of a task of ours: its failure is an error.
    pub(crate) fn check(&self, workspace: &Workspace, options: &[&OsStr]) -> Result<()> {
        call(self.build(workspace)?.args(options))
    }

    fn build(&self, workspace: &Workspace) -> Result<Command> {
        let programs = Programs::beside_us(workspace)?;
        programs.build_as_tested(self.programs)?;
        let mut program = programs.command(self.program);
        // Paths among the options are the user's.
        program.current_dir(env::current_dir().context("cannot tell the working folder")?);
        let list_only = workspace.system_packages() == SystemPackages::ListOnly;
        program.args(list_only.then_some(NO_SYSTEM)).arg(self.command);
        Ok(program)
    }
}
