//! One training step: forward and backward pass in parts, gradient clipping, the optimiser, the average.
//!
//! Nothing here waits for the device.

use gqn_datasets::DataError;
use tch::{Device, Kind, Tensor};

use crate::adam::Adam;
use crate::average::Average;
use crate::batch::{Batch, noise};
use crate::config::TrainConfig;
use crate::elbo::{Elbo, floor};
use crate::event::StepMetrics;
use crate::feed::Feed;
use crate::model::{Compute, Gqn, Latents, Rollout};
use crate::parallel::{ParallelError, Processes};
use crate::recompute;

/// All that a training step changes.
#[derive(Debug)]
pub struct Trainer {
    /// The network with the weights that are trained.
    pub model: Gqn,
    /// The optimiser of its weights.
    pub adam: Adam,
    /// Their average, if the run keeps one.
    pub average: Option<Average>,
}

/// What is reported of a step, on the device and without a graph.
#[derive(Debug)]
pub struct Loss {
    /// log N(x; observation, σ), `[B]`.
    pub log_likelihood: Tensor,
    /// KL(posterior ‖ prior), `[B,L]`.
    pub kl: Tensor,
    /// Squared error of the reconstruction, `[B]`, mean over the picture.
    pub squared_error: Tensor,
    /// M of the batch.
    pub context: i64,
}

/// What a step minimises: −(log-likelihood − `kl_weight` · divergence) · `scale`, summed over scenes.
#[derive(Debug)]
pub(crate) struct Objective {
    pub(crate) pixel_std_dev: f64,
    pub(crate) kl_weight: f64,
    pub(crate) scale: f64,
    pub(crate) compute: Compute,
}

impl Trainer {
    /// The beginning of a run.
    pub fn new(config: &TrainConfig, device: Device) -> Self {
        let model = Gqn::new(&config.model, device, config.seed);
        let adam = Adam::new(model.parameters());
        let average = config.weight_average.map(|decay| Average::new(decay, model.parameters()));
        Self { model, adam, average }
    }

    /// Runs `job` on the model that is evaluated and exported: with averaged weights, if there are any.
    pub fn published<T>(&self, job: impl FnOnce(&Gqn) -> T) -> T {
        match &self.average {
            Some(average) => average.while_published(&self.model, job),
            None => job(&self.model),
        }
    }

