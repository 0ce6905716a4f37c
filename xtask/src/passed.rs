//! Commands that a program of its own carries out, which is built and called: `xtask-web` knows the page, `xtask-device`
//! the archive for devices.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use xtask_workspace::{Programs, SystemPackages, Workspace, call, debian};

/// The option that all programs know.
pub(crate) const NO_SYSTEM: &str = "--no-system";

/// Another program.
#[derive(Debug)]
pub(crate) struct Program {
    name: &'static str,
    /// What is built: it, and what it calls.
    packages: &'static [&'static str],
}

/// The page: built, checked and timed.
pub(crate) const WEB: Program = Program { name: "xtask-web", packages: &["xtask-web"] };

/// The archive for devices, which holds the manual and the completions that `gqn-run` prints.
pub(crate) const DEVICE: Program =
    Program { name: "xtask-device", packages: &["xtask-device", "gqn-runtime-native"] };

/// Runs a command with the user's options. What it prints and its exit code are those of `cargo xtask`.
pub(crate) fn run(
    workspace: &Workspace,
    program: &Program,
    command: &str,
    options: &[OsString],
) -> Result<ExitCode> {
    debian::list_missing(workspace, needs_of(command));
    let mut call = program.command(workspace, command)?;
    call.args(options.iter().filter(|option| *option != NO_SYSTEM));
    let status = call.status().with_context(|| format!("cannot run {}", program.name))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Runs a command of the page; its failure is an error.
pub(crate) fn check_page(workspace: &Workspace, command: &str, options: &[&OsStr]) -> Result<()> {
    call(WEB.command(workspace, command)?.args(options))
}

/// The packages of the system that a command needs.
fn needs_of(command: &str) -> &'static [debian::Need] {
    match command {
        "bench-web" => debian::BENCH_WEB,
        "dist" => debian::DIST,
        "providers" => debian::PROVIDERS,
        _ => debian::WEB,
    }
}

impl Program {
    fn command(&self, workspace: &Workspace, command: &str) -> Result<Command> {
        let programs = Programs::beside_us(workspace)?;
        programs.build(self.packages)?;
        let mut program = programs.command(self.name);
        // Paths among the options are the user's.
        program.current_dir(env::current_dir().context("cannot tell the working folder")?);
        let list_only = workspace.system_packages() == SystemPackages::ListOnly;
        program.args(list_only.then_some(NO_SYSTEM)).arg(command);
        Ok(program)
    }
}
