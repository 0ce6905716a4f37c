//! `xtask-device`: what is shipped to devices, `cargo xtask dist`.
//!
//! A program of its own, so that the other chores need not wait until it is compiled.
//!
//! | file | holds |
//! |---|---|
//! | `cli.rs` | the command line |
//! | `target.rs` | the two systems that archives are made for |
//! | `compile.rs` | the release programs, linked against an old glibc |
//! | `glibc.rs` | which glibc a program needs |
//! | `licences.rs` | the licences of what is linked |
//! | `contents.rs` | the files of an archive |
//! | `archive.rs` | a tar file whose bytes depend on its contents only |
//! | `wheel.rs` | ONNX Runtime's libraries out of pinned wheels |
//! | `emulator.rs` | how a program of the other architecture is run |
//! | `verify.rs` | an archive's program on several versions of ONNX Runtime |
//! | `failure.rs` | errors with a remedy, and commands that are run to their end |

mod archive;
mod cli;
mod compile;
mod contents;
mod emulator;
mod failure;
mod glibc;
mod licences;
mod target;
mod verify;
mod wheel;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use cli::{Cli, Command, Dist};
use failure::line;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            line(&failure::describe(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let root = match cli.root {
        Some(root) => root,
        None => std::env::current_dir().context("cannot tell the working folder")?,
    };
    match cli.command {
        Command::Dist(options) => dist(&root, &options),
    }
}

/// Builds an archive, checks its programs, and runs them where that is wished.
fn dist(root: &Path, options: &Dist) -> Result<()> {
    let folder = root.join("target/dist");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let built = compile::build(root, &folder, options.target)?;
    for file in [&built.program, &built.library] {
        let needed = glibc::require_at_most(file, compile::GLIBC)?;
        line(&format!("{} needs glibc {needed}", failure::name_of(file)));
    }
    let name = format!("gqn-run-{}-{}", env!("CARGO_PKG_VERSION"), options.target.triple());
    let files = contents::of(root, &built, options.target)?;
    let path = folder.join(format!("{name}.tar.gz"));
    let bytes = archive::pack(&name, &files, archive::time(root))?;
    fs::write(&path, &bytes).with_context(|| format!("cannot write {}", path.display()))?;
    line(&format!(
        "{}: {} files, {:.1} MB, sha256 {}",
        path.display(),
        files.len(),
        bytes.len() as f64 / 1e6,
        wheel::sha256(&bytes)
    ));
    if options.verify {
        let packages =
            if options.packages.is_empty() { models(root)? } else { options.packages.clone() };
        verify::run(root, &folder, &path, options.target, &packages)?;
    }
    Ok(())
}

/// The packages that the page ships.
fn models(root: &Path) -> Result<Vec<PathBuf>> {
    let folder = root.join("web-demo/models");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot open {}", folder.display()))?;
    let mut packages: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.join("manifest.json").is_file())
        .collect();
    packages.sort();
    Ok(packages)
}
