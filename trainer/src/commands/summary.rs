//! `gqn-train summary`.

use std::process::ExitCode;

use anyhow::{Context, Result, ensure};
use gqn_command_line::print_line;
use gqn_system::read_regular;
use gqn_trainer::evaluation::evaluate::Evaluation;
use gqn_trainer::run::folder::{EVALUATION_FILE, RunFolder};

use crate::cli::SummaryFlags;

/// An evaluation has a few kilobytes.
const MOST_BYTES: u64 = 1 << 20;

pub(crate) fn run_summary(flags: &SummaryFlags) -> Result<ExitCode> {
    let path = RunFolder::new(&flags.run).file(EVALUATION_FILE);
    ensure!(flags.run.is_dir(), "{} is no folder\nhint: name a run's folder", flags.run.display());
    ensure!(
        path.exists(),
        "the run has no evaluation: there is no {}\n\
         hint: a run is evaluated at its end, or at that of a --slice",
        path.display()
    );
    let bytes = read_regular(&path, MOST_BYTES)?;
    let evaluation: Evaluation = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} does not hold an evaluation's figures", path.display()))?;
    let printed = print_line(&evaluation.summary());
    // A closed pipe changes no verdict.
    evaluation.check_learned()?;
    printed?;
    Ok(ExitCode::SUCCESS)
}
