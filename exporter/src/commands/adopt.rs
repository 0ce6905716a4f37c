//! `gqn-export adopt`: graphs from elsewhere as a package.

use anyhow::Result;
use gqn_command_line::{print, say};
use gqn_exporter::{check_place, write_package};
use gqn_runtime_native::OnnxRuntime;
use gqn_system::{FolderLock, read_regular};

use super::table::table;
use crate::cli::AdoptFlags;

/// Protobuf's own limit.
const MOST_GRAPH_BYTES: u64 = 1 << 31;

pub(crate) fn adopt(flags: &AdoptFlags) -> Result<()> {
    check_place(&flags.out, flags.overwrite())?;
    let representation = read_regular(&flags.representation, MOST_GRAPH_BYTES)?;
    let generator = read_regular(&flags.generator, MOST_GRAPH_BYTES)?;
    let _alone = FolderLock::acquire(&flags.out)?;
    let runtime = OnnxRuntime::load(flags.ort.as_deref())?;
    let graphs = [&*representation, &*generator];
    let files =
        gqn_exporter::adopt(runtime, graphs, &flags.ports(), flags.pose_encoding, flags.world)?;
    write_package(&files, &flags.out, flags.overwrite())?;
    say(&format!("wrote {}; verify it with `gqn-run verify {0}`", flags.out.display()));
    print(&table(&files))
}
