//! Positions, axes and rays of cameras, from poses.

use gqn_formats::{ModelConfig, VoxelConfig};
use gqn_scenes::PoseEncoding;
use tch::{Kind, Tensor};

use crate::convert::without_waiting;

/// Cameras in the world: where they are and which way they look, `[N,3]` each (docs/voxel.md, Camera).
#[derive(Debug)]
pub(super) struct Cameras {
    pub(super) position: Tensor,
    pub(super) forward: Tensor,
    pub(super) right: Tensor,
    pub(super) up: Tensor,
    half_width: f64,
}

impl Cameras {
    /// `v [N,7] -> cameras` with the config's pose encoding and that field of view
    pub(super) fn new(v: &Tensor, config: &ModelConfig, voxel: &VoxelConfig) -> Self {
        let at = |index: i64| v.select(1, index);
        let [cos_yaw, sin_yaw, cos_pitch, sin_pitch] = match config.pose_encoding {
            PoseEncoding::CosSin => [3, 4, 5, 6],
            PoseEncoding::SinCos => [4, 3, 6, 5],
        }
        .map(at);
        let vector = |parts: [&Tensor; 3]| Tensor::stack(&parts, 1);
        Self {
            position: v.narrow(1, 0, 3),
            forward: vector([&(&cos_pitch * &cos_yaw), &(&cos_pitch * &sin_yaw), &sin_pitch]),
            right: vector([&sin_yaw, &-&cos_yaw, &sin_yaw.zeros_like()]),
            up: vector([&(&sin_pitch * -&cos_yaw), &(&sin_pitch * -&sin_yaw), &cos_pitch]),
            half_width: voxel.half_width(),
        }
    }

    /// Unit directions of the rays through the middles of n×n pixels, `[N,n,n,3]`.
    pub(super) fn directions(&self, n: i64) -> Tensor {
        let kind = (self.forward.kind(), self.forward.device());
        let line = ((Tensor::arange(n, kind) + 0.5) * (2.0 / n as f64) - 1.0) * self.half_width;
        let axis = |vector: &Tensor| vector.view([-1, 1, 1, 3]);
        let directions = axis(&self.forward) + axis(&self.right) * line.view([1, 1, n, 1])
            - axis(&self.up) * line.view([1, n, 1, 1]);
        let length = directions.square().sum_dim_intlist([3].as_slice(), true, None).sqrt();
        directions / length
    }

    /// What the networks read of a camera, `[N,6,n,n]`: its position in the box, and the directions of its rays.
    pub(super) fn ray_map(&self, voxel: &VoxelConfig, n: i64) -> Tensor {
        let position = self.in_box(voxel, &self.position) * 2.0 - 1.0;
        let position = position.view([-1, 3, 1, 1]).expand([-1, 3, n, n], false);
        Tensor::cat(&[position, self.directions(n).permute([0, 3, 1, 2])], 1)
    }

    /// `points [..,3] -> [..,3]`: 0 at the centre of the first cell, 1 at that of the last
    pub(super) fn in_box(&self, voxel: &VoxelConfig, points: &Tensor) -> Tensor {
        let of = |numbers: [f64; 3]| constant(&numbers, &self.position);
        let extent = [0, 1, 2].map(|axis| voxel.high[axis] - voxel.low[axis]);
        (points - of(voxel.low)) / of(extent)
    }

    /// `points [P,3] -> ` where each camera sees them
    pub(super) fn project(&self, voxel: &VoxelConfig, points: &Tensor) -> Projection {
        let to_point = points.unsqueeze(0) - self.position.unsqueeze(1);
        let along = |axis: &Tensor| to_point.matmul(&axis.unsqueeze(2)).squeeze_dim(2);
        let ahead = along(&self.forward);
        let plane = ahead.clamp_min(voxel.near / 2.0) * self.half_width;
        let [x, y] = [along(&self.right) / &plane, along(&self.up) / -&plane];
        let within = |at: &Tensor| ((at.abs() - 1.05) * -10.0).clamp(0.0, 1.0);
        let in_front = (ahead * (2.0 / voxel.near) - 1.0).clamp(0.0, 1.0);
        Projection {
            visible: within(&x) * within(&y) * in_front,
            at: Tensor::stack(&[x, y], 2),
            distance: to_point.square().sum_dim_intlist([2].as_slice(), false, None).sqrt(),
        }
    }
}

/// Where cameras see some points.
#[derive(Debug)]
pub(super) struct Projection {
    /// `[N,P,2]`: right and down in the picture, which spans -1 to 1.
    pub(super) at: Tensor,
    /// `[N,P]`, 0 to 1: falls off towards the edges of the picture and towards the camera.
    pub(super) visible: Tensor,
    /// `[N,P]`, in world units.
    pub(super) distance: Tensor,
}

/// Numbers of the config as a tensor of the kind and on the device of another.
pub(super) fn constant(numbers: &[f64], like: &Tensor) -> Tensor {
    without_waiting(Tensor::from_slice(numbers).to_kind(like.kind()), like.device())
}

/// 0, 1, … n-1 of the kind and on the device of another.
pub(super) fn count(n: i64, like: &Tensor) -> Tensor {
    Tensor::arange(n, (Kind::Float, like.device())).to_kind(like.kind())
}
