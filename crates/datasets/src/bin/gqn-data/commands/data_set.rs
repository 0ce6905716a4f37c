//! Data sets on disk: what they hold, whether they are sound, and other forms of them.

use std::fmt::Write;
use std::ops::Range;
use std::process::ExitCode;

use anyhow::{Result, bail};
use gqn_command_line::{print, print_json, progress_bar, say};
use gqn_datasets::{
    DataError, DataSet, Hdf5Set, Layout, SceneRecord, TorchSet, Verdict, data_sheet,
    folder_of_split, write_hdf5, write_shards,
};
use gqn_messages::error_report;
use gqn_system::{FolderLock, Overwrite, check_output, check_place};

use super::pictures::write_sheet;
use crate::cli::{self, Target};

/// Rows, columns and side of the sheet that `inspect` writes.
const SHEET: (usize, usize, usize) = (8, 10, 64);

/// `gqn-data inspect`.
pub(crate) fn inspect(flags: &cli::Inspect) -> Result<()> {
    let overwrite = Overwrite::forced(flags.force);
    if let Some(path) = &flags.sheet {
        check_output(path, overwrite, &[])?;
    }
    let set = open(&flags.from)?;
    let inventory = gqn_datasets::inspect(&set, flags.sample as usize)?;
    print_json(&inventory)?;
    if let Some(voxel) = &inventory.voxel {
        // For people; the JSON has the same numbers.
        say(&voxel.to_toml());
    }
    if let Some(path) = &flags.sheet {
        let (rows, columns, side) = SHEET;
        write_sheet(&data_sheet(&set, rows, columns, side)?, path, overwrite)?;
    }
    Ok(())
}

/// `gqn-data verify`.
pub(crate) fn verify(flags: &cli::Verify) -> Result<ExitCode> {
    let set = open(&flags.from)?;
    let bar = progress_bar("scenes read", set.len());
    let verdict = gqn_datasets::verify(&set, || bar.inc(1));
    bar.finish_and_clear();
    let code = if verdict.damaged.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    // Who closes the pipe has read enough; the exit code still says what was found.
    print(&report(&set, &verdict))?;
    Ok(code)
}

fn report(set: &DataSet, verdict: &Verdict) -> String {
    let mut out = String::new();
    for damage in &verdict.damaged {
        // The remedies are the reader's to choose: this is the report that they speak of.
        let report = error_report(damage);
        let lines = report.lines().filter(|line| !line.starts_with("hint: "));
        let line = lines.collect::<Vec<_>>().join(" ");
        writeln!(out, "{}", line.trim_start_matches("error: ")).expect("a string takes any text");
    }
    let (shards, promised) = set.shards();
    writeln!(
        out,
        "{} of {} scenes are sound, {} damaged; {shards} of {promised} shards are there",
        verdict.sound,
        set.len(),
        verdict.damaged.len()
    )
    .expect("a string takes any text");
    out
}

/// `gqn-data convert`.
pub(crate) fn convert(flags: &cli::Convert) -> Result<()> {
    let per_file = flags.per_file as usize;
    let overwrite = Overwrite::forced(flags.force);
    match flags.to {
        Target::Tfrecord => {
            let source = Source::open(flags)?;
            let _lock = FolderLock::acquire(&flags.out)?;
            let bar = progress_bar("scenes converted", source.len());
            let layout = Layout { scenes: source.len(), shards: source.len().div_ceil(per_file) };
            write_shards(&flags.out, flags.split, layout, overwrite, |range| {
                let scenes = source.scenes(range, flags.quality)?;
                bar.inc(scenes.len() as u64);
                Ok(scenes)
            })?;
            bar.finish_and_clear();
        }
        Target::Hdf5 => {
            let set = DataSet::open(&flags.data, flags.split)?;
            let _lock = FolderLock::acquire(&flags.out)?;
            let file = |index: usize| flags.out.join(format!("{:03}.h5", index + 1));
            for index in 0..set.len().div_ceil(per_file) {
                check_place(&file(index), overwrite)?;
            }
            let bar = progress_bar("scenes converted", set.len());
            for (index, start) in (0..set.len()).step_by(per_file).enumerate() {
                let range = start..(start + per_file).min(set.len());
                write_hdf5(&set, range.clone(), &file(index), overwrite)?;
                bar.inc(range.len() as u64);
            }
            bar.finish_and_clear();
        }
    }
    Ok(())
}

/// What shards are made of.
enum Source {
    Hdf5(Hdf5Set),
    Torch(TorchSet),
}

impl Source {
    fn open(flags: &cli::Convert) -> Result<Self> {
        let data = &folder_of_split(&flags.data, flags.split);
        let hdf5 = Hdf5Set::open(data)?;
        if !hdf5.is_empty() {
            return Ok(Self::Hdf5(hdf5));
        }
        let torch = TorchSet::open(data)?;
        if torch.is_empty() {
            bail!(
                "{} holds neither HDF5 files nor files of torch.save with scenes\n\
                 hint: they are named like 001.h5, 1.pt or 1.pt.gz",
                data.display()
            );
        }
        Ok(Self::Torch(torch))
    }

    fn len(&self) -> usize {
        match self {
            Self::Hdf5(set) => set.len(),
            Self::Torch(set) => set.len(),
        }
    }

    fn scenes(&self, range: Range<usize>, quality: u8) -> Result<Vec<SceneRecord>, DataError> {
        match self {
            Self::Hdf5(set) => set.scenes(range, quality),
            Self::Torch(set) => set.scenes(range, quality),
        }
    }
}

pub(super) fn open(from: &cli::From) -> Result<DataSet, DataError> {
    DataSet::open(&from.data, from.split)
}
