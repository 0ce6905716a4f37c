//! The chores of the workspace, each one command, such as `cargo xtask demo`.
//!
//! It fetches, builds and calls; it knows nothing of models or pictures. The stages themselves are the other crates.
//!
//! | file | holds |
//! |---|---|
//! | `cli.rs` | the command line |
//! | `workspace.rs` | where things lie, and how cargo and the project's binaries are called |
//! | `failure.rs` | an error with a remedy, and how errors are printed |
//! | `debian.rs` | programs from Debian's packages: installed, or listed with `--no-system` |
//! | `talk.rs` | lines, headings and bars on stderr |
//! | `stopwatch.rs` | what each stage of a chore took |
//! | `setup/` | libtorch, ONNX Runtime and the tests' Python under `target/` |
//! | `demo/` | scenes, training, export, verification, pictures: `out/demo` |
//! | `release/` | a recipe trained slice by slice, the best package kept: `web-demo/models` |
//! | `device.rs` | the archive for devices: calls `xtask-device` |
//! | `gpu_check.rs` | the trainer's check of a machine with a GPU: `out/gpu-check` |
//! | `fuzz/` | parsers of bytes from outside against libFuzzer |
//! | `web/` | the page with its engine in wasm: `web-demo/dist` |
//! | `processes.rs` | the tests of training by several processes |
//! | `bench/` | what a picture costs, natively and in a browser |
//! | `test.rs` | formatting, lints, tests and docs, in that order; `check` is the quick part of them |

mod bench;
mod cli;
mod debian;
mod demo;
mod device;
mod failure;
mod fuzz;
mod gpu_check;
mod page;
mod processes;
mod release;
mod setup;
mod stopwatch;
mod talk;
mod test;
mod web;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use cli::{Cli, Command};
use debian::SystemPackages;
use workspace::Workspace;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            talk::line(&failure::describe(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let system = if cli.no_system { SystemPackages::ListOnly } else { SystemPackages::Install };
    let workspace = Workspace::here()?.with_system_packages(system);
    match cli.command {
        Command::Setup(options) => setup::set_up(&workspace, options.parts()),
        Command::Demo(options) => demo::run(&workspace, &options.into()),
        Command::TrainRelease(options) => release::run(&workspace, &options.into()),
        Command::GpuCheck(options) => gpu_check::run(&workspace, &options.into()),
        Command::Web(options) => web::run(&workspace, &options.into()),
        Command::Bench(options) => bench::run(&workspace, &options.into()),
        Command::BenchWeb(options) => bench::run_web(&workspace, &options.into()),
        Command::Fuzz(options) => fuzz::run(&workspace, &options.into()),
        Command::Dist(options) => device::run(&workspace, "dist", &options.arguments),
        Command::Check => test::check(&workspace),
        Command::Test(options) => test::run(&workspace, &options.only),
    }
}
