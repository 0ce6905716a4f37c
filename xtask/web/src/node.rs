//! Programs from npm, pinned in `xtask/tools/package-lock.json`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use xtask_workspace::{Workspace, call, console, failure};

const LEAST_NODE: u32 = 18;

/// Installs a folder's locked packages, unless they are as locked already. Their install scripts, which would download
/// more, are not run.
pub(crate) fn install(folder: &Path) -> Result<()> {
    require_node()?;
    let (lock, stamp) = (folder.join("package-lock.json"), folder.join("node_modules/.locked"));
    let wanted = fs::read(&lock).with_context(|| format!("cannot open {}", lock.display()))?;
    if fs::read(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    console::line(&format!("fetching what {} names", lock.display()));
    let mut npm = Command::new("npm");
    npm.current_dir(folder).args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
    call(&mut npm)?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// A program of `xtask/tools`, installed.
pub(crate) fn tool(workspace: &Workspace, name: &str) -> Result<PathBuf> {
    let folder = workspace.root().join("xtask/tools");
    install(&folder)?;
    Ok(folder.join("node_modules/.bin").join(name))
}

fn require_node() -> Result<()> {
    let output = Command::new("node").arg("--version").stderr(Stdio::null()).output();
    let version = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    let found = version.unwrap_or_default();
    let hint = "install it (Debian and Ubuntu: `apt-get install nodejs npm`, or from nodejs.org)";
    match major(&found) {
        Some(major) if major >= LEAST_NODE => Ok(()),
        Some(_) => Err(failure(format!("node is {found}, expected {LEAST_NODE} or newer"), hint)),
        None => Err(failure("no Node.js: `node` does not run", hint)),
    }
}

/// `v20.11.1` → 20
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_node() {
        assert_eq!(major("v20.11.1"), Some(20));
        assert_eq!(major(""), None);
    }
}
