//! `gqn-data`: data sets of scenes on disk.

mod cli;
mod commands;

use std::process::ExitCode;

use clap::Parser;
use gqn_command_line::conclude;

use self::cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Render(flags) => commands::render(&flags),
        Command::Inspect(flags) => commands::inspect(&flags),
        Command::Verify(flags) => return conclude(commands::verify(&flags)),
        Command::Convert(flags) => commands::convert(&flags),
        Command::Bench(flags) => commands::bench(&flags),
        Command::Scene(flags) => commands::scene(&flags),
        Command::Sheet(flags) => commands::sheet(&flags),
    };
    conclude(result.map(|()| ExitCode::SUCCESS))
}
