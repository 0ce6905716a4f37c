//! `gqn-train`: the trainer's command line.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use clap::Parser;
use gqn_formats::{
    Checkpoint, FormatError, Overwrite, TensorFile, error_report, sha256_hex, write_atomic,
};
use gqn_scenes::World;
use gqn_trainer::config::TrainConfig;
use gqn_trainer::device::prepare;
use gqn_trainer::evaluate::{TestPlan, evaluate_run};
use gqn_trainer::event::Event;
use gqn_trainer::golden::{difference, golden};
use gqn_trainer::import::{ImportOptions, import};
use gqn_trainer::model::{Compute, Gqn, Precision};
use gqn_trainer::oracle::{OracleReport, check_weights};
use gqn_trainer::parallel::Processes;
use gqn_trainer::progress::Progress;
use gqn_trainer::run_folder::{CHECKPOINT_FILE, CONFIG_FILE, GOLDEN_FILE, RunFolder};
use gqn_trainer::schedule::GenerationSteps;
use gqn_trainer::tensorboard::Board;
use gqn_trainer::train::{TrainError, TrainOptions, train};

use crate::cli::{
    CheckpointFlags, Cli, Command, EvalFlags, GoldenFlags, ImportFlags, OracleFlags, TrainFlags,
};

mod cli;
mod gpu_check;
mod run_bench;
mod run_curves;

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Train(flags) => run_train(&flags),
        Command::Eval(flags) => run_eval(&flags),
        Command::Curves(flags) => run_curves::run_curves(&flags),
        Command::Golden(flags) => run_golden(&flags),
        Command::Checkpoint(flags) => run_checkpoint(&flags),
        Command::Import(flags) => run_import(&flags),
        Command::Oracle(flags) => run_oracle(&flags),
        Command::Bench(flags) => run_bench::run_bench(&flags),
        Command::BenchProbe(flags) => run_bench::run_probe(&flags),
        Command::GpuCheck(flags) => gpu_check::run_gpu_check(&flags),
        Command::NcclCheck(flags) => gpu_check::run_nccl_check(&flags),
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
    let processes = Processes::join()?;
    let done = train_with(flags, &processes);
    if let (Err(error), 2..) = (&done, processes.size()) {
        let (rank, size) = (processes.rank(), processes.size());
        let report = error_report(&**error);
        let _ = writeln!(io::stderr().lock(), "process {rank} of {size}: {report}");
        processes.abort_others();
    }
    done
}

fn train_with(flags: &TrainFlags, processes: &Processes) -> Result<ExitCode> {
    let folder = RunFolder::new(&flags.out);
    // The first process reads the files and tells the others, which may not have them.
    let config = if processes.is_first() {
        run_config(flags, &folder)?.over(processes.size())?.to_toml()
    } else {
        String::new()
    };
    let config: TrainConfig = toml::from_str(&processes.first_says(config))
        .context("could not read the configuration of process 0")?;
    let mut device = flags.device.open_for(processes.local_rank())?;
    processes.open_links(device.device)?;
    if processes.size() > 1 {
        device.description =
            format!("{} processes, this one on {}", processes.size(), device.description);
    }
    set_threads(flags.threads.or_else(|| threads_of_one(processes)));
    let options = TrainOptions {
        folder,
        resume: flags.resume,
        init: flags.init.as_deref().map(checkpoint_of),
        minutes: flags.minutes,
        slice_minutes: flags.slice,
        device,
        command: command_line(),
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&interrupted);
    let (rank, size) = (processes.rank(), processes.size());
    ctrlc::set_handler(move || {
        // The second Ctrl-C does not wait for the step and the checkpoint.
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED);
        }
        if size > 1 {
            // `mpirun` ends the others of a process that has died in the same way as it ends all.
            let _ = writeln!(
                io::stderr().lock(),
                "process {rank} of {size}: told to stop, and does so after this step\n\
                 hint: if mpirun names a process that has died, what was saved last is whole: go on with --resume"
            );
        }
    })
    .context("could not listen for Ctrl-C")?;
    let mut progress = Progress::default();
    let first = processes.is_first();
    let mut board = (first && !flags.no_tensorboard).then(|| Board::new(&options.folder));
    let mut on_event = |event: Event| {
        if matches!(event, Event::Rendering { .. }) && interrupted.load(Ordering::Relaxed) {
            // Nothing has been trained yet that could be lost.
            std::process::exit(INTERRUPTED);
        }
        if !first {
            return;
        }
        progress.show(&event);
        if let Some(Err(error)) = board.as_mut().map(|board| board.show(&event)) {
            // The run is worth more than its curves.
            let error = error_report(&error);
            progress.say(&format!("warning: no more TensorBoard events are written: {error}"));
            board = None;
        }
    };
    match train(config, &options, processes, &interrupted, &mut on_event)? {
        Some(_) if !first => Ok(ExitCode::SUCCESS),
        Some(evaluation) => {
            print(&serde_json::to_string_pretty(&evaluation)?)?;
            Ok(ExitCode::SUCCESS)
        }
        None => Ok(ExitCode::from(INTERRUPTED as u8)),
    }
}

