//! Builds, checks and times the web page; `cargo xtask web` and `cargo xtask bench-web` set up what it needs and call it.
//!
//! A program of its own, so that `xtask` need not wait until wasm-bindgen's library is compiled.
//!
//! | file | holds |
//! |---|---|
//! | `cli.rs` | the command line |
//! | `page.rs` | the page, its engines and the models as a static folder that any host serves |
//! | `toolchain.rs` | who compiles for wasm |
//! | `wasm.rs` | the engines, and a peer for the bench: compiled, bound to JavaScript, made small |
//! | `bindgen.rs` | the JavaScript side of a module |
//! | `node.rs` | what comes from npm |
//! | `models.rs` | packages and their index |
//! | `dist.rs` | the folder: `web-demo/dist` |
//! | `html.rs` | of it, the page itself |
//! | `serve.rs` | the folder on a local port |
//! | `browsers.rs` | the browsers that tests and bench drive |
//! | `checks.rs` | the types of the page, and its tests in a browser |
//! | `bench/` | the engine in wasm beside onnxruntime-web, tract and rten |

mod bench;
mod bindgen;
mod browsers;
mod checks;
mod cli;
mod dist;
mod html;
mod models;
mod node;
mod page;
mod serve;
mod toolchain;
mod wasm;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;
use xtask_workspace::{SystemPackages, Workspace, ended};

use cli::{Cli, Command};

fn main() -> ExitCode {
    ended(run(Cli::parse()).map(|()| ExitCode::SUCCESS))
}

fn run(cli: Cli) -> Result<()> {
    let system = SystemPackages::without(cli.system.no_system);
    let workspace = Workspace::here()?.with_system_packages(system);
    match cli.command {
        Command::Web(options) => page::run(&workspace, &options.into()),
        Command::BenchWeb(options) => bench::run(&workspace, &options.into()),
        Command::CheckTypes => checks::types(&workspace),
        Command::TestPage => checks::test(&workspace),
    }
}
