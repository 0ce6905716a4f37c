//! The tests of the page: built with a small package, driven in a browser.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::failure::failure;
use crate::talk;
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
    let (run, package, dist) = (folder.join("run"), folder.join("package"), folder.join("dist"));
    let config = workspace.root().join("trainer/configs/demo.toml");
    let mut train = workspace.command(programs.join("gqn-train"));
    train.args(["train", "--device", "cpu", "--scenes", "50", "--steps", "60", "--force"]);
    workspace::run(train.arg("--config").arg(config).arg("--out").arg(&run))?;
    let mut export = workspace.command(programs.join("gqn-export"));
    export.args(["export", "--force"]).arg(&run).arg("--out").arg(&package);
    workspace::run(&mut export)?;
    web::build(
        workspace,
        &Web {
            packages: vec![format!("demo={}", package.display())],
            // The full build takes minutes longer and gives the same pictures.
            build: Build::Quick,
            out: Some(dist.clone()),
            port: None,
        },
    )?;
    web::install(&workspace.root().join("web-demo"))?;
    let mut node = workspace.command("node");
    node.args(["--test", "tests/web/all.test.js"]).env("CHROMIUM", browser);
    workspace::run(node.env("GQN_DIST", dist).env("GQN_RUN", programs.join("gqn-run")))
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
    if is_root() && Path::new("/usr/bin/apt-get").is_file() {
        talk::line("installing chromium");
        let apt = |arguments: &[&str]| {
            let mut command = workspace.command("apt-get");
            workspace::run(command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
        };
        apt(&["update", "--quiet"])?;
        apt(&["install", "--yes", "--quiet", "--no-install-recommends", "chromium"])?;
    }
    found().ok_or_else(|| {
        failure(
            "no Chromium: the tests of the page drive one",
            "install it (Debian: `apt-get install chromium`), or name yours in CHROMIUM",
        )
    })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
