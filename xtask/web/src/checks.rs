//! The types of the page, and its tests: built with a small package, driven in a browser.

use std::path::Path;

use anyhow::Result;
use xtask_workspace::{Programs, Workspace, call};

use crate::browsers;
use crate::html::Addresses;
use crate::node;
use crate::page::{self, Web};
use crate::wasm::Build;

/// Builds the page into `target/page/dist` and runs `tests/web` on it.
///
/// The package is one that a few steps of training made: what the page paints is held against ONNX Runtime's picture of
/// the same package, not against the truth.
pub(crate) fn test(workspace: &Workspace) -> Result<()> {
    let browser = browsers::chromium(workspace)?;
    let other = browsers::firefox(workspace)?;
    let programs = &Programs::beside_us(workspace)?;
    let folder = workspace.target().join("page");
    let (package, library, dist) =
        (folder.join("package"), folder.join("models"), folder.join("dist"));
    let demo = workspace.root().join("trainer/configs/demo.toml");
    make(workspace, programs, &demo, &["--scenes", "50", "--steps", "60"], &package)?;
    let micro = workspace.root().join("tests/web/micro.toml");
    make(workspace, programs, &micro, &[], &library.join("micro"))?;
    let foreign = folder.join("foreign");
    adopt(workspace, programs, &foreign)?;
    page::build(
        workspace,
        &Web {
            packages: vec![format!("demo={}", package.display())],
            library: Some(library),
            // The full build takes minutes longer and gives the same pictures.
            build: Build::Quick,
            out: Some(dist.clone()),
            addresses: Addresses::default(),
            tract: true,
            port: None,
        },
    )?;
    check_types(workspace)?;
    let mut node = workspace.command("node");
    node.args(["--test", "tests/web/all.test.js"]).env("CHROMIUM", browser);
    node.envs(other.map(|path| ("FIREFOX", path)));
    node.env("GQN_DIST", dist).env("GQN_RUN", programs.path("gqn-run"));
    call(node.env("GQN_FOREIGN", foreign))
}

/// Builds the page with the models that it has, and type-checks its modules; nothing is opened in a browser.
pub(crate) fn types(workspace: &Workspace) -> Result<()> {
    let out = Some(workspace.target().join("page/types"));
    let addresses = Addresses::default();
    page::build(
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
    let folder = workspace.root().join("web-demo");
    node::install(&folder)?;
    let mut compiler = workspace.command("node");
    compiler.current_dir(&folder).arg(folder.join("node_modules/typescript/bin/tsc"));
    call(compiler.args(["--project", "jsconfig.json"]))
}

/// Trains as a file says, for seconds, and exports it.
fn make(
    workspace: &Workspace,
    programs: &Programs<'_>,
    config: &Path,
    flags: &[&str],
    package: &Path,
) -> Result<()> {
    let run = package.with_extension("run");
    let mut train = workspace.command(programs.path("gqn-train"));
    train.args(["train", "--device", "cpu", "--force"]).args(flags);
    call(train.arg("--config").arg(config).arg("--out").arg(&run))?;
    let mut export = workspace.command(programs.path("gqn-export"));
    export.args(["export", "--force"]).arg(&run).arg("--out").arg(package);
    call(&mut export)
}

/// Takes in the graphs that `PyTorch`'s exporter wrote (`tests/golden/foreign/make.py`).
fn adopt(workspace: &Workspace, programs: &Programs<'_>, package: &Path) -> Result<()> {
    let graphs = workspace.root().join("tests/golden/foreign");
    let mut adopt = workspace.command(programs.path("gqn-export"));
    adopt.args(["adopt", "--force", "--per-view", "--frames", "x", "--poses", "v", "--scene", "r"]);
    adopt.args(["--query-scene", "r", "--query-poses", "v", "--noise", "z"]);
    adopt.args(["--picture", "picture", "--representation"]);
    adopt.arg(graphs.join("representation.onnx")).arg("--generator");
    call(adopt.arg(graphs.join("generator.onnx")).arg("--out").arg(package))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn one_driver_of_browsers_and_a_type_checker_are_locked() {
        let locked = |folder: &str, package: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
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
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web-demo");
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
                    let lines = text.lines().count();
                    assert!(lines <= 150, "{} has {lines} lines", path.display());
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

    #[test]
    fn every_test_of_the_page_is_run() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/web");
        let read = |path: &Path| std::fs::read_to_string(path).unwrap();
        let all = read(&folder.join("all.test.js"));
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let is_script = path.extension().is_some_and(|end| end == "js");
            if is_script && read(&path).lines().any(|line| line.contains("test(\"")) {
                assert!(all.contains(&format!("import \"./{name}\";")), "{name} is not run");
            }
        }
    }
}
