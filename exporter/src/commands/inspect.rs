//! `gqn-export inspect`: what a package or a checkpoint holds.

use anyhow::Result;
use gqn_command_line::print;

use crate::cli::InspectFlags;

pub(crate) fn inspect(flags: &InspectFlags) -> Result<()> {
    print(&gqn_exporter::inspect(&flags.path)?.to_string())
}
