//! What a model predicts for a batch of held-out queries, with every kind of latent: both the validation during a run and
//! the evaluation at its end measure these.

use tch::{Kind, Tensor};

use crate::data::batch::Batch;
use crate::model::elbo::Elbo;
use crate::model::{Gqn, Latents, Rollout};

/// The pictures of a batch, `[B,3,S,S]` each, without a graph.
pub(super) struct Predictions {
    /// Mean pictures, generated with zero noise.
    pub(super) mean: Tensor,
    /// Generated with a sample of the prior, one for each noise.
    pub(super) samples: Vec<Tensor>,
    /// With the posterior and the first noise, and its bound; none if there is no trained posterior.
    pub(super) reconstruction: Option<(Tensor, Elbo)>,
}

impl Predictions {
    /// `batch, r, noises [B,L,Z,h,h]`; `pixel_std_dev` is σ of the bound, none without a trained posterior.
    pub(super) fn new(
        model: &Gqn,
        batch: &Batch,
        r: &Tensor,
        noises: &[Tensor],
        pixel_std_dev: Option<f64>,
    ) -> Self {
        let (v, frames) = (&batch.query_poses, &batch.query_frames);
        tch::no_grad(|| Self {
            mean: model.generate(v, r, &noises[0].zeros_like()),
            samples: noises.iter().map(|noise| model.generate(v, r, noise)).collect(),
            reconstruction: pixel_std_dev.map(|sigma| {
                let latents = Latents::Posterior { frames, noise: &noises[0] };
                let rollout = Rollout::new(model, v, r, latents);
                (rollout.frames(), Elbo::new(&rollout, frames, sigma))
            }),
        })
    }
}

/// Sum over the pictures of the mean squared difference of each.
pub(super) fn squared_error(a: &Tensor, b: &Tensor) -> f64 {
    squared_errors(a, b).sum(Kind::Double).double_value(&[])
}

/// Mean squared difference of each picture, `[B]`.
pub(super) fn squared_errors(a: &Tensor, b: &Tensor) -> Tensor {
    (a - b).square().mean_dim([1, 2, 3].as_slice(), false, None)
}
