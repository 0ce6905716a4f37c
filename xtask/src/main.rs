//! The tasks of the workspace, each one command, such as `cargo xtask demo`.
//!
//! It fetches, builds and calls; it knows nothing of models or pictures. The stages themselves are the other crates.
//!
//! | file | holds |
//! |---|---|
//! | `cli.rs` | the command line |
//! | `setup/` | libtorch, ONNX Runtime and the tests' Python under `target/` |
//! | `demo/` | scenes, training, export, verification, pictures: `out/demo` |
//! | `release.rs` | a recipe trained slice by slice, the best package kept: `web-demo/models` |
//! | `gpu_check.rs` | the trainer's check of a machine with a GPU: `out/gpu-check` |
//! | `fuzz.rs` | parsers of bytes from outside against libFuzzer |
//! | `passed.rs` | the commands of `xtask-web` and `xtask-device`: the page, and the archive for devices |
//! | `bench.rs` | the scoreboard, with its flags |
//! | `test.rs` | formatting, lints, tests and docs, in that order; `check` is the quick part of them |
//! | `mpi_tests.rs` | the tests of training by several processes |
//! | `stopwatch.rs` | what each stage of a task took |

mod bench;
mod cli;
mod demo;
mod fuzz;
mod gpu_check;
mod mpi_tests;
mod passed;
mod release;
mod setup;
mod stopwatch;
mod test;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use xtask_workspace::{SystemPackages, Workspace, ended};

use cli::{Cli, Command};

fn main() -> ExitCode {
    ended(run(Cli::parse()))
}

fn run(cli: Cli) -> Result<ExitCode> {
    let system = SystemPackages::without(cli.no_system());
    let workspace = &Workspace::here()?.with_system_packages(system);
    match cli.command {
        Command::Setup(options) => setup::set_up(workspace, options.parts()),
        Command::Demo(options) => demo::run(workspace, &options),
        Command::TrainRelease(options) => release::run(workspace, &options),
        Command::GpuCheck(options) => gpu_check::run(workspace, &options),
        Command::Web(passed) => return passed::WEB.run(workspace, &passed.options),
        Command::Bench(options) => bench::run(workspace, &options),
        Command::BenchWeb(passed) => {
            return passed::BENCH_WEB.run(workspace, &passed.options);
        }
        Command::Fuzz(options) => fuzz::run(workspace, &options.into()),
        Command::Dist(passed) => return passed::DIST.run(workspace, &passed.options),
        Command::Providers(passed) => {
            return passed::PROVIDERS.run(workspace, &passed.options);
        }
        Command::Check => test::check(workspace),
        Command::Test(options) => test::run(workspace, &options.only),
    }?;
    Ok(ExitCode::SUCCESS)
}
