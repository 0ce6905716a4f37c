//! The gradients of a step with little memory: what a DRAW step or a view computes is kept only while its own backward
//! pass runs. It costs a second forward pass.
//!
//! Autograd runs once for each piece. A piece starts from leaves, copies without a graph of what it reads; the
//! gradients that arrive there are handed to the piece before it as (outputs · gradients) summed up, whose derivative
//! is what the chain rule asks for.

use tch::{Kind, Tensor};

use crate::config::schedule::Phase;
use crate::data::batch::Batch;
use crate::model::elbo::{kl, log_likelihood};
use crate::model::{Compute, Gqn, RolloutBackend, State};
use crate::training::objective::{Loss, Objective};

/// Tiles of several steps that are worth a product of matrices; what they were made of is kept until then.
const ENOUGH_TILES: i64 = 256;

/// Adds the gradients of the objective to those of the model's parameters, as
/// [`Trainer::gradients_of`](crate::training::step::Trainer::gradients_of) does.
pub(crate) fn gradients(model: &Gqn, batch: &Batch, noise: &Tensor, objective: &Objective) -> Loss {
    let frames = &batch.query_frames;
    let r = leaf(&tch::no_grad(|| {
        let first = represent(model, batch, 0, objective.compute);
        (1..views(batch))
            .fold(first, |sum, view| sum + represent(model, batch, view, objective.compute))
    }));
    let has_posterior = objective.phase == Phase::Elbo;
    let latents = objective.phase.latents(frames, noise);
    let whole = || RolloutBackend::new(model, &batch.query_poses, &r, latents, objective.compute);
    let mut leaves = Vec::new();
    let backend = tch::no_grad(whole).map(&mut |tensor| {
        leaves.push(leaf(tensor));
        leaves[leaves.len() - 1].shallow_clone()
    });

    let mut states = vec![backend.start()];
    let mut divergences = Vec::new();
    tch::no_grad(|| {
        for l in 0..model.config().steps {
            let (next, step) = backend.step(l, &states[l], latents);
            divergences.extend(has_posterior.then(|| kl(&step)));
            states.push(next);
        }
    });
    let end = leaves_of(&states.pop().unwrap_or_default());
    let observation = backend.finish(&end);
    let log_likelihood = log_likelihood(&observation, frames, objective.pixel_std_dev);
    (log_likelihood.sum(Kind::Float) * -objective.scale).backward();
    let mut arrived = gradients_at(&end.tensors());
    drop(end);
    for (l, start) in states.into_iter().enumerate().rev() {
        let start = leaves_of(&start);
        let (next, step) = backend.step(l, &start, latents);
        let goal = passed_on(&next.tensors(), &arrived);
        let goal = if has_posterior {
            goal + kl(&step).sum(Kind::Float) * (objective.kl_weight * objective.scale)
        } else {
            goal
        };
        goal.backward();
        model.settle(ENOUGH_TILES);
        arrived = gradients_at(&start.tensors());
    }
    model.settle(0);
    drop(backend);
    let (gradients, mut roots) = (gradients_at(&leaves), Vec::new());
    drop(leaves);
    let _ = whole().map(&mut |root| {
        roots.push(root.shallow_clone());
        root.shallow_clone()
    });
    model.backward(&passed_on(&roots, &gradients));
    drop((roots, gradients));
    let arrived = [r.grad()];
    for view in 0..views(batch) {
        let r = represent(model, batch, view, objective.compute);
        model.backward(&passed_on(&[r], &arrived));
    }
    let divergences = has_posterior.then(|| Tensor::stack(&divergences, 1));
    Loss::new(&log_likelihood, divergences.as_ref(), &observation, batch)
}

fn views(batch: &Batch) -> i64 {
    batch.context_frames.size()[1]
}

/// The part of the representation that one view contributes.
fn represent(model: &Gqn, batch: &Batch, view: i64, compute: Compute) -> Tensor {
    let [x, v] = [&batch.context_frames, &batch.context_poses].map(|all| all.narrow(1, view, 1));
    model.represent_computed(&x, &v, compute)
}

/// The same numbers as the beginning of a graph.
fn leaf(tensor: &Tensor) -> Tensor {
    tensor.detach().set_requires_grad(true)
}

fn leaves_of(state: &State) -> State {
    state.map(leaf)
}

/// Gradients of leaves; undefined where nothing arrived.
fn gradients_at(leaves: &[Tensor]) -> Vec<Tensor> {
    leaves.iter().map(Tensor::grad).collect()
}

