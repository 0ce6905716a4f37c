//! The training loop. It says what happens through [`Event`]s and draws nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use gqn_datasets::DataError;
use gqn_formats::{FormatError, Provenance};
use tch::{Kind, Tensor};
use thiserror::Error;

use crate::adam::Adam;
use crate::batch::noise;
use crate::config::TrainConfig;
use crate::device::OpenDevice;
use crate::elbo::{Elbo, floor};
use crate::evaluate::{Evaluation, evaluate_held_out};
use crate::event::{Event, StepMetrics};
use crate::feed::{Feed, describe};
use crate::golden::golden;
use crate::model::{Gqn, Latents, Rollout};
use crate::plan::{shortened, steps_within};
use crate::run_folder::{CONFIG_FILE, EVALUATION_FILE, GOLDEN_FILE, RunFolder};

/// How a run is started; nothing here changes its numbers, but for `minutes`, which sets the number of steps.
#[derive(Debug)]
pub struct TrainOptions {
    /// The run's folder.
    pub folder: RunFolder,
    /// Go on from the folder's state.
    pub resume: bool,
    /// Plan as many steps as fit into that many minutes on this host, by timing a few first; fewer if it turns out
    /// slower.
    pub minutes: Option<f64>,
    /// Evaluate, save and stop after that many minutes of training, wherever the run is then.
    pub slice_minutes: Option<f64>,
    /// Where to compute.
    pub device: OpenDevice,
    /// The command line, for the provenance.
    pub command: String,
}

/// Why training stopped early.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum TrainError {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(
        "the loss is not finite at step {step}\n\
         hint: the last saved state is kept; lower learning_rate or raise pixel_std_dev, then train again or --resume"
    )]
    NotFinite { step: u64 },
    #[error("{} holds a run\nhint: go on with --resume, replace it with --force, or name another --out", path.display())]
    Exists { path: PathBuf },
    #[error(
        "the run is at step {step}, past the {steps} steps asked for\nhint: give --steps a larger number"
    )]
    Past { step: u64, steps: u64 },
    #[error("{} holds no run to resume\nhint: leave out --resume to start one", path.display())]
    NoRun { path: PathBuf },
}

/// Trains until the planned number of steps is reached or `interrupted` becomes true.
///
/// # Errors
/// [`TrainError`]: the folder cannot be read or written, or the loss is no number any more.
pub fn train(
    mut config: TrainConfig,
    options: &TrainOptions,
    interrupted: &AtomicBool,
    on_event: &mut dyn FnMut(Event),
) -> Result<Option<Evaluation>, TrainError> {
    let folder = &options.folder;
    let model = Gqn::new(&config.model, options.device.device, config.seed);
    let mut adam = Adam::new(model.parameters());
    let mut provenance =
        if options.resume { folder.restore(&model, &mut adam)? } else { new_provenance(&config) };
    if provenance.command.is_empty() {
        provenance.command.clone_from(&options.command);
    }
    if adam.steps() > config.steps {
        return Err(TrainError::Past { step: adam.steps(), steps: config.steps });
    }
    let mut on_rendering = |done, scenes| on_event(Event::Rendering { done, scenes });
    let (feed, constant) =
        Feed::open(&config, adam.steps(), options.device.device, &mut on_rendering)?;
    let time = options
        .minutes
        .filter(|_| !options.resume)
        .map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    let slice = options.slice_minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
    if let Some(time) = time {
        config.steps = steps_within(time, step_secs(&model, &mut adam, &config, &feed)?);
    }
    if !options.resume {
        folder.clear()?;
    }
    folder.write(CONFIG_FILE, config.to_toml().as_bytes())?;
    let mut log = folder.open_log(adam.steps())?;
    if !options.resume {
        // So that a run that is killed before its first checkpoint can be resumed as well.
        save(folder, &model, &adam, &provenance, &config)?;
    }
    let device = options.device.description.clone();
    on_event(Event::Started { step: adam.steps(), steps: config.steps, device });

    let mut skipped = 0;
    let (before, clock) = (provenance.seconds, Instant::now());
    while adam.steps() < config.steps {
        let step = adam.steps();
        let loss = Loss::new(&model, &config, &feed, step)?;
        loss.total().backward();
        adam.step(config.learning_rate_at(step));
        provenance.seconds = before + clock.elapsed().as_secs_f64();
        if step.is_multiple_of(config.log_every) || step + 1 == config.steps {
            let metrics = loss.metrics(&config, step);
            if !metrics.elbo.is_finite() {
                return Err(TrainError::NotFinite { step });
            }
            log.append(&metrics)?;
            on_event(Event::Step(metrics));
            if feed.damaged() > skipped {
                skipped = feed.damaged();
                on_event(Event::SkippedDamaged { scenes: skipped });
            }
            if let Some(steps) =
                time.and_then(|time| shortened(time, clock.elapsed(), step + 1, config.steps))
            {
                config.steps = steps;
                folder.write(CONFIG_FILE, config.to_toml().as_bytes())?;
                on_event(Event::Replanned { steps });
            }
        } else {
            on_event(Event::Stepped { step: adam.steps() });
        }
        let stop = interrupted.load(Ordering::Relaxed);
        if adam.steps().is_multiple_of(config.checkpoint_every) || stop {
            save(folder, &model, &adam, &provenance, &config)?;
            on_event(Event::Saved { folder: folder.path().to_owned(), step: adam.steps() });
        }
        if stop {
            on_event(Event::Interrupted { step: adam.steps() });
            return Ok(None);
        }
        if slice.is_some_and(|slice| clock.elapsed() >= slice) {
            break;
        }
    }
    if adam.steps() < config.steps {
        on_event(Event::SliceOver { step: adam.steps(), steps: config.steps });
    }
    let evaluation = finish(&model, &config, &adam, &constant, provenance, folder, on_event)?;
    on_event(Event::Finished(Box::new(evaluation.clone())));
    Ok(Some(evaluation))
}

