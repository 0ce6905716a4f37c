//! `gqn-export triton`: a package as a model repository.

use anyhow::Result;
use gqn_command_line::{print, say};
use gqn_exporter::write_triton;
use gqn_system::{FolderLock, folder_of};

use crate::cli::TritonFlags;

pub(crate) fn triton(flags: &TritonFlags) -> Result<()> {
    // The folder above: that of the repository is not there yet.
    let _alone = FolderLock::acquire(folder_of(&flags.out))?;
    let models = write_triton(&flags.package, &flags.out, &flags.options())?;
    say(&format!("wrote {}; `tritonserver --model-repository={0}` serves it", flags.out.display()));
    let lines: String = models.into_iter().map(|model| model + "\n").collect();
    print(&lines)
}
