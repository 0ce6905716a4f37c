//! The training loop. It says what happens through [`Event`]s and draws nothing.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gqn_formats::{FormatError, ModelConfig, Provenance};

use crate::config::schedule::Phase;
use crate::config::{RunScenes, ScheduleConfig, TrainConfig};
use crate::data::batch_source::BatchSource;
use crate::data::scenes::describe;
use crate::device::{OpenDevice, prepare};
use crate::distributed::Processes;
use crate::evaluation::evaluate::{Evaluation, Figures, TestPlan, evaluate};
use crate::model::Gqn;
use crate::run::event::Event;
use crate::run::folder::{
    CHECKPOINT_FILE, CONFIG_FILE, EVALUATION_FILE, Found, GOLDEN_FILE, LOG_FILE, Log, RunFolder,
    STATE_FILE,
};
use crate::run::golden::golden;
use crate::training::init;
use crate::training::monitor::Monitor;
use crate::training::state;
use crate::training::step::Trainer;
use crate::training::time_budget::{StepSecs, TimeBudget, all_of};

pub use super::error::TrainError;

/// How a run is started; nothing here changes its numbers, but for `minutes`, which sets the number of steps, and `init`.
#[derive(Debug)]
pub struct TrainOptions {
    /// The run's folder.
    pub folder: RunFolder,
    /// Go on from the folder's state; from the beginning if the run was stopped before it saved one.
    pub resume: bool,
    /// Begin with the weights of that checkpoint, which must be of the same model, instead of fresh ones.
    pub init: Option<PathBuf>,
    /// Plan as many steps as fit into that many minutes on this host, by timing a few first; the plan follows the pace
    /// of the run.
    pub minutes: Option<f64>,
    /// Evaluate, save and stop after that many minutes of training, wherever the run is then.
    pub slice_minutes: Option<f64>,
    /// Where to compute.
    pub device: OpenDevice,
    /// The command line, for the provenance.
    pub command: String,
}