fn new_provenance(config: &TrainConfig) -> Provenance {
    Provenance {
        seed: config.seed,
        commit: env!("GQN_COMMIT").to_owned(),
        data: describe(config),
        ..Provenance::default()
    }
}

fn save(
    folder: &RunFolder,
    model: &Gqn,
    adam: &Adam,
    provenance: &Provenance,
    config: &TrainConfig,
) -> Result<(), TrainError> {
    let sha256 = folder.save(model, adam, provenance).map_err(|error| match error {
        FormatError::NotFinite { .. } => {
            TrainError::NotFinite { step: adam.steps().saturating_sub(1) }
        }
        error => error.into(),
    })?;
    let sample = golden(model, config.world, config.seed, &sha256);
    folder.write(GOLDEN_FILE, &sample.to_bytes(GOLDEN_FILE)?)?;
    Ok(())
}

fn finish(
    model: &Gqn,
    config: &TrainConfig,
    adam: &Adam,
    constant: &[f32],
    mut provenance: Provenance,
    folder: &RunFolder,
    on_event: &mut dyn FnMut(Event),
) -> Result<Evaluation, TrainError> {
    // First without the figures: evaluating takes a while, and a run that is killed meanwhile keeps its last steps.
    save(folder, model, adam, &provenance, config)?;
    let (steps, seconds) = (adam.steps(), provenance.seconds);
    let evaluation = evaluate_held_out(model, config, constant, steps, seconds, on_event)?;
    provenance.metrics = evaluation.metrics();
    save(folder, model, adam, &provenance, config)?;
    let mut json = serde_json::to_vec_pretty(&evaluation).expect("figures are JSON");
    json.push(b'\n');
    folder.write(EVALUATION_FILE, &json)?;
    on_event(Event::Saved { folder: folder.path().to_owned(), step: adam.steps() });
    Ok(evaluation)
}

/// Seconds of a step, by timing a few that leave the weights alone.
fn step_secs(
    model: &Gqn,
    adam: &mut Adam,
    config: &TrainConfig,
    feed: &Feed,
) -> Result<f64, DataError> {
    const WARM_UP: u64 = 3;
    const TIMED: u64 = 12;
    let mut clock = Instant::now();
    for step in 0..WARM_UP + TIMED {
        if step == WARM_UP {
            clock = Instant::now();
        }
        let total = Loss::new(model, config, feed, step)?.total();
        total.backward();
        // Waits for the device.
        let _ = total.double_value(&[]);
    }
    adam.zero_grad();
    Ok(clock.elapsed().as_secs_f64() / TIMED as f64)
}

/// The loss of one step and what is reported of it.
struct Loss {
    elbo: Elbo,
    squared_error: Tensor,
    context: i64,
}

impl Loss {
    fn new(model: &Gqn, config: &TrainConfig, feed: &Feed, step: u64) -> Result<Self, DataError> {
        let batch = feed.batch(config, step)?;
        let noise =
            noise(config.seed, step, &model.noise_shape(config.batch as i64), model.device());
        let r = model.represent(&batch.context_frames, &batch.context_poses);
        let latents = Latents::Posterior { frames: &batch.query_frames, noise: &noise };
        let rollout = Rollout::new(model, &batch.query_poses, &r, latents);
        Ok(Self {
            elbo: Elbo::new(&rollout, &batch.query_frames, config.pixel_std_dev_at(step)),
            squared_error: (rollout.observation.detach() - &batch.query_frames)
                .square()
                .mean(Kind::Float),
            context: batch.context_frames.size()[1],
        })
    }

    /// −ELBO, mean over the batch.
    fn total(&self) -> Tensor {
        -self.elbo.bound().mean(Kind::Float)
    }

    fn metrics(&self, config: &TrainConfig, step: u64) -> StepMetrics {
        let side = config.model.image_size;
        let pixel_std_dev = config.pixel_std_dev_at(step);
        let elbo = -self.total().double_value(&[]);
        StepMetrics {
            step,
            elbo,
            excess: -elbo - floor(3 * side * side, pixel_std_dev),
            kl: self.elbo.kl.sum(Kind::Float).double_value(&[]) / config.batch as f64,
            mse: self.squared_error.double_value(&[]),
            context: self.context as usize,
            pixel_std_dev,
            learning_rate: config.learning_rate_at(step),
        }
    }
}
