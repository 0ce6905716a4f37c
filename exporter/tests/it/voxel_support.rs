//! Voxel models of odd sizes, weights under which everything matters, and cameras in and around the box.

use gqn_formats::{
    Checkpoint, ModelConfig, ParameterKind, Preset, RepresentationKind, Tensor, VoxelConfig,
};
use gqn_scenes::{Camera, PoseEncoding};

use crate::support::{checkpoint, small};

/// A small voxel model whose grid is neither cubic nor even.
pub(crate) fn voxel(rays: usize, shared_core: bool) -> ModelConfig {
    let geometry = VoxelConfig {
        low: [-1.1, -0.9, 0.0],
        high: [1.0, 1.1, 0.7],
        cells: [7, 5, 3],
        depth_samples: 6,
        near: 0.1,
        far: 2.6,
        rays,
        rendered_channels: 9,
        field_of_view: 50_f64.to_radians(),
        evidence_channels: 0,
    };
    ModelConfig {
        representation: RepresentationKind::Voxel,
        representation_channels: 8,
        voxel: Some(geometry),
        ..small(RepresentationKind::Tower, shared_core, Preset::TinyTower.config().upsample_r)
    }
}

/// The same with that many evidence channels.
pub(crate) fn with_evidence(mut config: ModelConfig, channels: usize) -> ModelConfig {
    config.voxel.as_mut().expect("a voxel model").evidence_channels = channels;
    config
}

/// Every number of rays, with and without evidence, shared and unshared, both pose encodings, other grids and other sizes.
pub(crate) fn voxel_kinds() -> Vec<ModelConfig> {
    let mut configs: Vec<ModelConfig> =
        [(1, true), (2, true), (4, true), (1, false), (2, false)].map(|(q, s)| voxel(q, s)).into();
    configs[1].pose_encoding = PoseEncoding::SinCos;
    let mut flat = voxel(2, true);
    if let Some(geometry) = &mut flat.voxel {
        geometry.cells = [2, 9, 2];
        geometry.depth_samples = 11;
        geometry.field_of_view = 1.2;
    }
    configs.push(ModelConfig { image_size: 32, steps: 2, ..flat });
    configs.push(ModelConfig { image_size: 24, steps: 1, ..voxel(1, true) });
    configs.push(with_evidence(voxel(2, true), 3));
    configs.push(with_evidence(voxel(1, false), 1));
    configs
}

/// Random weights under which cells differ, rays end in the box, and few pixels are cut off.
pub(crate) fn voxel_checkpoint(config: &ModelConfig) -> Checkpoint {
    let mut checkpoint = checkpoint(config);
    let cells = config.voxel.as_ref().map_or(1, VoxelConfig::cell_count);
    for parameter in gqn_formats::parameters(config) {
        let tensor = checkpoint.tensors.get_mut(&parameter.name).expect("a parameter");
        match (parameter.kind, parameter.name.as_str()) {
            (ParameterKind::Grid, _) => *tensor *= 0.5 * (cells as f32).sqrt(),
            (_, "observation.bias") => tensor.fill(0.5),
            // Opacities and depths that are told apart.
            (_, "renderer.opacity.weight" | "representation.conv8.weight") => *tensor *= 3.0,
            (_, "renderer.rgb.weight" | "renderer.rgb.bias" | "observation.weight") => {
                *tensor *= 0.3;
            }
            _ => {}
        }
    }
    checkpoint
}

/// Cameras on a ring around the middle, in the box, and one that looks away from it.
pub(crate) fn poses(config: &ModelConfig, count: usize, first: usize) -> Tensor {
    let camera = |index: usize| {
        let turn = 0.9 * index as f32 + 0.35;
        let radius = if index % 3 == 2 { 0.4 } else { 0.95 };
        let away = if index % 4 == 3 { 0.5 } else { std::f32::consts::PI };
        Camera {
            position: [radius * turn.cos(), radius * turn.sin(), 0.2 + 0.07 * index as f32],
            yaw: turn + away + 0.1,
            pitch: 0.15 * (index as f32 - 1.5),
        }
    };
    let numbers =
        (first..first + count).flat_map(|index| camera(index).pose(config.pose_encoding).0);
    Tensor::from_shape_vec(vec![count, 7], numbers.collect()).expect("seven numbers a pose")
}

/// Numbers between zero and one.
pub(crate) fn numbers(shape: &[usize], phase: f32) -> Tensor {
    let mut index = 0.0;
    Tensor::from_shape_simple_fn(shape, || {
        index += 1.0;
        0.5 + 0.5 * (0.7 * index + phase + 0.01 * index * index).sin()
    })
}
