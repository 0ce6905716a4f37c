//! `cargo xtask fuzz`: every parser of bytes from outside against libFuzzer (`tests/fuzz`).
//!
//! The program is built with the compiler's coverage counters, which the stable toolchain has, into `target/fuzz`. It
//! runs its targets itself. What libFuzzer finds interesting is kept there and taken up again; the corpora of the
//! repository stay as they are.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use xtask_workspace::{Workspace, call, failure};

/// How libFuzzer sees which parts of a program an input reaches, and what it compares.
const COVERAGE: [&str; 7] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    // Crates leave checksums and the like out under it.
    "--cfg",
    "fuzzing",
];
/// What is fuzzed, and for how long.
#[derive(Debug)]
pub(crate) struct Fuzz {
    /// Names of targets; all if there are none.
    pub(crate) targets: Vec<String>,
    /// For each.
    pub(crate) time: Duration,
}

/// Runs the targets one after the other and tells what came of it.
///
/// # Errors
/// A target is unknown or the program cannot be built; a fault was found, once all targets have run.
pub(crate) fn run(workspace: &Workspace, fuzz: &Fuzz) -> Result<()> {
    let corpora = workspace.root().join("tests/fuzz/corpus");
    let known = targets(&corpora)?;
    if let Some(other) = fuzz.targets.iter().find(|name| !known.contains(name)) {
        return Err(failure(format!("no target is named {other}"), known.join(", ")));
    }
    let mut program = workspace.command(build(workspace)?);
    call(program.arg(fuzz.time.as_secs().to_string()).args(&fuzz.targets))
}

/// The targets are the folders of the corpora, which a test of theirs holds against the program's.
fn targets(corpora: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(corpora).with_context(|| format!("no {}", corpora.display()))?;
    let mut names: Vec<_> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

/// The program as it is compiled ahead of its time; given up when this is dropped.
#[derive(Debug)]
pub(crate) struct Ahead(Child);

impl Ahead {
    /// Waits for the end. Whether it went well is seen when the program is built in its turn.
    pub(crate) fn finish(mut self) {
        let _ = self.0.wait();
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Begins to compile the program with the lowest priority, beside a stage that often waits; none where `nice` is missing.
pub(crate) fn build_ahead(workspace: &Workspace) -> Option<Ahead> {
    let (cargo, _) = cargo_build(workspace).ok()?;
    let mut nice = workspace.command("nice");
    nice.args(["-n", "19"]).arg(cargo.get_program()).args(cargo.get_args()).arg("--quiet");
    nice.envs(cargo.get_envs().filter_map(|(name, value)| Some((name, value?))));
    nice.stdin(Stdio::null()).spawn().ok().map(Ahead)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let (mut cargo, program) = cargo_build(workspace)?;
    call(&mut cargo)?;
    Ok(program)
}

/// How the program is built, and where it is then.
fn cargo_build(workspace: &Workspace) -> Result<(Command, PathBuf)> {
    let host = host(workspace)?;
    let folder = workspace.target().join("fuzz");
    let mut cargo = workspace.cargo();
    // With a target named, build scripts and macros are left without counters.
    cargo.args(["build", "--profile", "fuzz", "--package", "gqn-fuzz", "--features", "libfuzzer"]);
    cargo.args(["--bin", "gqn-fuzz", "--target", &host, "--target-dir"]).arg(&folder);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"));
    Ok((cargo, folder.join(host).join("fuzz/gqn-fuzz")))
}

fn host(workspace: &Workspace) -> Result<String> {
    let output = workspace.command("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}
