//! The browsers that the tests of the page and the bench drive.

use std::env;
use std::path::PathBuf;

use anyhow::{Result, ensure};
use xtask_workspace::{Workspace, console, debian, failure};

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
    let names = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];
    let found = find(workspace, "FIREFOX", &names, "firefox-esr");
    if env::var_os("FIREFOX").is_some_and(|path| !path.is_empty()) {
        return found;
    }
    let found = found.unwrap_or_default();
    if found.is_none() {
        console::line("no Firefox: its test is left out (Debian: `apt-get install firefox-esr`)");
    }
    Ok(found)
}

fn find(
    workspace: &Workspace,
    variable: &str,
    names: &[&str],
    package: &str,
) -> Result<Option<PathBuf>> {
    if let Some(own) = env::var_os(variable).filter(|path| !path.is_empty()) {
        let own = PathBuf::from(own);
        ensure!(own.is_file(), "{variable} names {}, which is no file", own.display());
        return Ok(Some(own));
    }
    let found = || names.iter().map(PathBuf::from).find(|path| path.is_file());
    if let Some(path) = found() {
        return Ok(Some(path));
    }
    debian::install(workspace, &[package])?;
    Ok(found())
}
