//! A recipe that is trained, interrupted and resumed.

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use gqn_formats::TensorFile;
use gqn_system::{Overwrite, write_atomic};
use gqn_trainer::run::folder::{CHECKPOINT_FILE, EVALUATION_FILE, LOG_FILE, RunFolder, STATE_FILE};
use serde_json::{Value, json};

use super::Check;
use super::child;
use super::parts::{RUN, SMALL_RECIPE};
use crate::INTERRUPTED;

/// Lines of the log that the first call writes before it is interrupted.
const LINES: usize = 3;
/// Steps of the generation phase, so that the phases change between the first line and the second: the recipe's own share
/// would not be over before the slice is.
const GENERATION_STEPS: &str = "2";
const NAP: Duration = Duration::from_millis(20);

/// Trains the recipe through the change of its phases, interrupts it as Ctrl-C does, and goes on with a slice: every step
/// is there once, and what a run must leave behind is.
pub(super) fn run(check: &Check, config: &Path, limit: Duration) -> Result<(String, Value)> {
    if check.small {
        write_atomic(config, SMALL_RECIPE.as_bytes(), Overwrite::Force)?;
    }
    let folder = check.out.join(RUN);
    // The run of an earlier check, and nothing else that may be there.
    RunFolder::new(&folder).clear()?;
    let half = limit / 2;
    let (trained, rate) = interrupted(check, config, &folder, half)?;
    let before = phases(&folder)?;
    ensure!(
        before.first().is_some_and(|phase| phase == "generation")
            && before.last().is_some_and(|phase| phase == "elbo"),
        "the run did not go from the generation phase to the ELBO phase: {before:?}"
    );
    let minutes = (half.as_secs_f64() / 60.0 / 3.0).to_string();
    let resumed = ["train", "--resume", "--slice", &minutes];
    child::run(check, "slice-resumed", &arguments(check, &folder, &resumed), half)?;
    let steps = steps(&folder)?;
    ensure!(
        steps.windows(2).all(|pair| pair[0] < pair[1]),
        "the log has a step twice: the resumed run did not go on where it was"
    );
    let last = saved(&folder)?;
    ensure!(last > trained, "the resumed run took no step after {trained}");
    for file in [CHECKPOINT_FILE, EVALUATION_FILE] {
        ensure!(folder.join(file).is_file(), "the resumed run wrote no {file}");
    }
    let errors = figures(&folder, "mse")?;
    let [first, newest] =
        [errors.first(), errors.last()].map(|error| error.copied().unwrap_or(f64::NAN));
    let detail = format!(
        "interrupted at step {trained}, resumed to {last}; {rate:.1} steps/s; squared error {first:.4} generated at first, {newest:.4} reconstructed at last"
    );
    let found = json!({
        "interrupted_at": trained, "resumed_to": last, "steps_per_sec": rate,
        "first_mse": first, "last_mse": newest,
    });
    Ok((detail, found))
}

/// Starts the run and interrupts it. Gives the steps that were saved, and how many were taken a second.
fn interrupted(check: &Check, config: &Path, folder: &Path, limit: Duration) -> Result<(u64, f64)> {
    let minutes = (limit.as_secs_f64() / 60.0).to_string();
    let config = config.display().to_string();
    let mut flags = vec!["train", "--config", &config, "--slice", &minutes];
    flags.extend(["--generation-steps", GENERATION_STEPS]);
    if !check.small {
        // A few, so that little of the time goes by with rendering.
        flags.extend(["--scenes", "2000"]);
    }
    let mut process = child::start(check, "slice", &arguments(check, folder, &flags))?;
    let clock = Instant::now();
    let mut first = None;
    let rate = loop {
        if let Some(status) = process.0.try_wait()? {
            bail!("the run ended by itself ({status}): {}", child::said(check, "slice"));
        }
        let seen = steps(folder).unwrap_or_default();
        if let Some(&step) = seen.last() {
            // Time counts from the second line: the first step's includes what is done once.
            if seen.len() == LINES - 1 && first.is_none() {
                first = Some((Instant::now(), step));
            }
            if let (Some((since, from)), true) = (first, seen.len() >= LINES) {
                break (step - from) as f64 / since.elapsed().as_secs_f64();
            }
        }
        if clock.elapsed() > limit {
            bail!("no {LINES} lines of {LOG_FILE} within {:.0} s", limit.as_secs_f64());
        }
        std::thread::sleep(NAP);
    };
    interrupt(&process.0)?;
    let status = child::wait(&mut process.0, limit)?;
    ensure!(
        status.code() == Some(INTERRUPTED),
        "an interrupted run ends with {INTERRUPTED}, this one with {status}: {}",
        child::said(check, "slice")
    );
    Ok((saved(folder)?, rate))
}

/// What Ctrl-C sends.
fn interrupt(process: &Child) -> Result<()> {
    let status = Command::new("sh").args(["-c", &format!("kill -INT {}", process.id())]).status();
    ensure!(status.context("could not start sh")?.success(), "the run could not be interrupted");
    Ok(())
}

fn arguments(check: &Check, folder: &Path, flags: &[&str]) -> Vec<String> {
    let folder = folder.display().to_string();
    let own = ["--out", &folder, "--device", &check.device];
    let threads = check.threads.map(|threads| ["--threads".to_owned(), threads.to_string()]);
    let flags = flags.iter().copied().chain(own).map(str::to_owned);
    flags.chain(threads.into_iter().flatten()).collect()
}

/// Steps that the saved state has taken.
fn saved(folder: &Path) -> Result<u64> {
    let path = folder.join(STATE_FILE);
    let bytes = fs::read(&path).with_context(|| format!("could not read {}", path.display()))?;
    let state = TensorFile::from_bytes(STATE_FILE, &bytes)?;
    let step = state.metadata.get("step").and_then(|step| step.parse().ok());
    step.with_context(|| format!("{STATE_FILE} does not say its step"))
}

fn steps(folder: &Path) -> Result<Vec<u64>> {
    Ok(figures(folder, "step")?.into_iter().map(|step| step as u64).collect())
}

/// A figure of every whole line of the log.
fn figures(folder: &Path, key: &str) -> Result<Vec<f64>> {
    Ok(logged(folder, key)?.iter().filter_map(Value::as_f64).collect())
}

fn phases(folder: &Path) -> Result<Vec<String>> {
    Ok(logged(folder, "phase")?.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

/// What every whole line of the log holds under that key.
fn logged(folder: &Path, key: &str) -> Result<Vec<Value>> {
    let text = fs::read_to_string(folder.join(LOG_FILE)).context("the run has no log")?;
    let value = |line: &str| Some(serde_json::from_str::<Value>(line).ok()?[key].take());
    Ok(text.lines().filter_map(value).collect())
}
