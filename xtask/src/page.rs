//! The tests of the page: built with a small package, driven in a browser.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
use crate::failure::failure;
use crate::types;
use crate::web::{self, Build, Web};
use crate::workspace::{self, Workspace};

/// Builds the page into `target/page/dist` and runs `tests/web` on it.
///
/// The package is one that a few steps of training made: what the page paints is held against ONNX Runtime's picture of
/// the same package, not against the truth.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    let browser = browser(workspace)?;
    let programs = env::current_exe().context("the path of this program is not known")?;
    let programs = programs.parent().context("a program lies in a folder")?;
    let folder = workspace.target().join("page");
    let (package, library, dist) =
        (folder.join("package"), folder.join("models"), folder.join("dist"));
    let demo = workspace.root().join("trainer/configs/demo.toml");
    make(workspace, programs, &demo, &["--scenes", "50", "--steps", "60"], &package)?;
    let micro = workspace.root().join("tests/web/micro.toml");
    make(workspace, programs, &micro, &[], &library.join("micro"))?;
    web::build(
        workspace,
        &Web {
            packages: vec![format!("demo={}", package.display())],
            library: Some(library),
            // The full build takes minutes longer and gives the same pictures.
            build: Build::Quick,
            out: Some(dist.clone()),
            port: None,
        },
    )?;
    web::install(&workspace.root().join("web-demo"))?;
    types::check(workspace)?;
    let mut node = workspace.command("node");
    node.args(["--test", "tests/web/all.test.js"]).env("CHROMIUM", browser);
    workspace::run(node.env("GQN_DIST", dist).env("GQN_RUN", programs.join("gqn-run")))
}

/// Trains as a file says, for seconds, and exports it.
fn make(
    workspace: &Workspace,
    programs: &Path,
    config: &Path,
    flags: &[&str],
    package: &Path,
) -> Result<()> {
    let run = package.with_extension("run");
    let mut train = workspace.command(programs.join("gqn-train"));
    train.args(["train", "--device", "cpu", "--force"]).args(flags);
    workspace::run(train.arg("--config").arg(config).arg("--out").arg(&run))?;
    let mut export = workspace.command(programs.join("gqn-export"));
    export.args(["export", "--force"]).arg(&run).arg("--out").arg(package);
    workspace::run(&mut export)
}

/// The browser of `CHROMIUM`, or the system's; on Debian, root gets it if it is not there.
pub(crate) fn browser(workspace: &Workspace) -> Result<PathBuf> {
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
