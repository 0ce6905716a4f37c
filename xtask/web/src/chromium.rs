//! The browser that the tests of the page and the bench drive.

use std::env;
use std::path::PathBuf;

use anyhow::Result;
use xtask_workspace::{Workspace, debian, failure};

/// The browser of `CHROMIUM`, or the system's; on Debian, root gets it if it is not there.
pub(crate) fn find(workspace: &Workspace) -> Result<PathBuf> {
    if let Some(own) = env::var_os("CHROMIUM").filter(|path| !path.is_empty()) {
        return Ok(own.into());
    }
    let found = || {
        let names = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
        names.into_iter().map(PathBuf::from).find(|path| path.is_file())
    };
    if let Some(path) = found() {
        return Ok(path);
    }
    debian::install(workspace, &["chromium"])?;
    found().ok_or_else(|| {
        failure(
            "no Chromium: the tests of the page drive one",
            "install it (Debian: `apt-get install chromium`), or name yours in CHROMIUM",
        )
    })
}
