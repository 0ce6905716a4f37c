//! `gqn-export`: from a checkpoint to a package. Results go to stdout, messages to stderr.
//!
//! | file | holds |
//! |---|---|
//! | `cli.rs` | flags |
//! | `commands/` | a file for each command |

mod cli;
mod commands;

use std::process::ExitCode;

use clap::Parser;
use gqn_command_line::conclude;

use self::cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Export(flags) => commands::export(&flags),
        Command::Keep(flags) => commands::keep(&flags),
        Command::Adopt(flags) => commands::adopt(&flags),
        Command::Inspect(flags) => commands::inspect(&flags),
        Command::Triton(flags) => commands::triton(&flags),
    };
    conclude(result.map(|()| ExitCode::SUCCESS))
}
