//! One training step: forward and backward pass in parts, gradient clipping, the optimiser, the average.
//!
//! Nothing here waits for the device.

use gqn_datasets::DataError;
use gqn_formats::{Checkpoint, ModelConfig};
use tch::{Device, Kind, Tensor};

use crate::config::schedule::Phase;
use crate::config::{ScheduleConfig, StepConfig};
use crate::data::batch::{Batch, noise};
use crate::data::batch_source::BatchSource;
use crate::distributed::{ParallelError, Processes};
use crate::model::elbo::{Elbo, log_likelihood};
use crate::model::{Differentiable, Gqn};
use crate::training::activation_checkpointing;
use crate::training::ema::Ema;
use crate::training::optimiser::Adam;

pub use super::objective::Loss;
pub(crate) use super::objective::Objective;

/// All that a training step changes.
#[derive(Debug)]
pub struct Trainer {
    /// The network with the weights that are trained.
    pub model: Gqn,
    /// The optimiser of its weights.
    pub adam: Adam,
    /// Their average, if the run keeps one.
    pub ema: Option<Ema>,
    config: StepConfig,
}

impl Trainer {
    /// The beginning of a run.
    pub fn new(model: &ModelConfig, config: StepConfig, device: Device) -> Self {
        let model = Gqn::new(model, device, config.seed);
        let adam = Adam::new(model.parameters());
        let mut trainer = Self { model, adam, ema: None, config };
        trainer.ema = trainer.fresh_average();
        trainer.set_schedules(config.schedules);
        trainer
    }

    fn fresh_average(&self) -> Option<Ema> {
        let decay = self.config.optimiser.weight_average;
        decay.map(|decay| Ema::new(decay, self.model.parameters()))
    }

    /// Begins with these weights instead of fresh ones, with which nothing was done so far.
    pub(crate) fn start_from(&mut self, checkpoint: &Checkpoint) {
        self.model.load(&checkpoint.tensors);
        self.ema = self.fresh_average();
    }

    /// What changes with the step, from now on.
    pub(crate) fn set_schedules(&mut self, schedules: ScheduleConfig) {
        self.config.schedules = schedules;
        self.adam.update_only_in(schedules.elbo_steps(), is_training_only);
    }

    /// Runs `job` on the model that is evaluated and exported: with averaged weights, if there are any.
    pub fn with_ema_weights<T>(&self, job: impl FnOnce(&Gqn) -> T) -> T {
        match &self.ema {
            Some(ema) => ema.with_averaged_weights(&self.model, job),
            None => job(&self.model),
        }
    }

    /// Puts all processes where the first one is: weights, moments, average, steps taken.
    ///
    /// # Errors
    /// [`ParallelError::Diverged`]: what arrived is not what was sent.
    pub(crate) fn broadcast(&mut self, processes: &Processes) -> Result<(), ParallelError> {
        let step = processes.broadcast_number(self.adam.steps());
        self.adam.go_on_at(step);
        let mut tensors = self.weights();
        tensors.extend(
            self.adam.moments().flat_map(|(_, moments)| moments.map(Tensor::shallow_clone)),
        );
        let averages = self.ema.iter().flat_map(|ema| ema.weights().values());
        tensors.extend(averages.map(Tensor::shallow_clone));
        processes.broadcast(&tensors, step)
    }

    /// The weights that are trained, in the order of their names.
    pub(crate) fn weights(&self) -> Vec<Tensor> {
        self.model.parameters().into_values().collect()
    }

    /// Forward and backward pass of step `step`: adds the gradient of the loss, mean over this process's rows of the
    /// batch, to the parameters' gradients, which [`Trainer::update`] uses up.
    ///
    /// # Errors
    /// [`DataError`]: the batch cannot be read.
    pub(crate) fn gradients(&self, batches: &BatchSource, step: u64) -> Result<Loss, DataError> {
        let rows = batches.rows();
        let noise = self.noise(batches.batch_size() as i64, step);
        let noise = noise.narrow(0, rows.start as i64, rows.len() as i64);
        let batch = batches.batch(step, self.config.schedules.steps)?;
        Ok(self.gradients_with(&batch, &noise, step))
    }

