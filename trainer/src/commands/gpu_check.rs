//! `gqn-train gpu-check`: what a machine with a GPU is to show, in one call that runs from the programs alone.
//!
//! Each part is a process of its own, so that none takes the others down; a line and a JSON file say how it went.
//!
//! | file | holds |
//! |---|---|
//! | `parts.rs` | which parts there are, and their sizes |
//! | `child.rs` | a part as a process with a time limit |
//! | `slice.rs` | a recipe that is trained, interrupted and resumed |

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use gqn_command_line::print_line;
use gqn_messages::error_report;
use gqn_system::{FolderLock, Overwrite, SystemError, write_atomic};
use gqn_trainer::distributed::average_alone;
use serde::Serialize;
use serde_json::{Value, json};
use tch::Device;

use crate::at_most_cores;
use crate::cli::{GpuCheckFlags, NcclCheckFlags};
use parts::{Job, Part};

mod child;
mod parts;
mod slice;

/// Less than this is not worth a part's start.
const LEAST: Duration = Duration::from_secs(5);

/// What all parts are told.
#[derive(Debug)]
struct Check {
    out: PathBuf,
    root: PathBuf,
    recipe: String,
    /// As a flag: `cpu` or `cuda:N`.
    device: String,
    is_cuda: bool,
    small: bool,
    threads: Option<u16>,
    all: Duration,
}

