//! `gqn-train oracle`: compares the model with another implementation's numbers.

use std::process::ExitCode;

use anyhow::Result;
use gqn_command_line::print_line;
use gqn_trainer::device::prepare;
use gqn_trainer::model::Compute;
use gqn_trainer::oracle::{OracleReport, check_weights};

use crate::cli::OracleFlags;

/// `gqn-train oracle`: exit code 1 if a quantity differs.
pub(crate) fn run_oracle(flags: &OracleFlags) -> Result<ExitCode> {
    let OracleFlags { variant, winograd, precision, .. } = *flags;
    let compute = Compute { variant, winograd, precision };
    let device = flags.device.open()?.device;
    prepare(device, precision);
    let mut report = OracleReport::default();
    for file in &flags.files {
        let one = check_weights(file, flags.checkpoint.as_deref(), compute, device)?;
        if flags.files.len() > 1 {
            print_line(&format!("{}:", file.display()))?;
        }
        print_oracle(&one)?;
        report.lines.extend(one.lines);
        report.unknown.extend(one.unknown);
    }
    let failed = report.lines.iter().filter(|line| !line.passed()).count() + report.unknown.len();
    let passed = report.lines.len() + report.unknown.len() - failed;
    print_line(&format!("{passed} passed, {failed} failed"))?;
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_oracle(report: &OracleReport) -> Result<()> {
    for line in &report.lines {
        let (index, found, expected) = line.worst;
        let verdict = if line.passed() { "pass" } else { "FAIL" };
        print_line(&format!(
            "{verdict}  {:<48} error {:.2e} of {:.0e}  worst at {index}: found {found:.8}, expected {expected:.8}",
            line.name, line.error, line.tolerance
        ))?;
    }
    for name in &report.unknown {
        print_line(&format!("FAIL  {name:<48} is no quantity of this model"))?;
    }
    Ok(())
}