/// What the folder or the flags say to train.
fn run_config(flags: &TrainFlags, folder: &RunFolder) -> Result<TrainConfig> {
    if flags.resume {
        let path = folder.file(CONFIG_FILE);
        if !folder.holds_a_run() {
            return Err(TrainError::NoRun { path: flags.out.clone() }.into());
        }
        let mut config = TrainConfig::layered(None, Some(&path), flags.table())?;
        // Runs that do not say how many processes they had, had one.
        config.processes.get_or_insert(1);
        if flags.steps.is_some() && config.generation_steps.is_some() {
            // A first phase that may be over does not come back because the run becomes longer.
            let before = TrainConfig::layered(None, Some(&path), toml::Table::new())?;
            config.generation_steps = Some(GenerationSteps::Steps(before.elbo_start()));
        }
        return Ok(config);
    }
    let file = flags.config.as_deref();
    let (config, geometry) = TrainConfig::layered_with_geometry(flags.preset, file, flags.table())?;
    if folder.holds_a_run() && !flags.force {
        return Err(TrainError::Exists { path: flags.out.clone() }.into());
    }
    if let Some(geometry) = geometry {
        let _ = writeln!(io::stderr().lock(), "{geometry}");
    }
    Ok(config)
}

/// Threads for each of several processes on one host; libtorch's own choice for one.
fn threads_of_one(processes: &Processes) -> Option<u16> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (cores / processes.local_size()).max(1);
    (processes.local_size() > 1).then(|| u16::try_from(share).unwrap_or(u16::MAX))
}

fn run_eval(flags: &EvalFlags) -> Result<ExitCode> {
    set_threads(flags.threads);
    let device = flags.device.open()?.device;
    let path = checkpoint_of(&flags.run);
    let (folder, checkpoint) = (parent(&path), Checkpoint::load(&path)?);
    let mut config =
        TrainConfig::layered(None, Some(&folder.join(CONFIG_FILE)), toml::Table::new())
            .context("could not read the run's configuration beside the checkpoint")?;
    if let Some(world) = flags.world {
        config.world = world;
        config.data = None;
        config.max_context = world.max_context();
    }
    config.max_context = flags.context.map_or(config.max_context, |views| views as usize);
    config.model = checkpoint.config.clone();
    config.validate()?;
    let contexts = flags
        .context
        .map_or_else(|| (1..=config.max_context).collect(), |views| vec![views as usize]);
    let plan = TestPlan {
        scenes: flags.scenes.map(u64::from),
        contexts,
        queries: flags.queries as usize,
        pixel_std_dev: flags.pixel_std_dev.unwrap_or(config.pixel_std_dev_at(config.steps)),
        seed: flags.seed.map_or(config.seed, u64::from),
    };
    let mut progress = Progress::default();
    let evaluation =
        evaluate_run(&checkpoint, &config, &plan, device, &mut |event| progress.show(&event))?
            .expect("nothing interrupts it but the end of the program");
    let _ = writeln!(io::stderr().lock(), "{}", evaluation.table());
    print(&serde_json::to_string_pretty(&evaluation)?)?;
    Ok(ExitCode::SUCCESS)
}

