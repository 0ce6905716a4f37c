//! `gqn-export`: from a checkpoint to a package. Results go to stdout, talk to stderr.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use gqn_command_line::{conclude, print, say};
use gqn_exporter::cli::{AdoptFlags, Cli, Command, ExportFlags, KeepFlags};
use gqn_exporter::{
    Prepared, Source, TritonFlags, adopt, check_place, export, inspect, keep_best, prepare,
    write_package, write_triton,
};
use gqn_runtime_native::OnnxRuntime;
use gqn_system::{FolderLock, folder_of, read_regular};

/// Protobuf's own limit.
const MOST_GRAPH_BYTES: u64 = 1 << 31;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Export(flags) => run_export(&flags),
        Command::Keep(flags) => run_keep(&flags),
        Command::Adopt(flags) => run_adopt(&flags),
        Command::Inspect(flags) => {
            inspect(&flags.path).map_err(Into::into).map(|found| found.to_string())
        }
        Command::Triton(flags) => run_triton(&flags),
    };
    conclude(result.and_then(|text| print(&text)).map(|()| ExitCode::SUCCESS))
}

fn run_keep(flags: &KeepFlags) -> Result<String> {
    // The folder above: that of the package need not be there, and is exchanged.
    let _alone = FolderLock::acquire(folder_of(&flags.best))?;
    let kept = keep_best(&flags.package, &flags.best, flags.curves.as_deref(), flags.most_bytes)?;
    Ok(kept.to_string())
}

fn run_export(flags: &ExportFlags) -> Result<String> {
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
    let files = export(&checkpoint, &sha256, &sample, &options, &measurements)?;
    say(&format!("writing {}", flags.out.display()));
    write_package(&files, &flags.out, flags.overwrite())?;
    say(&format!("wrote {}; verify it with `gqn-run verify {0}`", flags.out.display()));
    Ok(table(&files))
}

fn run_triton(flags: &TritonFlags) -> Result<String> {
    let models = write_triton(flags)?;
    say(&format!("wrote {}; `tritonserver --model-repository={0}` serves it", flags.out.display()));
    Ok(models.into_iter().map(|model| model + "\n").collect())
}

fn run_adopt(flags: &AdoptFlags) -> Result<String> {
    check_place(&flags.out, flags.overwrite())?;
    let representation = read_regular(&flags.representation, MOST_GRAPH_BYTES)?;
    let generator = read_regular(&flags.generator, MOST_GRAPH_BYTES)?;
    let _alone = FolderLock::acquire(&flags.out)?;
    let runtime = OnnxRuntime::load(flags.ort.as_deref())?;
    let graphs = [&*representation, &*generator];
    let files = adopt(runtime, graphs, &flags.ports(), flags.pose_encoding, flags.world)?;
    write_package(&files, &flags.out, flags.overwrite())?;
    say(&format!("wrote {}; verify it with `gqn-run verify {0}`", flags.out.display()));
    Ok(table(&files))
}

fn table(files: &BTreeMap<String, Vec<u8>>) -> String {
    let width = files.keys().map(String::len).max().unwrap_or_default();
    let mut text = format!("{:width$}  {:>12}\n", "file", "bytes");
    let total = files.values().map(Vec::len).sum::<usize>();
    for (name, bytes) in
        files.iter().map(|(name, content)| (name.as_str(), content.len())).chain([("total", total)])
    {
        writeln!(text, "{name:width$}  {bytes:>12}").expect("a string takes any text");
    }
    text
}
