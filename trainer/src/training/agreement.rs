//! Every variant of a rollout computes the same numbers and the same gradients.

use std::collections::BTreeMap;

use gqn_formats::{ModelConfig, Preset, RepresentationKind, UpsampleR, VoxelConfig};
use gqn_scenes::{Extent, World};
use tch::{Device, Kind, Tensor};

use super::optimiser::Adam;
use crate::convert::with_torch_seed;
use crate::data::batch::Batch;
use crate::model::elbo::Elbo;
use crate::model::{Compute, ComputeType, Differentiable, Gqn, Latents, Rollout, StepVariant};

/// Largest difference of a gradient, relative to its norm: sums of some thousand products in another order, through a
/// few recurrent steps. Most stay below 2e-6; the worst, at 5.2e-6, is a bias of the representation, whose gradient is
/// a sum of terms that nearly cancel.
const GRADIENT_TOLERANCE: f64 = 1e-5;
/// Of a gradient by Winograd's algorithm, whose points' powers cost a digit.
const WINOGRAD_TOLERANCE: f64 = 2e-5;
/// Of the bound, which is a sum over a picture.
const BOUND_TOLERANCE: f64 = 1e-6;
/// 16-bit numbers have 8 bits of mantissa: 4e-3 a rounding, less what averages out over a sum.
const BF16_BOUND_TOLERANCE: f64 = 2e-3;
/// Of a gradient in 16 bits, relative to its norm.
const BF16_GRADIENT_TOLERANCE: f64 = 0.1;

const REFERENCE: Compute =
    Compute { variant: StepVariant::Reference, precision: ComputeType::Fp32, winograd: false };
const FUSED: Compute = Compute { variant: StepVariant::Fused, ..REFERENCE };
const WINOGRAD: Compute = Compute { winograd: true, ..FUSED };
const FUSED_BF16: Compute = Compute { precision: ComputeType::Bf16, ..FUSED };

/// A small model whose sizes all differ.
fn small() -> ModelConfig {
    ModelConfig {
        image_size: 16,
        representation_channels: 16,
        latent_channels: 2,
        hidden_channels: 12,
        canvas_channels: 10,
        steps: 4,
        ..Preset::TinyTower.config()
    }
}

/// The same with voxels: a grid whose sides all differ.
fn small_voxel(rays: usize) -> ModelConfig {
    let extent = Extent { cells: [5, 4, 3], ..World::RoomsRingCamera.extent() };
    ModelConfig {
        representation: RepresentationKind::Voxel,
        voxel: Some(VoxelConfig::of_extent(&extent, 6, rays, 9)),
        ..small()
    }
}

struct Outcome {
    bound: Tensor,
    generated: Tensor,
    gradients: BTreeMap<String, Tensor>,
}

fn run(config: &ModelConfig, compute: Compute) -> Outcome {
    tch::set_num_threads(1);
    let model = Gqn::new(config, Device::Cpu, 3);
    tch::no_grad(|| {
        // What starts at zero would hide what is before it.
        for (name, mut parameter) in model.parameters() {
            if name.starts_with("renderer.rgb") || name.ends_with("cell_bias") {
                let _ = with_torch_seed(5, || parameter.normal_(0.0, 0.1));
            }
        }
    });
    let _gradients = Adam::new(model.parameters());
    let batch = Batch::synthetic(config, 2, 2, Device::Cpu);
    let noise =
        with_torch_seed(4, || Tensor::randn(model.noise_shape(2), (Kind::Float, Device::Cpu)));
    let r = model.represent_computed(&batch.context_frames, &batch.context_poses, compute);
    let v = &batch.query_poses;
    let posterior = Latents::Posterior { frames: &batch.query_frames, noise: &noise };
    let bound = Differentiable::new(&model, v, &r, posterior, compute).backward(|rollout| {
        let bound = Elbo::new(rollout, &batch.query_frames, 1.3).bound();
        (bound.mean(Kind::Float), bound)
    });
    let prior = Latents::Prior { noise: &noise };
    let generated = Rollout::computed(&model, v, &r, prior, compute).observation;
    let gradients = model.parameters().into_iter().map(|(name, p)| (name, p.grad().copy()));
    Outcome { bound: bound.detach(), generated, gradients: gradients.collect() }
}

#[track_caller]
fn check(name: &str, found: &Tensor, expected: &Tensor, tolerance: f64) {
    let expected_norm = expected.norm().double_value(&[]);
    let difference =
        (found - expected).norm().double_value(&[]) / expected_norm.max(f64::MIN_POSITIVE);
    assert!(difference <= tolerance, "{name}: relative difference {difference:e} of {tolerance:e}");
}

#[track_caller]
fn check_variant(config: &ModelConfig, compute: Compute, [bound, gradient]: [f64; 2]) {
    let (found, expected) = (run(config, compute), run(config, REFERENCE));
    check("bound", &found.bound, &expected.bound, bound);
    check("generated", &found.generated, &expected.generated, gradient);
    assert_eq!(found.gradients.len(), expected.gradients.len());
    for (name, expected) in &expected.gradients {
        check(name, &found.gradients[name], expected, gradient);
    }
}

#[test]
fn fast_gradients_are_the_plain_ones() {
    use RepresentationKind::{Pool, Pyramid, Tower};
    for representation in [Pyramid, Tower, Pool] {
        for upsample_r in [UpsampleR::Learned, UpsampleR::Tile] {
            for (shared_core, shared_inference_core) in
                [(true, None), (false, None), (true, Some(false)), (false, Some(true))]
            {
                let config = ModelConfig {
                    representation,
                    upsample_r,
                    shared_core,
                    shared_inference_core,
                    ..small()
                };
                check_variant(&config, FUSED, [BOUND_TOLERANCE, GRADIENT_TOLERANCE]);
            }
        }
    }
}

#[test]
fn fast_gradients_of_voxels_are_the_plain_ones() {
    for rays in [1, 2, 4] {
        for (shared_core, shared_inference_core) in
            [(true, None), (false, None), (true, Some(false)), (false, Some(true))]
        {
            let config = ModelConfig { shared_core, shared_inference_core, ..small_voxel(rays) };
            check_variant(&config, FUSED, [BOUND_TOLERANCE, GRADIENT_TOLERANCE]);
        }
    }
    check_variant(&small_voxel(1), WINOGRAD, [BOUND_TOLERANCE, WINOGRAD_TOLERANCE]);
    check_variant(&small_voxel(1), FUSED_BF16, [BF16_BOUND_TOLERANCE, BF16_GRADIENT_TOLERANCE]);
}

#[test]
fn winograds_gradients_lose_a_digit() {
    for representation in [RepresentationKind::Tower, RepresentationKind::Pool] {
        for shared_core in [true, false] {
            let config = ModelConfig { representation, shared_core, ..small() };
            check_variant(&config, WINOGRAD, [BOUND_TOLERANCE, WINOGRAD_TOLERANCE]);
        }
    }
}

#[test]
fn one_and_two_steps_are_no_exceptions() {
    for steps in [1, 2] {
        for shared_core in [true, false] {
            let config = ModelConfig { steps, shared_core, ..small() };
            check_variant(&config, FUSED, [BOUND_TOLERANCE, GRADIENT_TOLERANCE]);
        }
    }
}

#[test]
fn sixteen_bits_are_close() {
    for shared_core in [true, false] {
        let config = ModelConfig { shared_core, ..small() };
        check_variant(&config, FUSED_BF16, [BF16_BOUND_TOLERANCE, BF16_GRADIENT_TOLERANCE]);
    }
}
