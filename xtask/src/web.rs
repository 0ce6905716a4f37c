//! The commands of `xtask-web`, which knows the page: it is built and called.

use std::env;
use std::ffi::{OsStr, OsString};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use xtask_workspace::{Programs, SystemPackages, Workspace, call, debian};

/// The option that both programs know.
pub(crate) const NO_SYSTEM: &str = "--no-system";

/// Runs a command with the user's options. What it prints and its exit code are those of `cargo xtask`.
pub(crate) fn run(workspace: &Workspace, command: &str, options: &[OsString]) -> Result<ExitCode> {
    debian::list_missing(workspace, debian::WEB);
    let mut program = program(workspace, command)?;
    program.args(options.iter().filter(|option| *option != NO_SYSTEM));
    let status = program.status().context("cannot run xtask-web")?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Runs a command of ours; its failure is an error.
pub(crate) fn check(workspace: &Workspace, command: &str, options: &[&OsStr]) -> Result<()> {
    call(program(workspace, command)?.args(options))
}

fn program(workspace: &Workspace, command: &str) -> Result<Command> {
    let programs = Programs::beside_us(workspace)?;
    programs.build(&["xtask-web"])?;
    let mut program = programs.command("xtask-web");
    // Paths among the options are the user's.
    program.current_dir(env::current_dir().context("cannot tell the working folder")?);
    let list_only = workspace.system_packages() == SystemPackages::ListOnly;
    program.args(list_only.then_some(NO_SYSTEM)).arg(command);
    Ok(program)
}