    /// Puts all processes where the first one is: weights, moments, average, steps taken.
    ///
    /// # Errors
    /// [`ParallelError::Diverged`]: what arrived is not what was sent.
    pub(crate) fn spread(&mut self, processes: &Processes) -> Result<(), ParallelError> {
        let step = processes.first_counts(self.adam.steps());
        self.adam.go_on_at(step);
        let mut tensors = self.weights();
        tensors.extend(
            self.adam.moments().flat_map(|(_, moments)| moments.map(Tensor::shallow_clone)),
        );
        let average = self.average.iter().flat_map(|average| average.weights().values());
        tensors.extend(average.map(Tensor::shallow_clone));
        processes.spread(&tensors, step)
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
    pub(crate) fn gradients(
        &self,
        config: &TrainConfig,
        feed: &Feed,
        step: u64,
    ) -> Result<Loss, DataError> {
        let rows = feed.rows();
        let noise = self.noise(config, config.batch as i64, step);
        let noise = noise.narrow(0, rows.start as i64, rows.len() as i64);
        Ok(self.gradients_with(config, &feed.batch(config, step)?, &noise, step))
    }

    /// Forward and backward pass of step `step` on a whole batch at hand: adds the gradient of the loss to the
    /// parameters' gradients, which [`Trainer::update`] uses up.
    pub fn gradients_of(&self, config: &TrainConfig, batch: &Batch, step: u64) -> Loss {
        let noise = self.noise(config, batch.query_poses.size()[0], step);
        self.gradients_with(config, batch, &noise, step)
    }

    fn noise(&self, config: &TrainConfig, batch: i64, step: u64) -> Tensor {
        noise(config.seed, step, &self.model.noise_shape(batch), self.model.device())
    }

    fn gradients_with(
        &self,
        config: &TrainConfig,
        batch: &Batch,
        noise: &Tensor,
        step: u64,
    ) -> Loss {
        let size = batch.query_poses.size()[0];
        let objective = Objective {
            pixel_std_dev: config.pixel_std_dev_at(step),
            kl_weight: config.kl_weight_at(step),
            scale: 1.0 / size as f64,
            compute: config.compute(self.model.device()),
        };
        let parts = config.accumulate as i64;
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
                self.gradients_of_part(config, &part, &cut(noise), &objective)
            })
            .collect();
        Loss::joined(&losses)
    }

    fn gradients_of_part(
        &self,
        config: &TrainConfig,
        batch: &Batch,
        noise: &Tensor,
        objective: &Objective,
    ) -> Loss {
        let model = &self.model;
        if config.recompute {
            return recompute::gradients(model, batch, noise, objective);
        }
        let (x, v) = (&batch.context_frames, &batch.context_poses);
        let r = model.represent_computed(x, v, objective.compute);
        let latents = Latents::Posterior { frames: &batch.query_frames, noise };
        let rollout = Rollout::computed(model, &batch.query_poses, &r, latents, objective.compute);
        let elbo = Elbo::new(&rollout, &batch.query_frames, objective.pixel_std_dev);
        let goal = elbo.weighted(objective.kl_weight).sum(Kind::Float);
        model.backward(&(goal * -objective.scale));
        Loss::new(&elbo.log_likelihood, &elbo.kl, &rollout.observation, batch)
    }

    /// Moves the weights by the gradients that were gathered, and forgets these.
    pub fn update(&mut self, config: &TrainConfig) {
        let step = self.adam.steps();
        if let Some(norm) = config.clip_gradient {
            self.adam.clip(norm);
        }
        if let Some(average) = &mut self.average {
            average.begin(step);
        }
        self.adam.step(config.learning_rate_at(step), self.average.as_mut());
    }
}

impl Loss {
    /// `log-likelihood [B], kl [B,L], observation [B,3,S,S] ->` what is reported of them
    pub(crate) fn new(
        log_likelihood: &Tensor,
        kl: &Tensor,
        observation: &Tensor,
        batch: &Batch,
    ) -> Self {
        let error = (observation.detach() - &batch.query_frames).square();
        Self {
            log_likelihood: log_likelihood.detach(),
            kl: kl.detach(),
            squared_error: error.mean_dim([1, 2, 3].as_slice(), false, Kind::Float),
            context: batch.context_frames.size()[1],
        }
    }

    fn joined(parts: &[Self]) -> Self {
        let join = |pick: fn(&Self) -> &Tensor| {
            Tensor::cat(&parts.iter().map(pick).collect::<Vec<_>>(), 0)
        };
        Self {
            log_likelihood: join(|loss| &loss.log_likelihood),
            kl: join(|loss| &loss.kl),
            squared_error: join(|loss| &loss.squared_error),
            context: parts[0].context,
        }
    }

    /// −ELBO, mean over the batch.
    pub fn total(&self) -> Tensor {
        let kl = self.kl.sum_dim_intlist([1].as_slice(), false, None);
        (kl - &self.log_likelihood).mean(Kind::Float)
    }

    /// The figures; waits for the device.
    pub fn metrics(&self, config: &TrainConfig, step: u64) -> StepMetrics {
        let side = config.model.image_size;
        let pixel_std_dev = config.pixel_std_dev_at(step);
        let elbo = -self.total().double_value(&[]);
        StepMetrics {
            step,
            elbo,
            excess: -elbo - floor(3 * side * side, pixel_std_dev),
            kl: self.kl.sum(Kind::Float).double_value(&[]) / self.kl.size()[0] as f64,
            mse: self.squared_error.mean(Kind::Float).double_value(&[]),
            context: self.context as usize,
            pixel_std_dev,
            learning_rate: config.learning_rate_at(step),
        }
    }
}
