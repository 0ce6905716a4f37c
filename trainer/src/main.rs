//! `gqn-train`: the trainer's command line.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use clap::Parser;
use gqn_formats::{Checkpoint, FormatError, Overwrite, error_report, sha256_hex, write_atomic};
use gqn_trainer::config::TrainConfig;
use gqn_trainer::evaluate::evaluate_run;
use gqn_trainer::golden::golden;
use gqn_trainer::model::Gqn;
use gqn_trainer::oracle::check_oracle;
use gqn_trainer::progress::Progress;
use gqn_trainer::run_folder::{CHECKPOINT_FILE, CONFIG_FILE, GOLDEN_FILE, RunFolder};
use gqn_trainer::train::{TrainError, TrainOptions, train};

use crate::cli::{Cli, Command, EvalFlags, GoldenFlags, OracleFlags, TrainFlags};

mod cli;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Train(flags) => run_train(&flags),
        Command::Eval(flags) => run_eval(&flags),
        Command::Golden(flags) => run_golden(&flags),
        Command::Oracle(flags) => run_oracle(&flags),
    };
    match result {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr().lock(), "{}", error_report(&*error));
            ExitCode::FAILURE
        }
    }
}

fn run_train(flags: &TrainFlags) -> Result<ExitCode> {
    let folder = RunFolder::new(&flags.out);
    let config = if flags.resume {
        let path = folder.file(CONFIG_FILE);
        if !folder.holds_a_run() {
            return Err(TrainError::NoRun { path: flags.out.clone() }.into());
        }
        TrainConfig::layered(None, Some(&path), flags.table())?
    } else {
        TrainConfig::layered(flags.preset, flags.config.as_deref(), flags.table())?
    };
    if folder.holds_a_run() && !flags.resume && !flags.force {
        return Err(TrainError::Exists { path: flags.out.clone() }.into());
    }
    set_threads(flags.threads);
    let options = TrainOptions {
        folder,
        resume: flags.resume,
        minutes: flags.minutes,
        slice_minutes: flags.slice,
        device: flags.device.open()?,
        command: ["gqn-train".to_owned()]
            .into_iter()
            .chain(std::env::args().skip(1))
            .collect::<Vec<_>>()
            .join(" "),
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    ctrlc::set_handler(move || {
        // The second Ctrl-C does not wait for the step and the checkpoint.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
    })
    .context("could not listen for Ctrl-C")?;
    let mut progress = Progress::default();
    match train(config, &options, &interrupted, &mut |event| progress.show(&event))? {
        Some(evaluation) => {
            print(&serde_json::to_string_pretty(&evaluation)?)?;
            Ok(ExitCode::SUCCESS)
        }
        None => Ok(ExitCode::from(INTERRUPTED as u8)),
    }
}

fn run_eval(flags: &EvalFlags) -> Result<ExitCode> {
    set_threads(flags.threads);
    let device = flags.device.open()?.device;
    let folder = if flags.run.is_dir() { flags.run.clone() } else { parent(&flags.run) };
    let checkpoint =
        if flags.run.is_dir() { flags.run.join(CHECKPOINT_FILE) } else { flags.run.clone() };
    let checkpoint = Checkpoint::load(&checkpoint)?;
    let mut config =
        TrainConfig::layered(None, Some(&folder.join(CONFIG_FILE)), toml::Table::new())
            .context("could not read the run's configuration beside the checkpoint")?;
    if let Some(world) = flags.world {
        config.world = world;
        config.data = None;
        config.max_context = world.max_context();
    }
    config.test_scenes = flags.scenes.map_or(config.test_scenes, u64::from);
    config.max_context = flags.context.map_or(config.max_context, |views| views as usize);
    config.model = checkpoint.config.clone();
    config.validate()?;
    let mut progress = Progress::default();
    let evaluation =
        evaluate_run(&checkpoint, &config, device, &mut |event| progress.show(&event))?;
    print(&serde_json::to_string_pretty(&evaluation)?)?;
    Ok(ExitCode::SUCCESS)
}

fn run_golden(flags: &GoldenFlags) -> Result<ExitCode> {
    let read = |source| FormatError::Read { path: flags.checkpoint.clone(), source };
    let bytes = std::fs::read(&flags.checkpoint).map_err(read)?;
    let checkpoint = Checkpoint::from_bytes(&flags.checkpoint.display().to_string(), &bytes)?;
    let model = Gqn::from_checkpoint(&checkpoint, tch::Device::Cpu);
    let seed = u64::from(flags.seed) & (u64::MAX >> 33);
    let sample = golden(&model, flags.world, seed, &sha256_hex(&bytes)).to_bytes(GOLDEN_FILE)?;
    let out = flags.out.clone().unwrap_or_else(|| parent(&flags.checkpoint).join(GOLDEN_FILE));
    write_atomic(&out, &sample, if flags.force { Overwrite::Force } else { Overwrite::Refuse })?;
    print(&format!("{}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn run_oracle(flags: &OracleFlags) -> Result<ExitCode> {
    let report = check_oracle(&flags.file)?;
    for line in &report.lines {
        let (index, found, expected) = line.worst;
        let verdict = if line.passed() { "pass" } else { "FAIL" };
        print(&format!(
            "{verdict}  {:<48} error {:.2e} of {:.0e}  worst at {index}: found {found:.8}, expected {expected:.8}",
            line.name, line.error, line.tolerance
        ))?;
    }
    for name in &report.unknown {
        print(&format!("FAIL  {name:<48} is no quantity of this model"))?;
    }
    let failed = report.lines.iter().filter(|line| !line.passed()).count() + report.unknown.len();
    let passed = report.lines.len() + report.unknown.len() - failed;
    print(&format!("{passed} passed, {failed} failed"))?;
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Exit code of a run that was interrupted and saved, as shells count SIGINT.
const INTERRUPTED: i32 = 130;

fn set_threads(threads: Option<u16>) {
    if let Some(threads) = threads {
        tch::set_num_threads(i32::from(threads));
    }
}

fn parent(path: &Path) -> PathBuf {
    path.parent().map_or_else(PathBuf::new, Path::to_owned)
}

fn print(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}
