//! A command that is run to its end.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::error::failure;

/// Runs a command to its end; its output passes through.
///
/// # Errors
/// It cannot be started, or fails.
pub fn call(command: &mut Command) -> Result<()> {
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
