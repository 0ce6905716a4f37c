//! `gqn-train`: the trainer's command line.
//!
//! | file | holds |
//! |---|---|
//! | `cli.rs`, `cli/` | flags |
//! | `commands/` | a file for each command |
//! | `launcher.rs` | another program: `gqn-train`, which looks at the shared libraries before it starts this one |

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use gqn_command_line::{conclude, say};
use gqn_trainer::run::folder::CHECKPOINT_FILE;

use crate::cli::{Cli, Command};

mod cli;
mod commands;

fn main() -> ExitCode {
    let command = Cli::parse().command;
    let result = commands::out_of_memory::as_an_error(|| match command {
        Command::Train(flags) => commands::train::run_train(&flags),
        Command::Eval(flags) => commands::weights::run_eval(&flags),
        Command::Summary(flags) => commands::summary::run_summary(&flags),
        Command::Curves(flags) => commands::curves::run_curves(&flags),
        Command::Golden(flags) => commands::weights::run_golden(&flags),
        Command::Checkpoint(flags) => commands::weights::run_checkpoint(&flags),
        Command::Import(flags) => commands::weights::run_import(&flags),
        Command::Oracle(flags) => commands::oracle::run_oracle(&flags),
        Command::Bench(flags) => commands::bench::run_bench(&flags),
        Command::BenchProbe(flags) => commands::bench::run_probe(&flags),
        Command::GpuCheck(flags) => commands::gpu_check::run_gpu_check(&flags),
        Command::NcclCheck(flags) => commands::gpu_check::run_nccl_check(&flags),
    });
    conclude(result)
}

/// Exit code of a run that was interrupted and saved, as shells count SIGINT.
const INTERRUPTED: i32 = 130;

/// Has libtorch compute on so many threads.
fn set_threads(asked: Option<u16>) -> i32 {
    if let Some(asked) = asked {
        tch::set_num_threads(i32::from(at_most_cores(asked)));
    }
    tch::get_num_threads()
}

/// So many threads, but never more than there are cores: threads that wait for one another would take turns on them.
fn at_most_cores(asked: u16) -> u16 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let used = asked.min(u16::try_from(cores).unwrap_or(u16::MAX));
    if used < asked {
        say(&format!("{asked} threads were asked for, {used} are used: there are no more cores"));
    }
    used
}

/// The call of this program, as far as it is text.
fn command_line() -> String {
    let arguments = std::env::args_os().skip(1);
    let arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once("gqn-train".to_owned()).chain(arguments).collect::<Vec<_>>().join(" ")
}

/// The checkpoint that a run folder, or its own path, names.
fn checkpoint_of(run: &Path) -> PathBuf {
    if run.is_dir() { run.join(CHECKPOINT_FILE) } else { run.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_are_no_more_than_cores() {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        assert_eq!(usize::from(at_most_cores(u16::MAX)), cores.min(usize::from(u16::MAX)));
        assert_eq!(at_most_cores(1), 1);
    }
}
