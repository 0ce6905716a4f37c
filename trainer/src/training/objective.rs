//! What a training step maximises and what is reported of it.

use tch::{Kind, Tensor};

use crate::config::ScheduleConfig;
use crate::config::schedule::Phase;
use crate::data::batch::Batch;
use crate::distributed::Processes;
use crate::model::elbo::floor;
use crate::model::{Compute, Latents};
use crate::run::event::StepMetrics;

/// What is reported of a step, on the device and without a graph.
#[derive(Debug)]
pub struct Loss {
    /// log N(x; observation, σ), `[B]`.
    pub log_likelihood: Tensor,
    /// KL(posterior ‖ prior), `[B,L]`; none where the latents were the prior's means, so that there was no posterior.
    pub kl: Option<Tensor>,
    /// Squared error of the reconstruction or, without a posterior, of the mean picture, `[B]`, mean over the picture.
    pub squared_error: Tensor,
    /// M of the batch.
    pub context: i64,
}

/// What a step minimises: −(log-likelihood − `kl_weight` · divergence) · `scale`, summed over scenes. There is no
/// divergence in [`Phase::Generation`].
#[derive(Debug)]
pub(crate) struct Objective {
    pub(crate) phase: Phase,
    pub(crate) pixel_std_dev: f64,
    pub(crate) kl_weight: f64,
    pub(crate) scale: f64,
    pub(crate) compute: Compute,
}

impl Phase {
    /// The latents of a training step.
    pub(crate) fn latents<'a>(self, frames: &'a Tensor, noise: &'a Tensor) -> Latents<'a> {
        match self {
            Self::Generation => Latents::Prior { noise },
            Self::Elbo => Latents::Posterior { frames, noise },
        }
    }
}

impl Loss {
    /// `log-likelihood [B], kl [B,L] if there is one, observation [B,3,S,S] ->` what is reported of them
    pub(crate) fn new(
        log_likelihood: &Tensor,
        kl: Option<&Tensor>,
        observation: &Tensor,
        batch: &Batch,
    ) -> Self {
        let error = (observation.detach() - &batch.query_frames).square();
        Self {
            log_likelihood: log_likelihood.detach(),
            kl: kl.map(Tensor::detach),
            squared_error: error.mean_dim([1, 2, 3].as_slice(), false, Kind::Float),
            context: batch.context_frames.size()[1],
        }
    }

    pub(super) fn joined(parts: &[Self]) -> Self {
        let join = |pick: fn(&Self) -> &Tensor| {
            Tensor::cat(&parts.iter().map(pick).collect::<Vec<_>>(), 0)
        };
        let divergences: Option<Vec<&Tensor>> = parts.iter().map(|loss| loss.kl.as_ref()).collect();
        Self {
            log_likelihood: join(|loss| &loss.log_likelihood),
            kl: divergences.map(|divergences| Tensor::cat(&divergences, 0)),
            squared_error: join(|loss| &loss.squared_error),
            context: parts[0].context,
        }
    }

    /// −ELBO or, without a posterior, −log-likelihood; mean over the batch.
    pub fn total(&self) -> Tensor {
        match &self.kl {
            Some(kl) => {
                let kl = kl.sum_dim_intlist([1].as_slice(), false, None);
                (kl - &self.log_likelihood).mean(Kind::Float)
            }
            None => -self.log_likelihood.mean(Kind::Float),
        }
    }

    /// The figures of a step with pictures of `side` pixels; waits for the device.
    pub fn metrics(&self, schedules: &ScheduleConfig, side: usize, step: u64) -> StepMetrics {
        let pixel_std_dev = schedules.pixel_std_dev_at(step);
        let kl =
            self.kl.as_ref().map(|kl| kl.sum(Kind::Float).double_value(&[]) / kl.size()[0] as f64);
        let elbo = kl.map(|_| -self.total().double_value(&[]));
        StepMetrics {
            step,
            phase: schedules.objective_at(step),
            log_likelihood: self.log_likelihood.mean(Kind::Float).double_value(&[]),
            elbo,
            excess: elbo.map(|elbo| -elbo - floor(3 * side * side, pixel_std_dev)),
            kl,
            mse: self.squared_error.mean(Kind::Float).double_value(&[]),
            context: self.context as usize,
            pixel_std_dev,
            learning_rate: schedules.learning_rate_at(step),
        }
    }
}

impl StepMetrics {
    /// The figures of the whole batch, from those of every process's rows.
    pub(crate) fn over(self, processes: &Processes) -> Self {
        let Self { log_likelihood, elbo, excess, kl, mse, .. } = self;
        let number = |figure: Option<f64>| figure.unwrap_or(0.0);
        let [log_likelihood, mse, mean_elbo, mean_excess, mean_kl] =
            processes.mean([log_likelihood, mse, number(elbo), number(excess), number(kl)]);
        // All processes are in the same phase.
        let [elbo, excess, kl] = [(elbo, mean_elbo), (excess, mean_excess), (kl, mean_kl)]
            .map(|(own, mean)| own.map(|_| mean));
        Self { log_likelihood, elbo, excess, kl, mse, ..self }
    }

    /// Whether what the step maximises is a number still.
    pub(crate) fn is_finite(&self) -> bool {
        self.elbo.unwrap_or(self.log_likelihood).is_finite()
    }
}