/// Trains until the planned number of steps is reached or `interrupted` becomes true in any of the processes, which
/// must all call this with one config. The first of them touches the folder.
///
/// # Errors
/// [`TrainError`]: the folder cannot be read or written, or the loss is NaN or infinite.
#[allow(clippy::too_many_lines, reason = "a loop one can read from top to bottom")]
pub fn train(
    mut config: TrainConfig,
    options: &TrainOptions,
    processes: &Processes,
    interrupted: &AtomicBool,
    on_event: &mut dyn FnMut(Event),
) -> Result<Option<Evaluation>, TrainError> {
    let (folder, first) = (&options.folder, processes.is_first());
    prepare(options.device.device, config.compute.precision);
    // Of several processes the first one knows whether anything was saved.
    let goes_on = options.resume && !matches!(folder.found(), Found::Begun { .. });
    let goes_on = processes.broadcast_number(u64::from(goes_on)) == 1;
    let mut trainer = Trainer::new(&config.model, config.step(), options.device.device);
    let scenes = config.scenes();
    let provenance = new_provenance(&scenes, config.schedules.steps);
    let mut provenance =
        begin(&mut trainer, provenance, &config.model, options, processes, goes_on)?;
    let (step, steps) = (trainer.adam.steps(), config.schedules.steps);
    if step > steps {
        return Err(TrainError::Past { step, steps });
    }
    let mut on_rendering = |done, scenes| on_event(Event::Rendering { done, scenes });
    let (batches, constant) = BatchSource::open(
        &scenes,
        trainer.adam.steps()..config.schedules.steps,
        processes.rows(config.data.batch),
        options.device.device,
        &mut on_rendering,
    )?;
    let time = options
        .minutes
        .filter(|_| !options.resume)
        .map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let slice = options.slice_minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let mut budget = match time {
        Some(time) => Some(TimeBudget::new(
            time,
            step_secs(&mut trainer, &config.schedules, &batches, processes)?,
        )),
        None => None,
    };
    if let Some(budget) = &budget {
        let steps = processes.broadcast_number(budget.steps(&config.schedules));
        config.schedules = config.schedules.replanned(steps, 0);
        trainer.set_schedules(config.schedules);
    }
    let saved = goes_on.then_some(trainer.adam.steps());
    let (mut log, mut monitor) = if first {
        let step = saved.unwrap_or(0);
        let log = open_files(&config.to_toml(), options, saved, on_event)?;
        let (every, device) = (config.intervals.evaluate_every, options.device.device);
        (Some(log), Some(Monitor::open(&scenes, every, device, folder, step, on_event)?))
    } else {
        (None, None)
    };
    if !goes_on {
        // So that a run that is killed before its first checkpoint can be resumed as well.
        save(folder, &trainer, &provenance, &config.to_toml(), &scenes, processes)?;
    }
    let device = options.device.description.clone();
    on_event(Event::Started { step: trainer.adam.steps(), steps: config.schedules.steps, device });
    let mut is_without_elbo = false;
    warn_of_no_elbo(&config.schedules, &mut is_without_elbo, on_event);

    let (mut skipped, mut saved) = (0, None);
    let (before, clock) = (provenance.seconds, Instant::now());
    while trainer.adam.steps() < config.schedules.steps {
        let step = trainer.adam.steps();
        let loss = trainer.gradients(&batches, step)?;
        processes.average(&trainer.adam.gradients())?;
        trainer.update();
        provenance.seconds = before + clock.elapsed().as_secs_f64();
        if step.is_multiple_of(config.intervals.log_every) || step + 1 == config.schedules.steps {
            let metrics = loss.metrics(&config.schedules, scenes.side, step).over(processes);
            if !metrics.is_finite() {
                return Err(TrainError::NotFinite { step });
            }
            if let Some(log) = &mut log {
                log.append(&metrics)?;
            }
            on_event(Event::Step(metrics));
            if batches.damaged() > skipped {
                skipped = batches.damaged();
                on_event(Event::SkippedDamaged { scenes: skipped });
            }
            // Asked only where there is a plan, since the processes answer together.
            if let Some(budget) = &mut budget {
                let steps = budget.replan(&config.schedules, clock.elapsed(), step + 1);
                let steps = processes.broadcast_number(steps.unwrap_or(config.schedules.steps));
                if steps != config.schedules.steps {
                    config.schedules = config.schedules.replanned(steps, step + 1);
                    trainer.set_schedules(config.schedules);
                    on_event(Event::Replanned { steps });
                    warn_of_no_elbo(&config.schedules, &mut is_without_elbo, on_event);
                }
            }
        } else {
            on_event(Event::Stepped { step: trainer.adam.steps() });
        }
        if let Some(monitor) = &mut monitor {
            monitor.stepped(&trainer, &config.schedules, &provenance, folder, on_event)?;
        }
        let stop = processes.any(interrupted.load(Ordering::Relaxed));
        if trainer.adam.steps().is_multiple_of(config.intervals.checkpoint_every) || stop {
            save(folder, &trainer, &provenance, &config.to_toml(), &scenes, processes)?;
            saved = Some(trainer.adam.steps());
            on_event(Event::Saved { folder: folder.path().to_owned(), step: trainer.adam.steps() });
        }
        if stop {
            on_event(Event::Interrupted { step: trainer.adam.steps() });
            return Ok(None);
        }
        // Asked only where there is a slice, since the processes answer together.
        if slice.is_some_and(|slice| processes.any(clock.elapsed() >= slice)) {
            break;
        }
    }
    if trainer.adam.steps() < config.schedules.steps {
        on_event(Event::SliceOver { step: trainer.adam.steps(), steps: config.schedules.steps });
    }
    if saved != Some(trainer.adam.steps()) {
        // Evaluating takes a while, and a run that is stopped meanwhile keeps its last steps.
        save(folder, &trainer, &provenance, &config.to_toml(), &scenes, processes)?;
    }
    let sigma = config.schedules.pixel_std_dev_at(config.schedules.steps);
    let test = TestPlan::of_run(&scenes, sigma);
    let (steps, seconds) = (trainer.adam.steps(), provenance.seconds);
    let phase = config.schedules.phase_at(steps.saturating_sub(1));
    let figures = Figures { constant: &constant, phase, steps, seconds };
    let evaluation = processes.broadcast_result(|| {
        trainer.with_ema_weights(|model| {
            evaluate(model, &scenes, &test, figures, interrupted, &mut |progress| {
                on_event(progress.into());
            })
        })
    })?;
    let Some(evaluation) = evaluation else {
        on_event(Event::Interrupted { step: steps });
        return Ok(None);
    };
    if first {
        provenance.metrics = evaluation.metrics();
        finish(&trainer, &scenes, &evaluation, &provenance, folder)?;
        on_event(Event::Saved { folder: folder.path().to_owned(), step: steps });
    }
    on_event(Event::Finished(Box::new(evaluation.clone())));
    Ok(Some(evaluation))
}

/// Says that a plan has no step of the ELBO phase, if that is so and was not so with the plan before.
fn warn_of_no_elbo(schedules: &ScheduleConfig, was_so: &mut bool, on_event: &mut dyn FnMut(Event)) {
    let is_so = schedules.is_without_elbo();
    if is_so && !std::mem::replace(was_so, is_so) {
        on_event(Event::NoElbo {
            start: schedules.elbo_start().min(schedules.steps),
            steps: schedules.steps,
        });
    }
    *was_so = is_so;
}

/// Puts all processes where the run stands: at its beginning, or where the first process finds its state.
fn begin(
    trainer: &mut Trainer,
    fresh: Provenance,
    model: &ModelConfig,
    options: &TrainOptions,
    processes: &Processes,
    goes_on: bool,
) -> Result<Provenance, TrainError> {
    let mut provenance = if goes_on && processes.is_first() {
        state::restore(&options.folder, trainer)?
    } else {
        fresh
    };
    if let (Some(path), false, true) = (&options.init, options.resume, processes.is_first()) {
        let checkpoint = init::load(path, model)?;
        trainer.start_from(&checkpoint);
        let _ = write!(
            provenance.data,
            ", begun with weights of step {} ({:.0} s, {})",
            checkpoint.step, checkpoint.provenance.seconds, checkpoint.provenance.data
        );
    }
    trainer.broadcast(processes)?;
    if provenance.command.is_empty() {
        provenance.command.clone_from(&options.command);
    }
    Ok(provenance)
}

