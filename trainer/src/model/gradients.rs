//! The gradients of −ELBO against central differences, in 64 bits.

use std::collections::BTreeMap;

use gqn_formats::{ModelConfig, Preset, RepresentationKind, VoxelConfig};
use tch::{Device, Kind, Tensor};

use super::{Compute, Differentiable, Gqn, Latents, Rollout, StepVariant};
use crate::convert::with_torch_seed;
use crate::model::elbo::Elbo;

/// Half the distance of the two points. The terms of third order are then 1e-10 of a derivative. The second is for
/// those few of many thousand `ReLU`s and clamps whose kink lies between the points of the first: a difference across
/// a kink is that of no derivative. A wrong gradient agrees with neither.
const STEPS: [f64; 2] = [1e-5, 1e-6];
/// Largest difference, as a share of the gradient's norm. A wrong factor of any term is orders of magnitude above it.
const TOLERANCE: f64 = 1e-6;
/// The same for gradients that are next to nothing, in nats for each unit of the weight: the bound, some 1e3, is rounded
/// to 1e-13, and a difference of two is divided by 2e-6 at the least.
const FLOOR: f64 = 2e-7;
/// Differences, of some three hundred of a model, that may need the second step.
const MOST_KINKS: usize = 5;
/// Entries of each parameter, beside the one with the largest derivative and a direction of all entries.
const ENTRIES: usize = 3;

/// A model whose sizes all differ, small enough to run it some thousand times.
fn tiny(rays: usize) -> ModelConfig {
    ModelConfig {
        image_size: 16,
        representation: RepresentationKind::Voxel,
        representation_channels: 8,
        latent_channels: 2,
        hidden_channels: 5,
        canvas_channels: 4,
        steps: 3,
        voxel: Some(VoxelConfig {
            low: [-0.9, -0.8, -0.1],
            high: [0.8, 0.9, 0.7],
            cells: [5, 4, 3],
            depth_samples: 6,
            near: 0.3,
            far: 2.9,
            rays,
            rendered_channels: 7,
            field_of_view: 1.1,
            evidence_channels: 0,
        }),
        ..Preset::Tiny.config()
    }
}

/// Views and queries that a model is trained with.
struct Inputs {
    x: Tensor,
    v: Tensor,
    x_q: Tensor,
    v_q: Tensor,
    noise: Tensor,
}

impl Inputs {
    fn new(model: &Gqn) -> Self {
        const REAL: (Kind, Device) = (Kind::Double, Device::Cpu);
        let (batch, views, side) = (2, 2, model.config().image_size as i64);
        with_torch_seed(2, || Self {
            x: Tensor::rand([batch, views, 3, side, side], REAL),
            v: poses(&Tensor::rand([batch, views, 4], REAL)),
            x_q: Tensor::rand([batch, 3, side, side], REAL),
            v_q: poses(&Tensor::rand([batch, 4], REAL)),
            noise: Tensor::randn(model.noise_shape(batch), REAL),
        })
    }

    /// Mean of −ELBO.
    fn loss(&self, model: &Gqn, compute: Compute) -> Tensor {
        let r = model.represent_computed(&self.x, &self.v, compute);
        let latents = Latents::Posterior { frames: &self.x_q, noise: &self.noise };
        let rollout = Rollout::computed(model, &self.v_q, &r, latents, compute);
        self.loss_of(&rollout)
    }

    fn loss_of(&self, rollout: &Rollout) -> Tensor {
        -Elbo::new(rollout, &self.x_q, 1.3).bound().mean(Kind::Double)
    }

    /// Adds the gradients of the loss to the model's; the loss.
    fn backward(&self, model: &Gqn, compute: Compute) -> Tensor {
        let r = model.represent_computed(&self.x, &self.v, compute);
        let latents = Latents::Posterior { frames: &self.x_q, noise: &self.noise };
        Differentiable::new(model, &self.v_q, &r, latents, compute).backward(|rollout| {
            let loss = self.loss_of(rollout);
            (loss.shallow_clone(), loss)
        })
    }
}

/// `numbers [..,4] in 0..1 -> [..,7]`: cameras around the box and in it, that look past its middle
fn poses(numbers: &Tensor) -> Tensor {
    let at = |index: i64| numbers.select(-1, index);
    let (angle, radius) = (at(0) * std::f64::consts::TAU, at(1) + 0.3);
    let (yaw, pitch) = (&angle + at(2) + 2.6, at(3) * 0.8 - 0.5);
    let position = [&radius * angle.cos(), &radius * angle.sin(), at(3) * 0.8];
    let turns = [yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()];
    Tensor::stack(&position.into_iter().chain(turns).collect::<Vec<_>>(), -1)
}

