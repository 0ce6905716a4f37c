//! What Debian's packages bring and cargo does not.

use std::path::Path;
use std::process::Command;

use anyhow::Result;

use crate::talk;
use crate::workspace::{self, Workspace};

/// Installs packages where this is root on a Debian, which continuous integration is; otherwise does nothing.
pub(crate) fn install(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    if !is_root() || !Path::new("/usr/bin/apt-get").is_file() {
        return Ok(());
    }
    talk::line(&format!("installing {}", packages.join(", ")));
    let apt = |arguments: &[&str]| {
        let mut command = workspace.command("apt-get");
        workspace::run(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update", "--quiet"])?;
    apt(&[&["install", "--yes", "--quiet", "--no-install-recommends"], packages].concat())
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
