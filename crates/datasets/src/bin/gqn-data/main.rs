//! `gqn-data`: pictures of scenes on disk.

mod cli;
mod commands;

use std::process::ExitCode;

use anyhow::Error;
use clap::Parser;

use self::cli::{Cli, Command};

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Render(flags) => commands::render(&flags),
        Command::Sheet(flags) => commands::sheet(&flags),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error);
            ExitCode::FAILURE
        }
    }
}

#[allow(clippy::print_stderr, reason = "the one place where this program says what went wrong")]
fn report(error: &Error) {
    eprintln!("error: {error:#}");
}
