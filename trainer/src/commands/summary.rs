//! `gqn-train summary`.

use std::process::ExitCode;

use anyhow::{Context, Result};
use gqn_command_line::print_line;
use gqn_system::read_regular;
use gqn_trainer::evaluation::evaluate::Evaluation;
use gqn_trainer::run::folder::{EVALUATION_FILE, RunFolder};

use crate::cli::SummaryFlags;

/// An evaluation has a few kilobytes.
const MOST_BYTES: u64 = 1 << 20;

pub(crate) fn run_summary(flags: &SummaryFlags) -> Result<ExitCode> {
    let path = RunFolder::new(&flags.run).file(EVALUATION_FILE);
    let bytes = read_regular(&path, MOST_BYTES).context(
        "the run has no evaluation\nhint: a run is evaluated at its end, or at that of a --slice",
    )?;
    let evaluation: Evaluation = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} does not hold an evaluation's figures", path.display()))?;
    let printed = print_line(&evaluation.summary());
    // A closed pipe changes no verdict.
    evaluation.check_learned()?;
    printed?;
    Ok(ExitCode::SUCCESS)
}
