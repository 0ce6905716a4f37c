//! The evidence lower bound (Eslami et al. 2018, equation S3).

use std::f64::consts::PI;

use tch::Tensor;

use crate::model::{DiagonalGaussian, Rollout, Step};

/// The two parts of the evidence lower bound for a batch, in nats.
#[derive(Debug)]
pub struct Elbo {
    /// log N(x; observation, σ) summed over the picture, `[B]`.
    pub log_likelihood: Tensor,
    /// KL(posterior ‖ prior) summed over channels and space, `[B,L]`.
    pub kl: Tensor,
}

impl Elbo {
    /// `rollout with posteriors, frames [B,3,S,S] ->` its bound at a pixel standard deviation σ
    ///
    /// # Panics
    /// When the latents of the rollout came from the prior.
    pub fn new(rollout: &Rollout, frames: &Tensor, pixel_std_dev: f64) -> Self {
        let kl: Vec<Tensor> = rollout.steps.iter().map(kl).collect();
        Self {
            log_likelihood: log_likelihood(&rollout.observation, frames, pixel_std_dev),
            kl: Tensor::stack(&kl, 1),
        }
    }

    /// The bound itself, `[B]`.
    pub fn bound(&self) -> Tensor {
        self.weighted(1.0)
    }

    /// The log-likelihood less `kl_weight` times the divergence, `[B]`: what training maximises while the divergence
    /// is phased in.
    pub fn weighted(&self, kl_weight: f64) -> Tensor {
        &self.log_likelihood - self.kl.sum_dim_intlist([1].as_slice(), false, None) * kl_weight
    }
}

/// KL(posterior ‖ prior) of a step, `[B]`.
///
/// # Panics
/// When its latent came from the prior.
pub fn kl(step: &Step) -> Tensor {
    let posterior = step.posterior.as_ref().expect("latents came from the posterior");
    sum_over_sample(&posterior.kl(&step.prior))
}

/// `observation [B,3,S,S], frames [B,3,S,S] -> log N(frames; observation, σ) [B]`
pub fn log_likelihood(observation: &Tensor, frames: &Tensor, pixel_std_dev: f64) -> Tensor {
    let log_variance = observation.full_like(2.0 * pixel_std_dev.ln());
    sum_over_sample(
        &DiagonalGaussian::new(observation.shallow_clone(), log_variance).log_prob(frames),
    )
}

/// The least −ELBO there can be for `dimensions` pixel values at σ, in nats: every pixel exact and nothing told by the
/// latents. ½ ln(2πσ²) a dimension.
pub fn floor(dimensions: usize, pixel_std_dev: f64) -> f64 {
    0.5 * (2.0 * PI * pixel_std_dev * pixel_std_dev).ln() * dimensions as f64
}

fn sum_over_sample(x: &Tensor) -> Tensor {
    x.sum_dim_intlist([1, 2, 3].as_slice(), false, None)
}

#[cfg(test)]
mod tests {
    use super::floor;

    #[test]
    fn floor_at_the_final_sigma() {
        // ½ ln(2π·0.49) = 0.562264 nats a dimension; 6909.09 for 3×64×64.
        assert!((floor(1, 0.7) - 0.562_264).abs() < 1e-6);
        assert!((floor(3 * 64 * 64, 0.7) - 6909.09).abs() < 0.01);
    }
}