/// Writes the configuration and opens the log, of a run that was saved at a step or that begins.
fn open_files(
    config: &str,
    options: &TrainOptions,
    saved: Option<u64>,
    on_event: &mut dyn FnMut(Event),
) -> Result<Log, TrainError> {
    let folder = &options.folder;
    if saved.is_some() {
        folder.write(CONFIG_FILE, config.as_bytes())?;
    } else {
        folder.clear()?;
        folder.begin(config, options.init.is_some())?;
    }
    let (log, damaged) = folder.open_log(LOG_FILE, saved.unwrap_or(0))?;
    if let Some(copy) = damaged {
        on_event(Event::DamagedLog { copy });
    }
    Ok(log)
}

fn new_provenance(scenes: &RunScenes, steps: u64) -> Provenance {
    Provenance {
        seed: scenes.seed,
        commit: env!("GQN_COMMIT").to_owned(),
        data: describe(&scenes.data, steps),
        ..Provenance::default()
    }
}

/// Saves the state, which all processes must share, the configuration with the plan as it is now, and the golden sample.
fn save(
    folder: &RunFolder,
    trainer: &Trainer,
    provenance: &Provenance,
    config: &str,
    scenes: &RunScenes,
    processes: &Processes,
) -> Result<(), TrainError> {
    processes.check_equal(&trainer.weights(), trainer.adam.steps())?;
    if !processes.is_first() {
        return Ok(());
    }
    // With the state that it is the plan of: a resumed run goes on with the plan that was there when it was saved. The
    // first one says that nothing is saved, and stays until that is no longer so.
    let write_config = || folder.write(CONFIG_FILE, config.as_bytes());
    let is_first_state = !folder.file(STATE_FILE).exists();
    if !is_first_state {
        write_config()?;
    }
    let sha256 = state::save(folder, trainer, provenance).map_err(|error| match error {
        FormatError::NotFinite { .. } => {
            TrainError::NotFinite { step: trainer.adam.steps().saturating_sub(1) }
        }
        error => error.into(),
    })?;
    if is_first_state {
        write_config()?;
    }
    trainer.with_ema_weights(|model| write_golden(folder, model, scenes, &sha256))
}

fn write_golden(
    folder: &RunFolder,
    model: &Gqn,
    scenes: &RunScenes,
    sha256: &str,
) -> Result<(), TrainError> {
    let sample = golden(model, scenes.data.world, scenes.seed, sha256);
    folder.write(GOLDEN_FILE, &sample.to_bytes(GOLDEN_FILE)?)?;
    Ok(())
}

/// Puts the figures where others look for them. The state has no use for them.
fn finish(
    trainer: &Trainer,
    scenes: &RunScenes,
    evaluation: &Evaluation,
    provenance: &Provenance,
    folder: &RunFolder,
) -> Result<(), TrainError> {
    trainer.with_ema_weights(|model| {
        let sha256 =
            folder.save_checkpoint(CHECKPOINT_FILE, model, evaluation.steps, provenance)?;
        write_golden(folder, model, scenes, &sha256)
    })?;
    let mut json = serde_json::to_vec_pretty(evaluation).expect("figures are JSON");
    json.push(b'\n');
    Ok(folder.write(EVALUATION_FILE, &json)?)
}

/// Seconds of a step of either phase that the run has, by timing a few that leave the weights alone.
fn step_secs(
    trainer: &mut Trainer,
    schedules: &ScheduleConfig,
    batches: &BatchSource,
    processes: &Processes,
) -> Result<StepSecs, TrainError> {
    let elbo = secs_of(Phase::Elbo, trainer, schedules, batches, processes)?;
    let generation = if schedules.generation_steps.is_some() || schedules.mean_every.is_some() {
        secs_of(Phase::Generation, trainer, schedules, batches, processes)?
    } else {
        elbo
    };
    trainer.set_schedules(*schedules);
    let of_mean = schedules.elbo_steps().mean_share();
    let elbo = of_mean * generation + (1.0 - of_mean) * elbo;
    Ok(StepSecs { generation, elbo })
}

fn secs_of(
    phase: Phase,
    trainer: &mut Trainer,
    schedules: &ScheduleConfig,
    batches: &BatchSource,
    processes: &Processes,
) -> Result<f64, TrainError> {
    const WARM_UP: u64 = 3;
    const TIMED: u64 = 12;
    trainer.set_schedules(all_of(phase, schedules));
    let mut clock = Instant::now();
    for step in 0..WARM_UP + TIMED {
        if step == WARM_UP {
            clock = Instant::now();
        }
        let loss = trainer.gradients(batches, step)?;
        processes.average(&trainer.adam.gradients())?;
        // Waits for the device.
        let _ = loss.total().double_value(&[]);
    }
    trainer.adam.zero_grad();
    Ok(clock.elapsed().as_secs_f64() / TIMED as f64)
}
