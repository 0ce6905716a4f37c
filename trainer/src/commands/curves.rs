//! `gqn-train curves`.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use gqn_command_line::print_line;
use gqn_system::{Overwrite, write_atomic};
use gqn_trainer::run::curves::{Chart, held_out, of_run};

use super::output::check_out;
use crate::cli::CurvesFlags;

pub(crate) fn run_curves(flags: &CurvesFlags) -> Result<ExitCode> {
    let CurvesFlags { runs, names, share, out, force } = flags;
    ensure!(
        names.is_empty() || names.len() == runs.len(),
        "--names has {} names, expected one for each of {} runs",
        names.len(),
        runs.len()
    );
    let overwrite = Overwrite::forced(*force);
    check_out(out, overwrite, &[], None)?;
    let mut curves = match &runs[..] {
        [run] if !share && names.is_empty() => of_run(run)?,
        _ => runs.iter().map(|run| held_out(run, *share)).collect::<Result<_, _>>()?,
    };
    for (curve, name) in curves.iter_mut().zip(names) {
        curve.name.clone_from(name);
    }
    let error =
        if *share { "squared error, share of a constant picture's" } else { "mean squared error" };
    let svg = Chart { error: error.to_owned(), curves }.svg()?;
    write_atomic(out, svg.as_bytes(), overwrite)?;
    print_line(&format!("{}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}
