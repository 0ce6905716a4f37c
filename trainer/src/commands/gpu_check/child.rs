//! A part as a process with a time limit.

use std::fs::{self, File};
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Check;

const NAP: Duration = Duration::from_millis(50);

/// This program with these arguments; what it prints goes to `NAME.txt`, what it says to `NAME.log`.
pub(super) fn start(check: &Check, name: &str, arguments: &[String]) -> Result<Running> {
    let file = |extension: &str| {
        let path = check.out.join(format!("{name}.{extension}"));
        File::create(&path).with_context(|| format!("could not write {}", path.display()))
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.args(arguments).current_dir(&check.root);
    if let Some(threads) = check.threads {
        // Not every command has a flag for it; libtorch reads this where it starts.
        command.env("OMP_NUM_THREADS", threads.to_string());
    }
    command.stdout(file("txt")?).stderr(file("log")?);
    command.spawn().map(Running).context("could not start a part's process")
}

/// Runs it to its end, which must be a success within that time, and gives the lines that it printed.
pub(super) fn run(
    check: &Check,
    name: &str,
    arguments: &[String],
    limit: Duration,
) -> Result<Vec<String>> {
    let mut child = start(check, name, arguments)?;
    let status = wait(&mut child.0, limit)?;
    let lines = lines(check, name, "txt");
    if status.success() {
        return Ok(lines);
    }
    // What failed, or else what the program says why.
    let failures: Vec<String> = lines.into_iter().filter(|line| line.starts_with("FAIL")).collect();
    if let Some(first) = failures.first() {
        bail!("{} failed, the first: {first}", failures.len());
    }
    let said = said(check, name);
    bail!("{}", if said.is_empty() { status.to_string() } else { said });
}

/// A process that is killed when what was to be done with it is over, however that ended.
#[derive(Debug)]
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both do nothing to one that has ended.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits for the end of a process for so long.
pub(super) fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let clock = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        if clock.elapsed() >= limit {
            bail!("stopped after {:.0} s: it took longer than it may", limit.as_secs_f64());
        }
        std::thread::sleep(NAP);
    }
}

/// The end of what a process said, from its error on if it has one.
pub(super) fn said(check: &Check, name: &str) -> String {
    let lines = lines(check, name, "log");
    let error = lines.iter().rposition(|line| line.starts_with("error:"));
    let start = error.unwrap_or(lines.len().saturating_sub(3));
    lines[start..].join("\n")
}

fn lines(check: &Check, name: &str, extension: &str) -> Vec<String> {
    let text = fs::read(check.out.join(format!("{name}.{extension}"))).unwrap_or_default();
    String::from_utf8_lossy(&text).lines().map(str::to_owned).collect()
}
