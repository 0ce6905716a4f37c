//! Multiply-adds of a training step.

use std::time::Instant;

use gqn_formats::{ModelConfig, ParameterKind, RepresentationKind, parameters};
use tch::{Device, Kind, Tensor};

use crate::model::StepVariant;

/// Multiplications, each with an addition, of the forward pass of a batch; a backward pass has twice as many.
///
/// Of the fused variant those that it does, so that its share of the matrix rate is no larger than the device's.
pub fn multiply_adds(
    model: &ModelConfig,
    variant: StepVariant,
    batch: usize,
    context: usize,
) -> f64 {
    let rollout = match variant {
        StepVariant::Reference => reference(model) * batch as f64,
        StepVariant::Fused => fused(model) * batch as f64 + composing(model),
    };
    let views = (batch * context) as f64;
    rollout
        + views * representation(model)
        + lifting(model) * views
        + rendering(model) * batch as f64
}

/// Multiplications and additions a second of large products of matrices, the best of a few.
pub fn matmul_flops(device: Device, kind: Kind) -> f64 {
    const TIMES: usize = 5;
    let side: i64 = if device.is_cuda() { 8192 } else { 1536 };
    let [a, b] = [(); 2].map(|()| Tensor::rand([side, side], (Kind::Float, device)).to_kind(kind));
    let secs = (0..=TIMES).map(|_| {
        let clock = Instant::now();
        // Reading a number waits for the device.
        let _ = a.matmul(&b).get(0).get(0).to_kind(Kind::Float).double_value(&[]);
        clock.elapsed().as_secs_f64()
    });
    2.0 * (side as f64).powi(3) / secs.fold(f64::INFINITY, f64::min)
}

/// Of one view.
fn representation(model: &ModelConfig) -> f64 {
    let side = model.image_size;
    // Sides of the layers' outputs, in the order of the parameters.
    let sides = match model.representation {
        RepresentationKind::Pyramid => vec![side / 2, side / 4, side / 8, 1],
        RepresentationKind::Tower | RepresentationKind::Pool | RepresentationKind::Voxel => {
            let (half, quarter) = (side / 2, side / 4);
            vec![half, quarter, half, quarter, quarter, quarter, quarter, quarter]
        }
    };
    let evidence = [side / 2; 2];
    parameters(model)
        .iter()
        .filter(|p| p.name.starts_with("representation.") && p.kind == ParameterKind::Conv)
        .zip(sides.into_iter().chain(evidence))
        .map(|(layer, side)| (layer.elements() * side * side) as f64)
        .sum()
}

/// From one view's features to its contribution to the grid: bilinear sampling of features, depth logits, colours and
/// evidence, the density at the cell's depth, the features and colours times it, and the evidence where it is visible.
fn lifting(model: &ModelConfig) -> f64 {
    let Some(voxel) = &model.voxel else { return 0.0 };
    let [r, d, k, cells] = [
        model.representation_channels,
        voxel.depth_samples,
        voxel.evidence_channels,
        voxel.cell_count(),
    ]
    .map(|size| size as f64);
    cells * (4.0 * (r + d + 3.0 + k) + d + r + 3.0 + k)
}

/// From a voxel scene to what the cores read of it and the colours, for one query: two layers for each cell; for each
/// sample of a ray trilinear interpolation, opacity and compositing; two layers for each ray.
fn rendering(model: &ModelConfig) -> f64 {
    let Some(voxel) = &model.voxel else { return 0.0 };
    let [r, d, k, cells, c, q] = [
        model.representation_channels,
        voxel.depth_samples,
        voxel.evidence_channels,
        voxel.cell_count(),
        voxel.rendered_channels,
        voxel.rays,
    ]
    .map(|size| size as f64);
    let area = Sizes::new(model).area;
    let rays = area * q * q;
    let colours = 9.0 * r * 3.0 * (4.0 / q).powi(2);
    cells * (2.0 * r * (r + 5.0 + k) + 2.0 * r * r)
        + rays * (d * (8.0 + 1.0 + 1.0 + 1.0) * r + colours)
        + area * r * q * q * c
}

/// Of one scene's rollout with all of a step's inputs in one convolution a core.
fn reference(model: &ModelConfig) -> f64 {
    let Sizes { area, gate, h, z, u, .. } = Sizes::new(model);
    let gates = gate * (model.inference_channels() + model.generation_channels()) as f64;
    let heads = 2.0 * 25.0 * 2.0 * z * h;
    let samplers = 16.0 * (u * u + h * u + 9.0);
    let step = area * (gates + heads + samplers + 2.0 * scene(model));
    model.steps as f64 * step + 16.0 * area * u * 3.0
}

