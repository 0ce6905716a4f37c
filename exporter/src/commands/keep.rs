//! `gqn-export keep`: of a run's packages the best one.

use anyhow::Result;
use gqn_command_line::print;
use gqn_exporter::keep_best;
use gqn_system::{FolderLock, folder_of};

use crate::cli::KeepFlags;

pub(crate) fn keep(flags: &KeepFlags) -> Result<()> {
    // The folder above: that of the package need not be there, and is exchanged.
    let _alone = FolderLock::acquire(folder_of(&flags.best))?;
    let kept = keep_best(&flags.package, &flags.best, flags.curves.as_deref(), flags.most_bytes)?;
    print(&kept.to_string())
}
