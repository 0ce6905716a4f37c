//! `xtask-device`: what is shipped to devices, `cargo xtask dist`, and what runs there, `cargo xtask providers`.
//!
//! A program of its own, so that the other tasks need not wait until it is compiled.
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
//! | `providers.rs` | ONNX Runtime's `OpenVINO` and `WebGPU` providers on shipped packages |
//! | `emulator.rs` | how a program of the other architecture is run |
//! | `verify.rs` | an archive's program on several versions of ONNX Runtime |

mod archive;
mod cli;
mod compile;
mod contents;
mod emulator;
mod glibc;
mod licences;
mod providers;
mod target;
mod verify;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use xtask_workspace::{SystemPackages, Workspace, console, ended, name_of, write};

use cli::{Cli, Command, Dist};

fn main() -> ExitCode {
    ended(run(Cli::parse()).map(|()| ExitCode::SUCCESS))
}

fn run(cli: Cli) -> Result<()> {
    let system = SystemPackages::without(cli.system.no_system);
    let workspace = Workspace::here()?.with_system_packages(system);
    match cli.command {
        Command::Dist(options) => dist(&workspace, &options),
        Command::Providers(options) => {
            let opened = [workspace.root().join("web-demo/models/rooms-ring-camera-edge")];
            let named = options.packages.as_slice();
            providers::run(&workspace, if named.is_empty() { &opened } else { named })
        }
    }
}

/// Builds an archive, checks its programs, and runs them where that is wished.
fn dist(workspace: &Workspace, options: &Dist) -> Result<()> {
    let folder = workspace.target().join("dist");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let built = compile::build(workspace, &folder, options.target)?;
    for file in [&built.program, &built.library] {
        let needed = glibc::require_at_most(file, compile::GLIBC)?;
        console::line(&format!("{} needs glibc {needed}", name_of(file)));
    }
    let name = format!("gqn-run-{}-{}", env!("CARGO_PKG_VERSION"), options.target.triple());
    let files = contents::of(workspace.root(), &built, options.target)?;
    let path = folder.join(format!("{name}.tar.gz"));
    let bytes = archive::pack(&name, &files, archive::time(workspace.root()))?;
    write(&path, &bytes)?;
    console::line(&format!(
        "{}: {} files, {:.1} MB",
        path.display(),
        files.len(),
        bytes.len() as f64 / 1e6
    ));
    if options.verify {
        let packages = match options.packages.as_slice() {
            [] => models(workspace.root())?,
            named => named.to_vec(),
        };
        verify::run(workspace, &folder, &path, options.target, &packages)?;
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
