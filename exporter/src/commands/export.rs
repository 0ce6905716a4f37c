//! `gqn-export export`: from a checkpoint to a package.

use anyhow::Result;
use gqn_command_line::{print, say};
use gqn_exporter::{Prepared, Source, check_place, prepare, write_package};
use gqn_system::FolderLock;

use super::table::table;
use crate::cli::ExportFlags;

pub(crate) fn export(flags: &ExportFlags) -> Result<()> {
    check_place(&flags.out, flags.overwrite())?;
    let source = Source::find(&flags.source, flags.sample.as_deref())?;
    let _alone = FolderLock::acquire(&flags.out)?;
    let (checkpoint, sha256, sample) = source.read()?;
    say(&format!("read {} at step {}", source.checkpoint.display(), checkpoint.step));
    let options = flags.options();
    let Prepared { checkpoint, sample, measurements, note } =
        prepare(checkpoint, &sha256, sample, &options, &flags.prepare_options())?;
    if let Some(note) = note {
        say(&format!("the error of {} is not measured: {note}", options.precision.name()));
    }
    if let Some(error) = &measurements.precision_error {
        say(&format!(
            "{}: PSNR {:.1} dB against fp32 over {} held-out views, the worst {:.1} dB",
            options.precision.name(),
            error.psnr,
            error.views,
            error.smallest_psnr
        ));
    }
    let files = gqn_exporter::export(&checkpoint, &sha256, &sample, &options, &measurements)?;
    say(&format!("writing {}", flags.out.display()));
    write_package(&files, &flags.out, flags.overwrite())?;
    say(&format!("wrote {}; verify it with `gqn-run verify {0}`", flags.out.display()));
    print(&table(&files))
}