/// Σ outputs · gradients, where there are any.
fn passed_on(outputs: &[Tensor], gradients: &[Tensor]) -> Tensor {
    let pairs = outputs.iter().zip(gradients);
    pairs
        .filter(|(output, gradient)| output.requires_grad() && gradient.defined())
        .map(|(output, gradient)| (output * gradient).sum(Kind::Float))
        .reduce(|sum, next| sum + next)
        .expect("the loss depends on what every piece computes")
}

#[cfg(test)]
mod tests {
    use gqn_formats::{ModelConfig, Preset, RepresentationKind, UpsampleR};
    use tch::Device;

    use super::*;
    use crate::config::TrainConfig;
    use crate::config::schedule::GenerationSteps;
    use crate::convert::with_torch_seed;
    use crate::model::StepVariant;
    use crate::training::step::Trainer;

    /// The same sums in another order.
    const TOLERANCE: f64 = 1e-5;

    /// A model of the paper's and a voxel model with that change.
    #[track_caller]
    fn check(change: impl Fn(&mut TrainConfig)) {
        for preset in [Preset::TinyTower, Preset::Tiny] {
            let base = TrainConfig::preset(preset);
            let mut model = ModelConfig {
                image_size: 16,
                hidden_channels: 12,
                canvas_channels: 10,
                steps: 3,
                ..base.model.clone()
            };
            if preset == Preset::TinyTower {
                model.representation = RepresentationKind::Pool;
                model.upsample_r = UpsampleR::Learned;
            }
            let mut config = TrainConfig { model, ..base };
            config.data.batch = 2;
            change(&mut config);
            check_one(&config);
        }
    }

    #[track_caller]
    fn check_one(config: &TrainConfig) {
        tch::set_num_threads(1);
        let run = |config: &TrainConfig| {
            let trainer = Trainer::new(&config.model, config.step(), Device::Cpu);
            tch::no_grad(|| {
                // What starts at zero hides what is behind it.
                for (name, mut parameter) in trainer.model.parameters() {
                    if name.starts_with("renderer.rgb") || name.ends_with("cell_bias") {
                        let _ = with_torch_seed(5, || parameter.normal_(0.0, 0.1));
                    }
                }
            });
            let batch = Batch::synthetic(&config.model, config.data.batch as i64, 3, Device::Cpu);
            let loss = trainer.gradients_of(&batch, 7);
            (loss.total().double_value(&[]), trainer.model.parameters())
        };
        let mut in_one_pass = config.clone();
        (in_one_pass.compute.activation_checkpointing, in_one_pass.compute.accumulate) = (false, 1);
        let ((found_loss, found), (loss, expected)) = (run(config), run(&in_one_pass));
        assert!((found_loss / loss - 1.0).abs() < TOLERANCE, "{found_loss}, expected {loss}");
        for (name, expected) in expected {
            let expected = expected.grad();
            let norm = expected.norm().double_value(&[]).max(f64::MIN_POSITIVE);
            let difference = (found[&name].grad() - expected).norm().double_value(&[]) / norm;
            assert!(difference <= TOLERANCE, "{name}: relative difference {difference:e}");
        }
    }

    #[test]
    fn gradients_are_those_of_one_pass() {
        for variant in [StepVariant::Fused, StepVariant::Reference] {
            for (shared_core, shared_inference_core) in
                [(true, None), (false, None), (true, Some(false)), (false, Some(true))]
            {
                check(|config| {
                    config.compute.activation_checkpointing = true;
                    config.compute.variant = variant;
                    config.model.shared_core = shared_core;
                    config.model.shared_inference_core = shared_inference_core;
                });
            }
        }
    }

    #[test]
    fn a_batch_in_parts_is_a_batch() {
        for activation_checkpointing in [false, true] {
            check(|config| {
                config.compute.accumulate = 2;
                config.compute.activation_checkpointing = activation_checkpointing;
            });
        }
    }

    #[test]
    fn the_generation_phase_leaves_the_inference_half_alone() {
        for variant in [StepVariant::Fused, StepVariant::Reference] {
            check(|config| {
                config.compute.activation_checkpointing = true;
                config.compute.accumulate = 2;
                config.compute.variant = variant;
                config.schedules.generation_steps = Some(GenerationSteps::Steps(8));
            });
        }
    }

    #[test]
    fn the_divergences_weight_counts() {
        check(|config| {
            config.compute.activation_checkpointing = true;
            config.schedules.kl_weight = Some("0.25".parse().expect("a schedule"));
        });
    }
}
