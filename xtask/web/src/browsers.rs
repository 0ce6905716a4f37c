//! The browsers that the tests of the page and the bench drive.

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use xtask_workspace::{Workspace, debian, failure};

/// The browser of `CHROMIUM`, or the system's; on Debian, root gets it if it is not there.
///
/// # Errors
/// There is none.
pub(crate) fn chromium(workspace: &Workspace) -> Result<PathBuf> {
    let names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    find(workspace, "CHROMIUM", &names, "chromium")?.ok_or_else(|| {
        failure(
            "no Chromium: the tests of the page drive one",
            "install it (Debian: `apt-get install chromium`), or name yours in CHROMIUM",
        )
    })
}

/// The browser of `FIREFOX`, or the system's; on Debian, root gets it if it is not there. Elsewhere its test is left out.
pub(crate) fn firefox(workspace: &Workspace) -> Result<Option<PathBuf>> {
    find(workspace, "FIREFOX", &["/usr/bin/firefox-esr", "/usr/bin/firefox"], "firefox-esr")
}

fn find(
    workspace: &Workspace,
    variable: &str,
    names: &[&str],
    package: &str,
) -> Result<Option<PathBuf>> {
    if let Some(own) = env::var_os(variable).filter(|path| !path.is_empty()) {
        return Ok(Some(own.into()));
    }
    let found = || names.iter().map(PathBuf::from).find(|path| path.is_file());
    if let Some(path) = found() {
        return Ok(Some(path));
    }
    debian::install(workspace, &[package])?;
    Ok(found())
}