fn run_golden(flags: &GoldenFlags) -> Result<ExitCode> {
    let path = checkpoint_of(&flags.run);
    let read = |source| FormatError::Read { path: path.clone(), source };
    let bytes = std::fs::read(&path).map_err(read)?;
    let checkpoint = Checkpoint::from_bytes(&path.display().to_string(), &bytes)?;
    if flags.check {
        return check_golden(&checkpoint, &parent(&path).join(GOLDEN_FILE), flags);
    }
    checkpoint.config.check_rendered_scenes()?;
    let model = Gqn::from_checkpoint(&checkpoint, tch::Device::Cpu);
    let seed = u64::from(flags.seed) & (u64::MAX >> 33);
    let world = flags.world.map_or_else(|| world_of_run(&parent(&path)), Ok)?;
    let sample = golden(&model, world, seed, &sha256_hex(&bytes)).to_bytes(GOLDEN_FILE)?;
    let out = flags.out.clone().unwrap_or_else(|| parent(&path).join(GOLDEN_FILE));
    write_atomic(&out, &sample, if flags.force { Overwrite::Force } else { Overwrite::Refuse })?;
    print(&format!("{}", out.display()))?;
    Ok(ExitCode::SUCCESS)
}

/// The sample beside a checkpoint, painted anew.
fn check_golden(checkpoint: &Checkpoint, path: &Path, flags: &GoldenFlags) -> Result<ExitCode> {
    /// Largest difference of a picture's numbers, which lie in 0 to 1, by another device's 32-bit arithmetic.
    const TOLERANCE: f64 = 1e-4;
    let what = path.display().to_string();
    let bytes = std::fs::read(path)
        .map_err(|source| FormatError::Read { path: path.to_owned(), source })?;
    let sample = TensorFile::from_bytes(&what, &bytes)?;
    let opened = flags.device.open()?;
    prepare(opened.device, Precision::Fp32);
    let model = Gqn::from_checkpoint(checkpoint, opened.device);
    let found = difference(&model, &what, &sample)?;
    let on = opened.description;
    if found <= TOLERANCE {
        print(&format!("pass  {what} on {on}: largest difference {found:.1e} of {TOLERANCE:.0e}"))?;
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("FAIL  {what} on {on}: largest difference {found:.1e} of {TOLERANCE:.0e}"))?;
    Ok(ExitCode::FAILURE)
}

fn run_checkpoint(flags: &CheckpointFlags) -> Result<ExitCode> {
    let overwrite = if flags.force { Overwrite::Force } else { Overwrite::Refuse };
    let checkpoint = Checkpoint::load(&checkpoint_of(&flags.run))?;
    if flags.half {
        checkpoint.save_half(&flags.out, overwrite)?;
    } else {
        checkpoint.save(&flags.out, overwrite)?;
    }
    print(&format!("{}", flags.out.display()))?;
    Ok(ExitCode::SUCCESS)
}

