//! Exports a trained run as a package of ONNX graphs.
//!
//! `cargo run --release -p gqn-exporter --example export_package -- RUN PACKAGE`

#![allow(clippy::print_stdout, reason = "an example talks to its reader")]

use std::path::PathBuf;

use anyhow::{Context, Result};
use gqn_exporter::{ExportOptions, Measurements, Source, export, write_package};
use gqn_system::Overwrite;

fn main() -> Result<()> {
    let given: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [run, out] = <[PathBuf; 2]>::try_from(given).ok().context("expected RUN PACKAGE")?;

    // The weights, and what libtorch computes with them: every engine is verified against that.
    let (checkpoint, sha256, sample) = Source::find(&run, None)?.read()?;

    // The optimised graphs in single precision: nothing has to be measured before.
    let (options, measurements) = (ExportOptions::default(), Measurements::default());
    let files = export(&checkpoint, &sha256, &sample, &options, &measurements)?;
    write_package(&files, &out, Overwrite::Refuse)?;
    for (name, content) in &files {
        println!("{name}: {} bytes", content.len());
    }
    Ok(())
}
