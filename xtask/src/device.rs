//! What is shipped to devices: builds `xtask-device`, and `gqn-run`, whose manual and completions it packs, and calls it.

use std::ffi::OsString;

use anyhow::Result;

use crate::workspace::{Programs, Workspace};

/// Runs one of its commands with the arguments that ours was given.
pub(crate) fn run(workspace: &Workspace, command: &str, arguments: &[OsString]) -> Result<()> {
    let programs = Programs::beside_us(workspace)?;
    programs.build(&["gqn-runtime-native", "xtask-device"])?;
    let mut all: Vec<OsString> = vec!["--root".into(), programs.root().into(), command.into()];
    all.extend_from_slice(arguments);
    programs.run("xtask-device", &all)
}
