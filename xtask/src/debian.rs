//! Programs from Debian's packages, installed where that is ours to do: by root, as in a container.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::talk;
use crate::workspace::{self, Workspace};

/// Installs packages if we may; whether it was tried.
pub(crate) fn install(workspace: &Workspace, packages: &[&str]) -> Result<bool> {
    if !(is_root() && Path::new("/usr/bin/apt-get").is_file()) {
        return Ok(false);
    }
    talk::line(&format!("installing {}", packages.join(", ")));
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command("apt-get");
        workspace::run(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update", "--quiet"])?;
    let flags = ["install", "--yes", "--quiet", "--no-install-recommends"];
    apt(&[&flags[..], packages].concat())?;
    Ok(true)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