    /// Forward and backward pass of step `step` on a whole batch at hand: adds the gradient of the loss to the
    /// parameters' gradients, which [`Trainer::update`] uses up.
    pub fn gradients_of(&self, batch: &Batch, step: u64) -> Loss {
        let noise = self.noise(batch.query_poses.size()[0], step);
        self.gradients_with(batch, &noise, step)
    }

    fn noise(&self, batch: i64, step: u64) -> Tensor {
        let (shape, device) = (self.model.noise_shape(batch), self.model.device());
        match self.config.schedules.objective_at(step) {
            Phase::Generation => Tensor::zeros(shape, (Kind::Float, device)),
            Phase::Elbo => noise(self.config.seed, step, &shape, device),
        }
    }

    fn gradients_with(&self, batch: &Batch, noise: &Tensor, step: u64) -> Loss {
        let StepConfig { schedules, compute, .. } = &self.config;
        let size = batch.query_poses.size()[0];
        let objective = Objective {
            phase: schedules.objective_at(step),
            pixel_std_dev: schedules.pixel_std_dev_at(step),
            kl_weight: schedules.kl_weight_at(step),
            scale: 1.0 / size as f64,
            compute: compute.on(self.model.device(), self.model.config()),
        };
        let parts = compute.accumulate as i64;
        let losses: Vec<Loss> = (0..parts)
            .map(|part| {
                let range = (part * size / parts, (part + 1) * size / parts);
                let cut = |tensor: &Tensor| tensor.narrow(0, range.0, range.1 - range.0);
                let part = Batch {
                    context_frames: cut(&batch.context_frames),
                    context_poses: cut(&batch.context_poses),
                    query_frames: cut(&batch.query_frames),
                    query_poses: cut(&batch.query_poses),
                };
                self.gradients_of_part(&part, &cut(noise), &objective)
            })
            .collect();
        Loss::joined(&losses)
    }

    fn gradients_of_part(&self, batch: &Batch, noise: &Tensor, objective: &Objective) -> Loss {
        let model = &self.model;
        if self.config.compute.activation_checkpointing {
            return activation_checkpointing::gradients(model, batch, noise, objective);
        }
        let (x, v) = (&batch.context_frames, &batch.context_poses);
        let r = model.represent_computed(x, v, objective.compute);
        let latents = objective.phase.latents(&batch.query_frames, noise);
        let rollout =
            Differentiable::new(model, &batch.query_poses, &r, latents, objective.compute);
        let (frames, sigma) = (&batch.query_frames, objective.pixel_std_dev);
        rollout.backward(|rollout| {
            let (goal, log_likelihood, kl) = match objective.phase {
                Phase::Generation => {
                    let likelihood = log_likelihood(&rollout.observation, frames, sigma);
                    (likelihood.shallow_clone(), likelihood, None)
                }
                Phase::Elbo => {
                    let elbo = Elbo::new(rollout, frames, sigma);
                    (elbo.weighted(objective.kl_weight), elbo.log_likelihood, Some(elbo.kl))
                }
            };
            let loss = Loss::new(&log_likelihood, kl.as_ref(), &rollout.observation, batch);
            (goal.sum(Kind::Float) * -objective.scale, loss)
        })
    }

    /// Moves the weights by the gradients that were gathered, and forgets these.
    pub fn update(&mut self) {
        let StepConfig { schedules, optimiser, .. } = &self.config;
        if let Some(norm) = optimiser.clip_gradient {
            self.adam.clip(norm);
        }
        let learning_rate = schedules.learning_rate_at(self.adam.steps());
        self.adam.step(learning_rate, self.ema.as_ref());
    }
}

/// Whether the generator does without a parameter: those of the inference cores and of the posterior.
fn is_training_only(name: &str) -> bool {
    ["inference_core.", "posterior."].iter().any(|part| name.starts_with(part))
}
