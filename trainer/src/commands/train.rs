//! `gqn-train train`: what the flags and the folder say is trained, after everything that can be looked at before.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use gqn_command_line::{print_line, say};
use gqn_messages::error_report;
use gqn_system::{FolderLock, SystemError};
use gqn_trainer::config::schedule::GenerationSteps;
use gqn_trainer::config::{RunData, TrainConfig};
use gqn_trainer::distributed::Processes;
use gqn_trainer::run::event::Event;
use gqn_trainer::run::folder::{CONFIG_FILE, Found, RunFolder};
use gqn_trainer::run::progress::Progress;
use gqn_trainer::run::tensorboard::Board;
use gqn_trainer::training::memory::{StepSize, check_step, resident_scenes, resident_text};
use gqn_trainer::training::training_loop::{TrainError, TrainOptions, train};

use crate::cli::TrainFlags;
use crate::{INTERRUPTED, checkpoint_of, command_line, set_threads};

pub(crate) fn run_train(flags: &TrainFlags) -> Result<ExitCode> {
    let processes = Processes::join()?;
    let done = train_with(flags, &processes);
    if let (Err(error), 2..) = (&done, processes.size()) {
        let (rank, size) = (processes.rank(), processes.size());
        let report = error_report(&**error);
        say(&format!("process {rank} of {size}: {report}"));
        processes.abort_others();
    }
    done
}

fn train_with(flags: &TrainFlags, processes: &Processes) -> Result<ExitCode> {
    let folder = RunFolder::new(&flags.out);
    let first = processes.is_first();
    if first && flags.resume && folder.found() == Found::Nothing {
        return Err(TrainError::NoRun { path: flags.out.clone() }.into());
    }
    // Before anything is looked at or rendered: two runs in one folder would be none.
    let _alone = first.then(|| FolderLock::acquire(&flags.out)).transpose()?;
    // The first process reads the files and tells the others, which may not have them.
    let config = if first {
        run_config(flags, &folder)?.over(processes.size())?.to_toml()
    } else {
        String::new()
    };
    let mut config: TrainConfig = toml::from_str(&processes.broadcast_string(config))
        .context("could not read the configuration of process 0")?;
    let mut device = flags.device.open_for(processes.local_rank())?;
    processes.open_links(device.device)?;
    if processes.size() > 1 {
        device.description =
            format!("{} processes, this one on {}", processes.size(), device.description);
    }
    set_threads(flags.threads.or_else(|| threads_of_one(processes)));
    let size = StepSize::of(&config.data, &config.step());
    let (batch, at_once) = (config.data.share(), processes.local_size());
    check_step(&config.model, size, batch, device.device, at_once)?;
    config.data.resident_scenes = resident(&config, size, flags.resume, device.device, processes)?;
    config.validate()?;
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
            exit_now(INTERRUPTED);
        }
        if size > 1 {
            // `mpirun` ends the others of a process that has died in the same way as it ends all.
            say(&format!(
                "process {rank} of {size}: told to stop, and does so after this step\n\
                 hint: if mpirun names a process that has died, what was saved last is whole: go on with --resume"
            ));
        }
    })
    .context("could not listen for Ctrl-C")?;
    let mut progress = Progress::default();
    let out = flags.out.clone();
    let mut board = (first && !flags.no_tensorboard).then(|| Board::new(options.folder.path()));
    let mut on_event = |event: Event| {
        if matches!(event, Event::Rendering { .. }) && interrupted.load(Ordering::Relaxed) {
            // Nothing has been trained yet that could be lost. A folder that was made for it is empty.
            let _ = std::fs::remove_dir(&out);
            exit_now(INTERRUPTED);
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
            print_line(&serde_json::to_string_pretty(&evaluation)?)?;
            Ok(ExitCode::SUCCESS)
        }
        None => Ok(ExitCode::from(INTERRUPTED as u8)),
    }
}

/// How many scenes are in memory at a time, if not all of them: as the first process finds it, and says.
fn resident(
    config: &TrainConfig,
    size: StepSize,
    is_resumed: bool,
    device: tch::Device,
    processes: &Processes,
) -> Result<Option<u64>> {
    if config.data.files.is_some() {
        return Ok(None);
    }
    let scenes = config.scenes();
    let found = if processes.is_first() {
        resident_scenes(&scenes, &config.model, size, device, processes.local_size(), is_resumed)?
    } else {
        None
    };
    if let Some(resident) = found.filter(|found| config.data.resident_scenes != Some(*found)) {
        say(&resident_text(&scenes, resident));
    }
    let resident = processes.broadcast_number(found.unwrap_or(0));
    Ok((resident > 0).then_some(resident))
}

/// What the folder or the flags say to train.
fn run_config(flags: &TrainFlags, folder: &RunFolder) -> Result<TrainConfig> {
    if flags.resume {
        if folder.found() == (Found::Begun { with_init: true }) {
            return Err(TrainError::BegunWithInit { path: flags.out.clone() }.into());
        }
        let path = folder.file(CONFIG_FILE);
        let data = RunData::of(flags.data.as_deref(), flags.skip_damaged);
        let mut config = TrainConfig::of_run(&path, flags.table()?, data)?;
        // Runs that do not say how many processes they had, had one.
        config.data.processes.get_or_insert(1);
        let schedules = &mut config.schedules;
        if flags.steps.is_some() && schedules.generation_steps.is_some() {
            // A first phase that may be over does not come back because the run becomes longer.
            let before = TrainConfig::of_run(&path, toml::Table::new(), data)?;
            let start = before.schedules.elbo_start();
            schedules.generation_steps = Some(GenerationSteps::Steps(start));
        }
        return Ok(config);
    }
    let file = flags.config.as_deref();
    let (config, geometry) =
        TrainConfig::layered_with_geometry(flags.preset, file, flags.table()?)?;
    match (folder.found(), folder.in_the_way()) {
        _ if flags.force => {}
        (Found::Run, _) => return Err(TrainError::Exists { path: flags.out.clone() }.into()),
        (Found::Nothing, Some(path)) => return Err(SystemError::Exists { path }.into()),
        // A run that was stopped before it saved anything is begun again.
        (Found::Begun { .. } | Found::Nothing, _) => {}
    }
    if let Some(geometry) = geometry {
        say(&geometry.to_string());
    }
    Ok(config)
}

/// Threads for each of several processes on one host; libtorch's own choice for one.
fn threads_of_one(processes: &Processes) -> Option<u16> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let share = (cores / processes.local_size()).max(1);
    (processes.local_size() > 1).then(|| u16::try_from(share).unwrap_or(u16::MAX))
}

/// Ends the process at once. The ordinary end runs libtorch's destructors while its threads still compute, which can end in
/// a signal.
#[cfg(unix)]
#[allow(
    unsafe_code,
    reason = "the system's own way to end a process takes a number and does not return"
)]
fn exit_now(code: i32) -> ! {
    unsafe { libc::_exit(code) }
}

#[cfg(not(unix))]
fn exit_now(code: i32) -> ! {
    std::process::exit(code)
}
