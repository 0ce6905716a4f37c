//! `cargo xtask test`: everything that must hold before a change is accepted, cheapest first.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Result;
use xtask_workspace::{Workspace, call, console, debian, failure};

use crate::fuzz::{self, Fuzz};
use crate::mpi_tests;
use crate::passed;
use crate::setup::{Parts, set_up};
use crate::stopwatch::Stopwatch;

/// Name and cargo's arguments. All in the release profile: networks train and rays are traced in tests, and so nothing
/// compiles twice (documentation too would otherwise compile libtorch's binding once more).
const STAGES: [(&str, &[&str]); 4] = [
    ("format", &["fmt", "--all", "--check"]),
    ("lints", &["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"]),
    ("tests", &["test", "--release", "--workspace"]),
    ("documentation", &["doc", "--release", "--no-deps", "--workspace"]),
];

const FUZZ: &str = "fuzz";
const PAGE: &str = "page";
const PROCESSES: &str = "processes";

/// For each target: enough to see that all of them run. The corpora are replayed among the tests.
const FUZZ_TIME: Duration = Duration::from_secs(3);

/// What `--only` takes.
pub(crate) fn stage_names() -> Vec<&'static str> {
    STAGES.iter().map(|(name, _)| *name).chain([PAGE, FUZZ, PROCESSES]).collect()
}

/// Tests of the libraries and programs by themselves: no program is started, no engine held against another.
const UNIT_TESTS: &[&str] = &["test", "--release", "--workspace", "--lib", "--bins"];

/// What to run between two changes: the quick stages, to the first that fails.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let mut stopwatch = Stopwatch::new(5);
    let done = quick_stages(workspace, &mut stopwatch);
    console::line(&format!("\n{}", stopwatch.summary()));
    done
}

fn quick_stages(workspace: &Workspace, stopwatch: &mut Stopwatch) -> Result<()> {
    debian::list_missing(workspace, debian::CHECK);
    for component in ["fmt", "clippy"] {
        require_component(workspace, component)?;
    }
    stopwatch.time("set-up", || set_up(workspace, Parts { python: false, ..Parts::ALL }))?;
    for (name, arguments) in &STAGES[..2] {
        stopwatch.time(name, || cargo(workspace, arguments))?;
    }
    stopwatch.time("types", || passed::CHECK_TYPES.check(workspace, &[]))?;
    stopwatch.time("unit tests", || cargo(workspace, UNIT_TESTS))
}

/// Runs the stages, or those of `only`, up to the first that fails, and tells what each took.
pub(crate) fn run(workspace: &Workspace, only: &[String]) -> Result<()> {
    let is_wanted = |name: &str| only.is_empty() || only.iter().any(|wanted| wanted == name);
    let wanted = stage_names().into_iter().filter(|name| is_wanted(name)).count();
    let mut stopwatch = Stopwatch::new(wanted + 1);
    let done = stages(workspace, &mut stopwatch, is_wanted);
    console::line(&format!("\n{}", stopwatch.summary()));
    if done.is_ok() {
        console::line("all is well");
    }
    done
}

fn stages(
    workspace: &Workspace,
    stopwatch: &mut Stopwatch,
    is_wanted: impl Fn(&str) -> bool,
) -> Result<()> {
    debian::list_missing(workspace, debian::TEST);
    for component in ["fmt", "clippy"] {
        require_component(workspace, component)?;
    }
    stopwatch.time("set-up", || set_up(workspace, Parts::ALL))?;
    STAGES
        .iter()
        .filter(|(name, _)| is_wanted(name))
        .try_for_each(|(name, arguments)| stopwatch.time(name, || cargo(workspace, arguments)))?;
    // The page's tests often wait for the browser; the fuzzing program compiles meanwhile.
    let both = is_wanted(PAGE) && is_wanted(FUZZ);
    let ahead = both.then(|| fuzz::build_ahead(workspace)).flatten();
    if is_wanted(PAGE) {
        stopwatch.time(PAGE, || passed::TEST_PAGE.check(workspace, &[]))?;
    }
    if is_wanted(FUZZ) {
        let fuzz = Fuzz { targets: Vec::new(), time: FUZZ_TIME };
        stopwatch.time(FUZZ, || {
            if let Some(ahead) = ahead {
                ahead.finish();
            }
            fuzz::run(workspace, &fuzz)
        })?;
    }
    // Last: it builds the trainer once more, with MPI.
    if is_wanted(PROCESSES) {
        stopwatch.time(PROCESSES, || mpi_tests::test(workspace))?;
    }
    Ok(())
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<()> {
    console::line(&format!("cargo {}", arguments.join(" ")));
    let mut command = workspace.cargo();
    if arguments[0] == "doc" {
        command.env("RUSTDOCFLAGS", "-D warnings");
    }
    // A snapshot that differs fails its test, and no file is written.
    command.env("INSTA_UPDATE", "no");
    call(command.args(arguments))
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
