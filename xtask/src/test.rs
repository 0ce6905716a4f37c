//! `cargo xtask test`: everything that must hold before a change is accepted, cheapest first.

use std::process::Stdio;

use anyhow::Result;

use crate::failure::failure;
use crate::page;
use crate::processes;
use crate::setup::{Parts, set_up};
use crate::stopwatch::Stopwatch;
use crate::talk;
use crate::workspace::{self, Workspace};

/// Name and cargo's arguments. All in the release profile: networks train and rays are traced in tests, and so nothing
/// compiles twice (documentation too would otherwise compile libtorch's binding once more).
const STAGES: [(&str, &[&str]); 4] = [
    ("format", &["fmt", "--all", "--check"]),
    ("lints", &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ("tests", &["test", "--release", "--workspace"]),
    ("documentation", &["doc", "--release", "--no-deps", "--workspace"]),
];

/// Runs the stages up to the first that fails, and tells what each took.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let mut stopwatch = Stopwatch::new(STAGES.len() + 3);
    let done = stages(workspace, &mut stopwatch);
    talk::line(&format!("\n{}", stopwatch.summary()));
    if done.is_ok() {
        talk::line("all is well");
    }
    done
}

fn stages(workspace: &Workspace, stopwatch: &mut Stopwatch) -> Result<()> {
    for component in ["fmt", "clippy"] {
        require_component(workspace, component)?;
    }
    stopwatch.time("set-up", || set_up(workspace, Parts::ALL))?;
    STAGES
        .iter()
        .try_for_each(|(name, arguments)| stopwatch.time(name, || cargo(workspace, arguments)))?;
    stopwatch.time("page", || page::test(workspace))?;
    // Last: it builds the trainer once more, with MPI.
    stopwatch.time("processes", || processes::test(workspace))
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    talk::line(&format!("cargo {}", arguments.join(" ")));
    let mut command = workspace.cargo();
    if arguments[0] == "doc" {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    workspace::run(command.args(arguments))
}

fn require_component(workspace: &Workspace, name: &str) -> Result<()> {
    let status = workspace
        .cargo()
        .args([name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let component = if name == "fmt" { "rustfmt" } else { name };
    Err(failure(
        format!("`cargo {name}` is not installed"),
        format!("rustup component add {component}"),
    ))
}
