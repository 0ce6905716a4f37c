//! Where a command may write a single file: looked at before any work.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};
use gqn_system::{Overwrite, check_output, folder_of};
use gqn_trainer::run::folder::{Found, RunFolder};

/// Refuses a file that is there (unless `--force` is given), that the command reads (`inputs`), that cannot be written, or
/// that belongs to a run, whose weights, state or log would be lost; `own` is the run's file that the command is there to
/// replace.
pub(crate) fn check_out(
    out: &Path,
    overwrite: Overwrite,
    inputs: &[PathBuf],
    own: Option<&str>,
) -> Result<()> {
    let is_own = own.is_some_and(|own| out.file_name().is_some_and(|name| name == own));
    let is_run = || RunFolder::new(folder_of(out)).found() != Found::Nothing;
    ensure!(
        is_own || !RunFolder::is_run_file(out) || !is_run(),
        "{} belongs to the run in that folder\nhint: name another file",
        out.display()
    );
    Ok(check_output(out, overwrite, inputs)?)
}
