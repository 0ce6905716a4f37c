//! Random weights under which pictures vary, and how two tensors are compared.

use gqn_formats::{
    Checkpoint, ModelConfig, ParameterKind, Preset, Provenance, RepresentationKind, Tensor,
    UpsampleR, VoxelConfig, parameters,
};
use ndarray::Dimension;

/// Largest difference of two engines' numbers: f32 sums of some thousand products in another order differ by about
/// 1e-6 after a few recurrent steps. A hundred times that is still a fortieth of a step of an 8-bit picture.
pub(crate) const TOLERANCE: f32 = 1e-4;

/// A small model of 32×32 pictures.
pub(crate) fn small(
    representation: RepresentationKind,
    shared_core: bool,
    upsample_r: UpsampleR,
) -> ModelConfig {
    ModelConfig {
        image_size: 32,
        representation,
        representation_channels: 16,
        latent_channels: 2,
        hidden_channels: 12,
        canvas_channels: 10,
        steps: 3,
        shared_core,
        upsample_r,
        ..Preset::TinyTower.config()
    }
}

/// Uniform weights with which activations stay of order one (the variance of a layer's output is that of its input),
/// and an observation around medium grey.
pub(crate) fn random_checkpoint(config: &ModelConfig) -> Checkpoint {
    const GREY: f32 = 0.5;
    const CONTRAST: f32 = 0.4;
    let tensors = parameters(config)
        .into_iter()
        .enumerate()
        .map(|(index, parameter)| {
            let half_width = match parameter.kind {
                ParameterKind::Conv => fan_limit(parameter.shape[1..].iter().product()),
                // Its stride is its kernel's size, so every output has one contribution of each input channel.
                ParameterKind::ConvTranspose => fan_limit(parameter.shape[0]),
                ParameterKind::Bias => 0.1,
                // As large as what the views say of a cell.
                ParameterKind::Grid => 0.5,
            };
            let (offset, scale) = match parameter.name.as_str() {
                "observation.weight" | "renderer.rgb.weight" => (0.0, CONTRAST),
                "observation.bias" => (GREY, 1.0),
                _ => (0.0, 1.0),
            };
            let mut tensor = uniform(&parameter.shape, index as u64);
            tensor.mapv_inplace(|value| offset + scale * half_width * value);
            (parameter.name, tensor)
        })
        .collect();
    Checkpoint { config: config.clone(), step: 0, provenance: Provenance::default(), tensors }
}

/// Numbers in [-1, 1) that follow from the seed.
pub(crate) fn uniform(shape: &[usize], seed: u64) -> Tensor {
    // Knuth's linear congruential generator; its upper bits are good enough for weights.
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    for _ in 0..8 {
        next();
    }
    Tensor::from_shape_simple_fn(shape, next)
}

/// Requires every number to be within [`TOLERANCE`], relative to the largest one where that is above one.
#[track_caller]
pub(crate) fn check_close(what: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.shape(), expected.shape(), "shape of {what}");
    let scale = expected.iter().fold(1.0_f32, |scale, value| scale.max(value.abs()));
    for ((index, &found), &expected) in found.indexed_iter().zip(expected) {
        let difference = (found - expected).abs();
        let allowed = TOLERANCE * scale;
        // A comparison with NaN is false, so a difference that is no number fails.
        assert!(
            difference <= allowed,
            "{what} at {:?}: found {found}, expected {expected}, difference {difference}, allowed {allowed}",
            index.slice()
        );
    }
}

/// Mean, standard deviation, and share of numbers strictly between 0 and 1.
pub(crate) fn spread(pictures: &Tensor) -> (f32, f32, f32) {
    let count = pictures.len() as f32;
    let mean = pictures.iter().sum::<f32>() / count;
    let variance = pictures.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / count;
    let inside = pictures.iter().filter(|value| **value > 0.0 && **value < 1.0).count();
    (mean, variance.sqrt(), inside as f32 / count)
}

/// Largest difference of two tensors of one shape.
pub(crate) fn largest_difference(one: &Tensor, other: &Tensor) -> f32 {
    assert_eq!(one.shape(), other.shape());
    one.iter().zip(other).fold(0.0, |largest, (one, other)| largest.max((one - other).abs()))
}

/// Half the width of the uniform distribution whose variance is the inverse of the number of inputs.
fn fan_limit(inputs: usize) -> f32 {
    (3.0 / inputs as f32).sqrt()
}

/// `[count,7]`: cameras in the box that look any way, so that cells lie before and behind them, in the picture and out
/// of it.
pub(crate) fn cameras(voxel: &VoxelConfig, count: usize, seed: u64) -> Tensor {
    let mut poses = uniform(&[count, 7], seed);
    for mut pose in poses.outer_iter_mut() {
        for axis in 0..3 {
            let (low, high) = (voxel.low[axis] as f32, voxel.high[axis] as f32);
            pose[axis] = f32::midpoint(low, high) + 0.45 * (high - low) * pose[axis];
        }
        let (yaw, pitch) = (3.0 * pose[3], 0.4 * pose[5]);
        (pose[3], pose[4], pose[5], pose[6]) = (yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin());
    }
    poses
}
