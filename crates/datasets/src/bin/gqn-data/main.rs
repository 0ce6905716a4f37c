//! `gqn-data`: data sets of scenes on disk.

mod cli;
mod commands;
mod progress;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use gqn_messages::error_report;

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

fn conclude(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // A stderr that is closed has no reader to tell.
            let _ = writeln!(io::stderr().lock(), "{}", error_report(&*error));
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
