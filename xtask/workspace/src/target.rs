//! Targets of the compiler.

use std::path::Path;
use std::process::Stdio;

use crate::console;
use crate::workspace::Workspace;

/// Whether the toolchain that runs us has a target's standard library; if not, rustup is asked to add it.
pub fn add_target(workspace: &Workspace, target: &str) -> bool {
    if has_target(workspace, target) {
        return true;
    }
    console::line(&format!("adding the target {target} to the toolchain"));
    let status = workspace.command("rustup").args(["target", "add", target]).status();
    status.is_ok_and(|status| status.success()) && has_target(workspace, target)
}

fn has_target(workspace: &Workspace, target: &str) -> bool {
    let library = workspace
        .command("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .stderr(Stdio::null())
        .output();
    let folder = library.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    folder.is_ok_and(|folder| !folder.is_empty() && Path::new(&folder).is_dir())
}
