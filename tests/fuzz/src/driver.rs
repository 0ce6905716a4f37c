//! The targets, one after the other, each a process of this program that libFuzzer drives.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::memory::MOST_BYTES;
use crate::report::{Outcome, table};
use crate::target::{TARGETS, target};

/// The variable that names the target of a process.
pub const TARGET_VARIABLE: &str = "GQN_FUZZ_TARGET";
/// An input may take this long.
const MOST_SECONDS: u32 = 10;
/// The whole program, in MB: an input's memory, which the program counts itself, and what the fuzzer keeps.
const MOST_MEMORY: usize = (MOST_BYTES >> 20) + 512;

/// Runs targets below the working folder, the workspace's, and tells what came of it: `arguments` are the seconds for
/// each target, and names of targets; all if there are none.
///
/// # Errors
/// A target is unknown or cannot be started; a fault was found, once all targets have run.
pub fn run_targets(arguments: &[String]) -> Result<()> {
    let usage = "expected seconds for each target, and names of targets";
    let (seconds, names) = arguments.split_first().context(usage)?;
    let seconds: u64 = seconds.parse().context(usage)?;
    if let Some(other) = names.iter().find(|name| target(name).is_none()) {
        bail!("no target is named {other}");
    }
    let root = std::env::current_dir().context("cannot tell the working folder")?;
    let wanted = TARGETS
        .iter()
        .map(|target| target.name)
        .filter(|name| names.is_empty() || names.iter().any(|wanted| wanted == name));
    let mut outcomes = Vec::new();
    for name in wanted {
        say(&format!("{name}, {seconds} s"));
        outcomes.push(run_target(&root, name, seconds)?);
    }
    say(&format!("\n{}", table(&outcomes)));
    let found: Vec<_> = outcomes.iter().filter_map(Outcome::complaint).collect();
    ensure!(found.is_empty(), "{}", found.join("\n"));
    Ok(())
}

fn run_target(root: &Path, target: &str, seconds: u64) -> Result<Outcome> {
    let kept = root.join("target/fuzz/corpus").join(target);
    let found = root.join("out/fuzz").join(target);
    let scratch = scratch(root).join(target);
    for folder in [&kept, &found, &scratch] {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    let log = found.join("log.txt");
    let output =
        fs::File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let mut command = Command::new(&program);
    command.env(TARGET_VARIABLE, target).env("TMPDIR", &scratch).env("RAYON_NUM_THREADS", "2");
    command.arg(format!("-max_total_time={}", seconds.max(1)));
    command.arg(format!("-timeout={MOST_SECONDS}"));
    command.arg(format!("-rss_limit_mb={MOST_MEMORY}"));
    command.arg(format!("-artifact_prefix={}/", found.display()));
    command.args(["-print_final_stats=1", "-timeout_exitcode=70", "-error_exitcode=77"]);
    command.arg(&kept).arg(root.join("tests/fuzz/corpus").join(target));
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

/// Where files of an input's lifetime lie: in memory where there is such a folder, because files are synchronised.
fn scratch(root: &Path) -> PathBuf {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { memory.to_owned() } else { root.join("target/fuzz") };
    folder.join(format!("gqn-fuzz-{}", std::process::id()))
}

/// A line on stderr. One that is closed has no reader to tell.
fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_target_is_refused_before_any_is_run() {
        let refused = |arguments: &[&str]| {
            let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
            run_targets(&arguments).expect_err("nothing to run").to_string()
        };
        assert_eq!(refused(&["1", "toml", "wasm"]), "no target is named wasm");
        for arguments in [&[][..], &["toml"]] {
            assert!(refused(arguments).starts_with("expected seconds"), "{arguments:?}");
        }
    }
}
