//! The tests of the page: built with a small package, driven in a browser.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::debian;
use crate::failure::failure;
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
    let foreign = folder.join("foreign");
    adopt(workspace, programs, &foreign)?;
    web::build(
        workspace,
        &Web {
            packages: vec![format!("demo={}", package.display())],
            library: Some(library),
            // The full build takes minutes longer and gives the same pictures.
            build: Build::Quick,
            out: Some(dist.clone()),
            addresses: web::Addresses::default(),
            tract: true,
            port: None,
        },
    )?;
    check_types(workspace)?;
    let mut node = workspace.command("node");
    node.args(["--test", "tests/web/all.test.js"]).env("CHROMIUM", browser);
    node.env("GQN_DIST", dist).env("GQN_RUN", programs.join("gqn-run"));
    workspace::run(node.env("GQN_FOREIGN", foreign))
}

/// Builds the page with the models that it has, and type-checks its modules; nothing is opened in a browser.
pub(crate) fn types(workspace: &Workspace) -> Result<()> {
    let out = Some(workspace.target().join("page/types"));
    let addresses = web::Addresses::default();
    web::build(
        workspace,
        &Web {
            packages: Vec::new(),
            library: None,
            build: Build::Quick,
            out,
            addresses,
            port: None,
            tract: false,
        },
    )?;
    check_types(workspace)
}

/// Type-checks the page's modules against the bindings that the build has just made.
fn check_types(workspace: &Workspace) -> Result<()> {
    let page = workspace.root().join("web-demo");
    web::install(&page)?;
    let mut compiler = workspace.command("node");
    compiler.current_dir(&page).arg(page.join("node_modules/typescript/bin/tsc"));
    workspace::run(compiler.args(["--project", "jsconfig.json"]))
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

/// Takes in the graphs that `PyTorch`'s exporter wrote (`tests/golden/foreign/make.py`).
fn adopt(workspace: &Workspace, programs: &Path, package: &Path) -> Result<()> {
    let graphs = workspace.root().join("tests/golden/foreign");
    let mut adopt = workspace.command(programs.join("gqn-export"));
    adopt.args(["adopt", "--force", "--per-view", "--frames", "x", "--poses", "v", "--scene", "r"]);
    adopt.args(["--query-scene", "r", "--query-poses", "v", "--noise", "z"]);
    adopt.args(["--picture", "picture", "--representation"]);
    adopt.arg(graphs.join("representation.onnx")).arg("--generator");
    workspace::run(adopt.arg(graphs.join("generator.onnx")).arg("--out").arg(package))
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

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn one_driver_of_browsers_and_a_type_checker_are_locked() {
        let locked = |folder: &str, package: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(folder);
            let lock = std::fs::read_to_string(path.join("package-lock.json")).unwrap();
            let lock: Value = serde_json::from_str(&lock).unwrap();
            lock["packages"][format!("node_modules/{package}")]["version"].clone()
        };
        let driver = locked("web-demo", "playwright-core");
        assert!(driver.is_string());
        assert_eq!(driver, locked("xtask/bench", "playwright-core"));
        assert!(locked("web-demo", "typescript").is_string());
    }

    #[test]
    fn every_module_of_the_page_is_checked() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo");
        let mut folders = vec![page.join("src")];
        let mut checked = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "js") {
                    let text = std::fs::read_to_string(&path).unwrap();
                    assert!(!text.contains("@ts-nocheck") && !text.contains("@ts-ignore"));
                    checked += 1;
                }
            }
        }
        assert!(checked > 20, "{checked} modules");
        let config = std::fs::read_to_string(page.join("jsconfig.json")).unwrap();
        let config: Value = serde_json::from_str(&config).unwrap();
        assert_eq!(config["compilerOptions"]["checkJs"], true);
        assert!(config["include"].to_string().contains("src/**/*.js"));
    }
}