fn run_import(flags: &ImportFlags) -> Result<ExitCode> {
    let overwrite = if flags.force { Overwrite::Force } else { Overwrite::Refuse };
    if !flags.force && flags.out.exists() {
        return Err(FormatError::Exists { path: flags.out.clone() }.into());
    }
    let options = ImportOptions {
        steps: flags.layers.map(|layers| layers as usize),
        representation: flags.representation,
        pose_encoding: flags.pose_encoding,
        step: u64::from(flags.step),
    };
    let imported = import(&flags.file, &options)?;
    let say = |line: &str| drop(writeln!(io::stderr().lock(), "{line}"));
    if imported.assumed_pool {
        say("taken for a pool representation: tower and pool have the same tensors\n\
             hint: --representation tower says otherwise");
    }
    for name in &imported.unused {
        say(&format!("left out {name}, which a representation of this size passes by"));
    }
    let mut checkpoint = imported.checkpoint;
    checkpoint.provenance.command = command_line();
    env!("GQN_COMMIT").clone_into(&mut checkpoint.provenance.commit);
    let name = flags.file.file_name().unwrap_or_default().to_string_lossy();
    checkpoint.provenance.data = format!("imported from {name}");
    let what = flags.out.display().to_string();
    let model = Gqn::from_checkpoint(&checkpoint, tch::Device::Cpu);
    let bytes = checkpoint.into_tensor_file().to_bytes(&what)?;
    write_atomic(&flags.out, &bytes, overwrite)?;
    print(&what)?;
    say(&serde_json::to_string(model.config())?);
    let golden_path = parent(&flags.out).join(GOLDEN_FILE);
    if golden_path.exists() && !flags.force {
        // It is another checkpoint's, and may be wanted.
        say(&format!("next: gqn-train golden {what} --out SAMPLE, which exporting wants"));
        return Ok(ExitCode::SUCCESS);
    }
    let sample = golden(&model, flags.world, 0, &sha256_hex(&bytes)).to_bytes(GOLDEN_FILE)?;
    write_atomic(&golden_path, &sample, overwrite)?;
    say(&format!("next: gqn-export export {what} --out PACKAGE"));
    Ok(ExitCode::SUCCESS)
}

fn command_line() -> String {
    ["gqn-train".to_owned()]
        .into_iter()
        .chain(std::env::args().skip(1))
        .collect::<Vec<_>>()
        .join(" ")
}

/// The world of the run whose folder this is; where there is none, rooms.
fn world_of_run(folder: &Path) -> Result<World> {
    let path = folder.join(CONFIG_FILE);
    if !path.exists() {
        return Ok(World::RoomsRingCamera);
    }
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("could not read {}", path.display()))?;
    let unreadable = || format!("could not read {}\nhint: name a --world", path.display());
    let config: toml::Table = text.parse().with_context(unreadable)?;
    let world = config.get("world").cloned().map(toml::Value::try_into).transpose();
    Ok(world.with_context(unreadable)?.unwrap_or(World::RoomsRingCamera))
}

fn run_oracle(flags: &OracleFlags) -> Result<ExitCode> {
    let OracleFlags { form, winograd, precision, .. } = *flags;
    let compute = Compute { form, winograd, precision };
    let device = flags.device.open()?.device;
    prepare(device, precision);
    let mut report = OracleReport::default();
    for file in &flags.files {
        let one = check_weights(file, flags.checkpoint.as_deref(), compute, device)?;
        if flags.files.len() > 1 {
            print(&format!("{}:", file.display()))?;
        }
        print_oracle(&one)?;
        report.lines.extend(one.lines);
        report.unknown.extend(one.unknown);
    }
    let failed = report.lines.iter().filter(|line| !line.passed()).count() + report.unknown.len();
    let passed = report.lines.len() + report.unknown.len() - failed;
    print(&format!("{passed} passed, {failed} failed"))?;
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_oracle(report: &OracleReport) -> io::Result<()> {
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
    Ok(())
}

/// Exit code of a run that was interrupted and saved, as shells count SIGINT.
const INTERRUPTED: i32 = 130;

fn set_threads(threads: Option<u16>) {
    if let Some(threads) = threads {
        tch::set_num_threads(i32::from(threads));
    }
}

/// The checkpoint that a run folder, or its own path, names.
fn checkpoint_of(run: &Path) -> PathBuf {
    if run.is_dir() { run.join(CHECKPOINT_FILE) } else { run.to_owned() }
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
