//! `gqn-data`: pictures of scenes on disk.

mod cli;
mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use gqn_formats::error_report;

use self::cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Render(flags) => commands::render(&flags),
        Command::Sheet(flags) => commands::sheet(&flags),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A stderr that is closed has no reader to tell.
            let _ = writeln!(io::stderr().lock(), "{}", error_report(&*error));
            ExitCode::FAILURE
        }
    }
}