/// A model in 64 bits none of whose parameters is zero.
fn model(config: &ModelConfig) -> Gqn {
    let mut model = Gqn::new(config, Device::Cpu, 7);
    model.double();
    with_torch_seed(8, || {
        tch::no_grad(|| {
            for (name, mut parameter) in model.parameters() {
                if name.starts_with("renderer.rgb") || name.ends_with("cell_bias") {
                    let _ = parameter.normal_(0.0, 0.3);
                }
            }
        });
    });
    model
}

/// The derivative of the loss along `direction` by two runs.
fn difference(
    parameter: &mut Tensor,
    direction: &Tensor,
    step: f64,
    loss: &dyn Fn() -> Tensor,
) -> f64 {
    let mut at = |offset: f64| {
        tch::no_grad(|| {
            let before = parameter.copy();
            parameter.copy_(&(&before + direction * offset));
            let loss = loss().double_value(&[]);
            parameter.copy_(&before);
            loss
        })
    };
    (at(step) - at(-step)) / (2.0 * step)
}

/// Unit vectors along single entries, that with the largest derivative first, and one along all of them.
fn directions(gradient: &Tensor) -> Vec<Tensor> {
    let (count, shape) = (gradient.numel(), gradient.size());
    let largest = gradient.abs().flatten(0, -1).argmax(0, false).int64_value(&[]) as usize;
    // Steps of an irrational share of the whole visit entries evenly.
    let spread = (1..=ENTRIES).map(|n| (0.618_034 * (n * count) as f64) as usize % count);
    let mut directions: Vec<Tensor> = [largest]
        .into_iter()
        .chain(spread)
        .map(|index| {
            let mut unit = vec![0.0; count];
            unit[index] = 1.0;
            Tensor::from_slice(&unit).view(shape.as_slice())
        })
        .collect();
    let all = with_torch_seed(count as u64, || gradient.randn_like());
    directions.push(&all / all.norm());
    directions
}

#[track_caller]
fn check(config: &ModelConfig, variant: StepVariant) {
    tch::set_num_threads(1);
    let model = model(config);
    let compute = Compute { variant, ..Compute::default() };
    let inputs = Inputs::new(&model);
    let loss = inputs.backward(&model, compute);
    assert_eq!(loss.kind(), Kind::Double, "nothing is computed in fewer bits");
    let gradients: BTreeMap<String, Tensor> = model
        .parameters()
        .into_iter()
        .map(|(name, parameter)| {
            let gradient = parameter.grad();
            let none = !gradient.defined();
            (name, if none { parameter.zeros_like().detach() } else { gradient.copy() })
        })
        .collect();
    let (mut without_effect, mut across_kinks) = (Vec::new(), 0);
    for (name, mut parameter) in model.parameters() {
        let gradient = &gradients[&name];
        let norm = gradient.norm().double_value(&[]);
        if norm == 0.0 {
            without_effect.push(name.clone());
        }
        for (index, direction) in directions(gradient).iter().enumerate() {
            let found = (gradient * direction).sum(Kind::Double).double_value(&[]);
            let allowed = (TOLERANCE * norm).max(FLOOR);
            let mut difference = |step: f64| {
                difference(&mut parameter, direction, step, &|| inputs.loss(&model, compute))
            };
            let wide = difference(STEPS[0]);
            if (found - wide).abs() <= allowed {
                continue;
            }
            across_kinks += 1;
            let close = difference(STEPS[1]);
            assert!(
                (found - close).abs() <= allowed,
                "{name}, direction {index}: found {found}, expected {close} (or {wide}), allowed {allowed:e}"
            );
        }
    }
    // The first of several inference cores sees no canvas.
    let expected: &[&str] = if config.shares_inference_core() {
        &[]
    } else {
        &["inference_core.0.downsample_u.weight"]
    };
    assert_eq!(without_effect, expected);
    assert!(across_kinks <= MOST_KINKS, "{across_kinks} differences are across kinks");
}

#[test]
fn the_fused_variants_gradients_are_finite_differences() {
    for (rays, shared_core) in [(1, true), (2, false), (4, true)] {
        check(&ModelConfig { shared_core, ..tiny(rays) }, StepVariant::Fused);
    }
}

#[test]
fn evidence_has_them_too() {
    let mut config = tiny(2);
    config.voxel.as_mut().expect("a voxel model").evidence_channels = 3;
    check(&config, StepVariant::Fused);
}

#[test]
fn the_reference_variants_gradients_are_finite_differences() {
    for (rays, shared_core) in [(1, false), (2, true)] {
        check(&ModelConfig { shared_core, ..tiny(rays) }, StepVariant::Reference);
    }
}

#[test]
fn cores_shared_by_halves_have_them_too() {
    let base = ModelConfig { shared_core: true, ..tiny(1) };
    check(&ModelConfig { shared_inference_core: Some(false), ..base }, StepVariant::Fused);
}
