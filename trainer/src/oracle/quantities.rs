//! What the model computes of the quantities that an oracle file names.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use gqn_formats::ModelConfig;
use gqn_scenes::PoseEncoding;
use tch::{Device, Kind, Tensor};

use super::formula;
use crate::convert::to_tensor;
use crate::model::elbo::Elbo;
use crate::model::{Compute, Differentiable, Gqn, Latents, Rollout, Step};

/// Half the width of a uniform distribution of variance one.
const UNIT_VARIANCE: f64 = 1.732_050_8;

/// Every quantity but the gradients, by name. Leaves the gradients of −ELBO at σ = 2 in the model's parameters.
pub(super) fn quantities(
    model: &Gqn,
    batch: usize,
    context: usize,
    compute: Compute,
) -> BTreeMap<String, Tensor> {
    let input = Inputs::new(model.config(), batch, context, model.device());
    let r = model.represent_computed(&input.x, &input.v, compute);
    let latents = Latents::Posterior { frames: &input.x_q, noise: &input.noise_posterior };
    let rollout = Differentiable::new(model, &input.v_q, &r, latents, compute);
    let rollout = rollout.backward(|rollout| {
        let loss = -Elbo::new(rollout, &input.x_q, 2.0).bound().mean(Kind::Float);
        (loss, rollout.detached())
    });
    let mut found = BTreeMap::new();
    for sigma in ["2.0", "0.7"] {
        let elbo = Elbo::new(&rollout, &input.x_q, sigma.parse().expect("a number"));
        found.insert(format!("log_likelihood_sigma_{sigma}"), elbo.log_likelihood.shallow_clone());
        found.insert(format!("elbo_sigma_{sigma}"), elbo.bound());
        found.insert("kl".to_owned(), elbo.kl);
    }
    let stacked = |part: &dyn Fn(&Step) -> Tensor| {
        Tensor::stack(&rollout.steps.iter().map(part).collect::<Vec<_>>(), 1)
    };
    let posterior = |step: &Step, log_variance: bool| {
        let posterior = step.posterior.as_ref().expect("the rollout's latents are the posterior's");
        if log_variance { posterior.log_variance() } else { posterior.mean() }.shallow_clone()
    };
    let mut insert = |name: &str, tensor: Tensor| found.insert(name.to_owned(), tensor);
    insert("prior_mean", stacked(&|step| step.prior.mean().shallow_clone()));
    insert("prior_log_variance", stacked(&|step| step.prior.log_variance().shallow_clone()));
    insert("posterior_mean", stacked(&|step| posterior(step, false)));
    insert("posterior_log_variance", stacked(&|step| posterior(step, true)));
    insert("h_g_last", rollout.state.hidden.shallow_clone());
    insert("reconstruction", rollout.frames());
    for (name, noise) in [("noise", &input.noise_prior), ("mean", &input.noise_prior.zeros_like())]
    {
        let latents = Latents::Prior { noise };
        let rollout = Rollout::computed(model, &input.v_q, &r, latents, compute);
        insert(&format!("image_prior_{name}"), rollout.frames());
        insert(&format!("image_prior_{name}_unclamped"), rollout.observation);
    }
    insert("r", r);
    found
}

struct Inputs {
    x: Tensor,
    v: Tensor,
    x_q: Tensor,
    v_q: Tensor,
    noise_posterior: Tensor,
    noise_prior: Tensor,
}

impl Inputs {
    fn new(config: &ModelConfig, batch: usize, context: usize, device: Device) -> Self {
        let (side, size) = (config.image_size, config.hidden_size());
        let noise_shape = [batch, config.steps, config.latent_channels, size, size];
        let tensor = |name: &str, shape: &[usize], low: f64, high: f64| {
            to_tensor(&formula::tensor(name, shape, low, high)).to_device(device)
        };
        Self {
            x: tensor("x", &[batch, context, 3, side, side], 0.0, 1.0),
            v: poses(config, "v", &[batch, context]).to_device(device),
            x_q: tensor("x_q", &[batch, 3, side, side], 0.0, 1.0),
            v_q: poses(config, "v_q", &[batch]).to_device(device),
            noise_posterior: tensor("noise_posterior", &noise_shape, -UNIT_VARIANCE, UNIT_VARIANCE),
            noise_prior: tensor("noise_prior", &noise_shape, -UNIT_VARIANCE, UNIT_VARIANCE),
        }
    }
}

/// `[…,7]`: any numbers, or for a model that knows geometry cameras that look past the middle of the world.
fn poses(config: &ModelConfig, name: &str, shape: &[usize]) -> Tensor {
    let numbers =
        |count: usize| to_tensor(&formula::tensor(name, &[shape, &[count]].concat(), -1.0, 1.0));
    if config.voxel.is_none() {
        return numbers(7);
    }
    let numbers = numbers(5).to_kind(Kind::Double);
    let at = |index: i64| numbers.select(-1, index);
    let angle = at(0) * PI;
    let (radius, height) = (at(1) * 0.5 + 0.8, at(2) * 0.4 + 0.3);
    let (yaw, pitch) = (&angle + PI + at(3) * 0.6, at(4) * 0.4 - 0.1);
    let turns = match config.pose_encoding {
        PoseEncoding::CosSin => [yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()],
        PoseEncoding::SinCos => [yaw.sin(), yaw.cos(), pitch.sin(), pitch.cos()],
    };
    let position = [&radius * angle.cos(), &radius * angle.sin(), height];
    let pose: Vec<Tensor> = position.into_iter().chain(turns).collect();
    Tensor::stack(&pose, -1).to_kind(Kind::Float)
}