/// How a part went, as its JSON file says.
#[derive(Debug, Serialize)]
struct Outcome {
    part: String,
    verdict: Verdict,
    secs: f64,
    /// What was found, or why not, in a sentence.
    detail: String,
    command: String,
    figures: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Verdict {
    Passed,
    Failed,
    /// It is about something that this machine has not.
    LeftOut,
    /// The minutes were over before it began: it has not been shown.
    OutOfTime,
}

pub(crate) fn run_gpu_check(flags: &GpuCheckFlags) -> Result<ExitCode> {
    let clock = Instant::now();
    let opened = flags.device.open()?;
    let device = match opened.device {
        Device::Cuda(index) => format!("cuda:{index}"),
        _ => "cpu".to_owned(),
    };
    let absolute = |path: &Path| {
        // Parts are called, and called again by whoever reads the results, in text.
        ensure!(
            path.to_str().is_some(),
            "{} is no UTF-8, expected a path that is text",
            path.display()
        );
        std::path::absolute(path).context("cannot tell the working folder")
    };
    let check = Check {
        out: absolute(&flags.out)?,
        root: absolute(&flags.root)?,
        recipe: flags.recipe.clone(),
        is_cuda: opened.device.is_cuda(),
        small: flags.small || !opened.device.is_cuda(),
        device,
        threads: flags.threads.map(at_most_cores),
        all: Duration::from_secs_f64(60.0 * flags.minutes),
    };
    let mut parts = parts::parts(&check)?;
    if let Some(unknown) = flags.only.iter().find(|name| parts.iter().all(|p| p.name != **name)) {
        let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        bail!("there is no part `{unknown}`, expected one of: {}", names.join(", "));
    }
    parts.retain(|part| flags.only.is_empty() || flags.only.contains(&part.name));
    let _alone = FolderLock::acquire(&check.out)?;
    if let Some(path) = check.in_the_way(&parts).filter(|_| !flags.force) {
        return Err(SystemError::Exists { path }.into());
    }
    let sizes = if check.small { ", small sizes" } else { "" };
    print_line(&format!("on {}{sizes}, {} minutes at most", opened.description, flags.minutes))?;
    let mut outcomes = Vec::new();
    for part in &parts {
        let outcome = run_part(&check, part, check.all.saturating_sub(clock.elapsed()));
        print_line(&outcome.line())?;
        check.write(&part.name, &outcome)?;
        outcomes.push(outcome);
    }
    let count = |verdict| outcomes.iter().filter(|outcome| outcome.verdict == verdict).count();
    let [passed, failed, left_out, late] =
        [Verdict::Passed, Verdict::Failed, Verdict::LeftOut, Verdict::OutOfTime].map(count);
    let summary = format!(
        "{passed} passed, {failed} failed, {left_out} left out, {late} without time; details in {}",
        check.out.display()
    );
    print_line(&summary)?;
    let about = json!({
        "device": opened.description, "small": check.small, "minutes": flags.minutes,
        "secs": clock.elapsed().as_secs_f64(), "commit": env!("GQN_COMMIT"), "parts": outcomes,
    });
    check.write("summary", &about)?;
    Ok(if failed + late == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// NCCL with this process alone, for the part of that name.
pub(crate) fn run_nccl_check(flags: &NcclCheckFlags) -> Result<ExitCode> {
    let Device::Cuda(index) = flags.device.open()?.device else {
        bail!("NCCL is about CUDA devices, and this is none");
    };
    let secs = average_alone(index)?;
    print_line(&format!("gradients come back as they were, {:.3} ms for 28.4 MB", 1e3 * secs))?;
    Ok(ExitCode::SUCCESS)
}

fn run_part(check: &Check, part: &Part, left: Duration) -> Outcome {
    let clock = Instant::now();
    let command = match &part.job {
        Job::Program(arguments) => format!("gqn-train {}", arguments.join(" ")),
        Job::Slice { .. } => "gqn-train train, interrupted; gqn-train train --resume".to_owned(),
        Job::Without(_) => String::new(),
    };
    let limit = part.limit.min(left);
    let done = match &part.job {
        Job::Without(reason) => Ok((Verdict::LeftOut, (*reason).to_owned(), Value::Null)),
        _ if left < LEAST => {
            Ok((Verdict::OutOfTime, "the minutes were over".to_owned(), Value::Null))
        }
        Job::Program(arguments) => {
            child::run(check, &part.name, arguments, limit).and_then(|lines| {
                let figures = part.figures(check)?;
                let last = lines.last().cloned().unwrap_or_default();
                let detail = parts::fastest(&figures).unwrap_or(last);
                Ok((Verdict::Passed, detail, figures))
            })
        }
        Job::Slice { config } => slice::run(check, config, limit)
            .map(|(detail, figures)| (Verdict::Passed, detail, figures)),
    };
    let (verdict, detail, figures) =
        done.unwrap_or_else(|error| (Verdict::Failed, error_report(&*error), Value::Null));
    let secs = clock.elapsed().as_secs_f64();
    Outcome { part: part.name.clone(), verdict, secs, detail, command, figures }
}

impl Check {
    /// The first of the files that the parts write which is there.
    fn in_the_way(&self, parts: &[Part]) -> Option<PathBuf> {
        let of_slice = ["small.toml", parts::RUN, "slice-resumed.txt", "slice-resumed.log"];
        let has_slice = parts.iter().any(|part| matches!(part.job, Job::Slice { .. }));
        let others = of_slice.into_iter().filter(|_| has_slice).chain(["summary.json"]);
        let of = |part: &Part| {
            ["json", "txt", "log", "report.json"].map(|end| format!("{}.{end}", part.name))
        };
        let names = parts.iter().flat_map(of).chain(others.map(str::to_owned));
        names.map(|name| self.out.join(name)).find(|path| fs::symlink_metadata(path).is_ok())
    }

    fn write(&self, name: &str, content: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_string_pretty(content)?;
        text.push('\n');
        let path = self.out.join(format!("{name}.json"));
        Ok(write_atomic(&path, text.as_bytes(), Overwrite::Force)?)
    }
}

impl Outcome {
    fn line(&self) -> String {
        let verdict = match self.verdict {
            Verdict::Passed => "pass",
            Verdict::Failed => "FAIL",
            Verdict::LeftOut => "none",
            Verdict::OutOfTime => "LATE",
        };
        let detail = self.detail.lines().next().unwrap_or_default();
        format!("{verdict}  {:<21} {:>6.1} s  {detail}", self.part, self.secs)
    }
}
