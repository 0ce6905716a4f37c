//! `cargo xtask fuzz`: every parser of bytes from outside against libFuzzer (`tests/fuzz`).
//!
//! The program is built with the compiler's coverage counters, which the stable toolchain has, into `target/fuzz`. What
//! libFuzzer finds interesting is kept there and taken up again; the corpora of the repository stay as they are.

mod report;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};

use crate::failure::failure;
use crate::talk;
use crate::workspace::{self, Workspace};
use report::Outcome;

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
/// An input may take this long.
const MOST_SECONDS: u32 = 10;
/// The whole program, in MB: an input's 2 GB, which the program counts itself, and what the fuzzer keeps.
const MOST_MEMORY: u32 = 2048 + 512;

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
    let wanted = known.iter().filter(|name| fuzz.targets.is_empty() || fuzz.targets.contains(name));
    let program = build(workspace)?;
    let mut outcomes = Vec::new();
    for target in wanted {
        talk::line(&format!("{target}, {} s", fuzz.time.as_secs()));
        outcomes.push(run_target(workspace, &program, target, fuzz.time)?);
    }
    talk::line(&format!("\n{}", report::table(&outcomes)));
    let found: Vec<_> = outcomes.iter().filter_map(Outcome::complaint).collect();
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

/// The targets are the folders of the corpora, which a test of theirs holds against the program's.
fn targets(corpora: &Path) -> Result<Vec<String>> {
    let entries = fs::read_dir(corpora).with_context(|| format!("no {}", corpora.display()))?;
    let mut names: Vec<_> =
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    Ok(names)
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let host = host(workspace)?;
    let folder = workspace.target().join("fuzz");
    let mut cargo = workspace.cargo();
    // With a target named, build scripts and macros are left without counters.
    cargo.args(["build", "--profile", "fuzz", "--package", "gqn-fuzz", "--features", "libfuzzer"]);
    cargo.args(["--bin", "gqn-fuzz", "--target", &host, "--target-dir"]).arg(&folder);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\x1f"));
    workspace::run(&mut cargo)?;
    Ok(folder.join(host).join("fuzz/gqn-fuzz"))
}

fn host(workspace: &Workspace) -> Result<String> {
    let output = workspace.command("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc does not name its host")?.to_owned())
}

/// Where files of an input's lifetime lie: in memory where there is such a folder, because files are synchronised.
fn scratch(workspace: &Workspace) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { workspace.target().join("fuzz") };
    folder.join(format!("gqn-fuzz-{}", std::process::id()))
}

fn run_target(
    workspace: &Workspace,
    program: &Path,
    target: &str,
    time: Duration,
) -> Result<Outcome> {
    let kept = workspace.target().join("fuzz/corpus").join(target);
    let found = workspace.root().join("out/fuzz").join(target);
    let scratch = scratch(workspace).join(target);
    for folder in [&kept, &found, &scratch] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let log = found.join("log.txt");
    let output =
        fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let mut command = Command::new(program);
    command.env("GQN_FUZZ_TARGET", target).env("TMPDIR", &scratch).env("RAYON_NUM_THREADS", "2");
    command.arg(format!("-max_total_time={}", time.as_secs().max(1)));
    command.arg(format!("-timeout={MOST_SECONDS}"));
    command.arg(format!("-rss_limit_mb={MOST_MEMORY}"));
    command.arg(format!("-artifact_prefix={}/", found.display()));
    command.args(["-print_final_stats=1", "-timeout_exitcode=70", "-error_exitcode=77"]);
    command.arg(&kept).arg(workspace.root().join("tests/fuzz/corpus").join(target));
    command.stdout(Stdio::null()).stderr(output);
    let status = command.status().with_context(|| format!("cannot run {}", program.display()))?;
    drop(fs::remove_dir_all(&scratch));
    drop(scratch.parent().map(fs::remove_dir));
    let bytes = fs::read(&log).with_context(|| format!("cannot read {}", log.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let outcome = Outcome::read(target, &text, status.success(), &log);
    if outcome.executions.is_none() && status.success() {
        bail!("{target}: libFuzzer says nothing of its runs\nsee {}", log.display());
    }
    Ok(outcome)
}
