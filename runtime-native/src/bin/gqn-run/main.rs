//! `gqn-run`: runs a package with ONNX Runtime, and renders what cameras would see.
//!
//! | file | holds |
//! |---|---|
//! | `cli.rs`, `cli/` | the command line; `cli/engine.rs` has what every command says of the engine |
//! | `commands/` | one file for each subcommand |
//! | `input.rs` | observed views and query cameras, from a folder or from a world |
//! | `path.rs` | a closed path of cameras along given ones |
//! | `picture.rs` | reading, scaling and writing pictures |
//! | `sheet.rs` | several pictures in one |
//! | `strip.rs` | rows of pictures under a line of text each, or one after the other in time |
//! | `machine.rs` | memory and processor time of this process |

mod cli;
mod commands;
mod input;
mod machine;
mod path;
mod picture;
mod sheet;
mod strip;

use std::process::ExitCode;

use clap::Parser;
use gqn_command_line::conclude;

fn main() -> ExitCode {
    let result = match cli::Cli::parse().command {
        cli::Command::Info(flags) => commands::info(&flags),
        cli::Command::Verify(flags) => commands::verify(&flags),
        cli::Command::Render(flags) => commands::render(&flags),
        cli::Command::Orbit(flags) => commands::orbit(&flags),
        cli::Command::Interpolate(flags) => commands::interpolate(&flags),
        cli::Command::Rotate(flags) => commands::rotate(&flags),
        cli::Command::Arithmetic(flags) => commands::arithmetic(&flags),
        cli::Command::Compare(flags) => commands::compare(&flags),
        cli::Command::Uncertainty(flags) => commands::uncertainty(&flags),
        cli::Command::Bench(flags) => commands::bench(&flags),
        cli::Command::Warmup(flags) => commands::warmup(&flags),
        #[cfg(feature = "serve")]
        cli::Command::Serve(flags) => commands::serve(&flags),
        cli::Command::Doctor(flags) => commands::doctor(&flags),
        cli::Command::Completions(flags) => commands::completions(&flags),
        cli::Command::Manual => commands::manual(),
    };
    conclude(result.map(|()| ExitCode::SUCCESS))
}
