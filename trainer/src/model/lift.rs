//! From the features of a view to a voxel grid.

use gqn_formats::{ModelConfig, VoxelConfig};
use tch::Tensor;

use super::camera::{Cameras, constant, count};

/// What is sampled at the projections of the cells.
#[derive(Debug)]
pub(super) struct Maps<'a> {
    /// Features and depth logits, `[N,R+D,h,h]`.
    pub(super) y: Tensor,
    /// Pictures, `[N,3,S,S]`.
    pub(super) x: &'a Tensor,
    /// `[N,K,S/2,S/2]`, of a model with evidence channels.
    pub(super) evidence: Option<Tensor>,
}

/// `maps of N views -> [N,R+5+K,Z,Y,X]`: what each view contributes to the grid (docs/voxel.md, Representation, steps 2
/// to 5).
pub(super) fn lift(
    config: &ModelConfig,
    voxel: &VoxelConfig,
    cameras: &Cameras,
    maps: &Maps<'_>,
) -> Tensor {
    let Maps { y, x, evidence } = maps;
    let (features, depths) = (config.representation_channels as i64, voxel.depth_samples as i64);
    let [width, depth, height] = voxel.cells.map(|count| count as i64);
    let cells = width * depth * height;
    let seen = cameras.project(voxel, &centres(voxel, y));
    let at = seen.at.unsqueeze(1);
    let sample = |map: &Tensor| map.grid_sampler(&at, BILINEAR, BORDER, false).squeeze_dim(2);
    let colours = sample(&x.avg_pool2d([2, 2], [2, 2], [0, 0], false, true, None::<i64>));
    let bin = (voxel.far - voxel.near) / depths as f64;
    let bins = ((seen.distance - voxel.near) / bin - 0.5).clamp(0.0, (depths - 1) as f64);
    let (features, surface) = if evidence.is_some() {
        // One number a cell instead of D: probabilities are interpolated in the volume [D,h,h].
        let along = (bins * 2.0 + 1.0) / depths as f64 - 1.0;
        let at = Tensor::cat(&[&seen.at, &along.unsqueeze(2)], 2).view([-1, 1, 1, cells, 3]);
        let volume = y.narrow(1, features, depths).softmax(1, None).unsqueeze(1);
        let surface = volume.grid_sampler(&at, BILINEAR, BORDER, false).view([-1, 1, cells]);
        (sample(&y.narrow(1, 0, features)), surface)
    } else {
        let sampled = sample(y);
        let mut parts = sampled.split_with_sizes([features, depths], 1).into_iter();
        let (Some(features), Some(logits)) = (parts.next(), parts.next()) else {
            unreachable!("two sizes have two parts");
        };
        let nearness = (bins.unsqueeze(1) - count(depths, y).view([1, -1, 1])).abs();
        let weights = (nearness * -1.0 + 1.0).relu();
        let shares = logits.softmax(1, None) * weights;
        (features, shares.sum_dim_intlist([1].as_slice(), true, None))
    };
    let visible = seen.visible.unsqueeze(1);
    let density = surface * &visible * (depths as f64 / 4.0);
    let mut channels = vec![features * &density, density.shallow_clone()];
    let evidence = evidence.as_ref().map(|map| sample(map) * &visible);
    channels.extend([visible, colours * density]);
    channels.extend(evidence);
    Tensor::cat(&channels, 1).view([y.size()[0], -1, height, depth, width])
}

/// Centres of all cells, `[Z·Y·X,3]`, x the fastest.
fn centres(voxel: &VoxelConfig, like: &Tensor) -> Tensor {
    let [x, y, z] = [0, 1, 2].map(|axis| constant(&voxel.centres(axis), like));
    let grids = Tensor::meshgrid_indexing(&[z, y, x], "ij");
    Tensor::stack(&[&grids[2], &grids[1], &grids[0]], -1).view([-1, 3])
}

/// libtorch's numbers for `grid_sample`'s modes.
pub(super) const BILINEAR: i64 = 0;
/// Beyond the edge, what is nearest within.
pub(super) const BORDER: i64 = 1;