fn fused(model: &ModelConfig) -> f64 {
    let Sizes { area, gate, h, z, u, fixed } = Sizes::new(model);
    let (inference, generation) = (model.inference_cores() as f64, model.cores() as f64);
    let steps = model.steps as f64;
    let once = inference * (gate * (3.0 + fixed) + scene(model) + 16.0 * 9.0)
        + generation * (gate * fixed + scene(model));
    // The first step reads zeros.
    let changing = (steps - 1.0) * (gate * (3.0 * h + u) + 25.0 * 2.0 * z * h);
    let every = steps * (gate * z + 25.0 * 2.0 * z * h + h * 48.0);
    let painted = if inference > 1.0 { steps * (steps - 1.0) / 2.0 } else { steps - 1.0 };
    area * (once + changing + every + painted * h * u)
}

/// Products of kernels, once a batch.
fn composing(model: &ModelConfig) -> f64 {
    let Sizes { h, u, .. } = Sizes::new(model);
    let steps = model.steps as f64;
    let pairs = if model.inference_cores() > 1 {
        steps * (steps - 1.0) / 2.0
    } else {
        model.cores() as f64
    };
    pairs * 16.0 * u * u * h + model.cores() as f64 * 16.0 * 3.0 * u * h
}

/// Of the up-samplers of a core at one spatial position.
fn scene(model: &ModelConfig) -> f64 {
    let square =
        |channels: usize, learns: bool| if learns { (channels * channels) as f64 } else { 0.0 };
    square(model.pose_channels(), model.learns_upsample_v())
        + square(model.representation_channels, model.learns_upsample_r())
}

struct Sizes {
    /// Places of a hidden state.
    area: f64,
    /// Of all gates, for one input channel at one spatial position.
    gate: f64,
    h: f64,
    z: f64,
    u: f64,
    /// Channels of camera and representation.
    fixed: f64,
}

impl Sizes {
    fn new(model: &ModelConfig) -> Self {
        let [h, z, u, side, fixed] = [
            model.hidden_channels,
            model.latent_channels,
            model.canvas_channels,
            model.hidden_size(),
            model.camera_channels() + model.scene_channels(),
        ]
        .map(|size| size as f64);
        Self { area: side * side, gate: 25.0 * 4.0 * h, h, z, u, fixed }
    }
}

#[cfg(test)]
mod tests {
    use gqn_formats::{Preset, VoxelConfig};

    use super::*;

    #[test]
    fn the_papers_model() {
        // By hand, in millions for one scene: gates (650 + 394)·512·25·256 = 3421, heads 2·128·6·25·256 = 9.8,
        // samplers (128·128 + 128·128 + 9)·16·256 = 134, up-samplers of r 2·256·256·256 = 33.6 and of v 0.03; twelve
        // times; the observation 128·3·64·64 = 1.6.
        let model = ModelConfig { shared_core: true, ..Preset::Paper.config() };
        let found = multiply_adds(&model, StepVariant::Reference, 1, 0) / 1e6;
        let expected = 12.0 * (3421.0 + 9.8 + 134.2 + 33.6) + 1.6;
        assert!((found / expected - 1.0).abs() < 1e-3, "found {found}, expected {expected}");
        let less = multiply_adds(&model, StepVariant::Fused, 1, 0) / 1e6;
        assert!(less < 0.5 * found, "the fused variant does {less}");
    }

    #[test]
    fn a_voxel_model() {
        let voxel = VoxelConfig {
            cells: [20, 20, 6],
            depth_samples: 16,
            rays: 1,
            rendered_channels: 64,
            ..Preset::Edge.config().voxel.expect("a voxel model")
        };
        let model = ModelConfig {
            image_size: 64,
            representation_channels: 32,
            voxel: Some(voxel),
            ..Preset::Edge.config()
        };
        // By hand, in millions. A view: conv1 3·32·4·1024 = 0.39, conv2 and conv4 (32 + 16)·32·4·256 = 1.57, conv3
        // 32·16·9·1024 = 4.72, conv5 and conv6 38·48·9·256 = 4.20, conv7 16·32·9·256 = 1.18, conv8 32·48·256 = 0.39; of
        // the 2400 cells 4·51 + 16 + 35 = 255 each, 0.61.
        let of_views = |views| multiply_adds(&model, StepVariant::Reference, 1, views) / 1e6;
        let view = of_views(3) - of_views(2);
        assert!((view / 13.07 - 1.0).abs() < 2e-3, "a view: {view}");
        // A query: cells 2400·(64·37 + 64·32) = 10.60, 256 rays of 16 samples 11·32 = 1.44, mix 256·32·64 = 0.52, colours
        // 256·9·32·48 = 3.54.
        let found = rendering(&model) / 1e6;
        assert!((found / 16.10 - 1.0).abs() < 2e-3, "a query: {found}");
    }

    #[test]
    fn a_matrix_rate_is_a_rate() {
        let rate = matmul_flops(Device::Cpu, Kind::Float);
        assert!((1e8..1e15).contains(&rate), "{rate}");
    }
}
