//! From a voxel grid to the features that a camera sees.

use gqn_formats::{ModelConfig, VoxelConfig};
use tch::Tensor;
use tch::nn::{Init, Path};

use super::camera::{Cameras, constant};
use super::conditioning::Conditioning;
use super::layers::Conv;
use super::lift::{BILINEAR, BORDER};

/// From a voxel scene and query cameras to what the cores read of them (docs/voxel.md, Generator).
#[derive(Debug)]
pub(super) struct Renderer {
    config: ModelConfig,
    voxel: VoxelConfig,
    cells1: Conv,
    cells2: Conv,
    /// `[R,Z,Y,X]`: what is always there, such as walls.
    cell_bias: Tensor,
    opacity: Conv,
    mix: Conv,
    rgb: Conv,
}

impl Renderer {
    /// None if the model is no voxel model.
    pub(super) fn new(path: &Path<'_>, config: &ModelConfig) -> Option<Self> {
        let voxel = config.voxel.clone()?;
        let [r, rays, c] =
            [config.representation_channels, voxel.rays, voxel.rendered_channels].map(|n| n as i64);
        let scene: Vec<i64> = config.scene_shape().iter().map(|&size| size as i64).collect();
        let upscale = 4 / rays;
        let zero = Init::Const(0.0);
        Some(Self {
            cells1: Conv::same(path / "cells1", scene[1], 2 * r, 1),
            cells2: Conv::same(path / "cells2", 2 * r, r, 1),
            cell_bias: path.var("cell_bias", &[r, scene[2], scene[3], scene[4]], zero),
            opacity: Conv::head_with_bias(path / "opacity", [r, 1, 1], Init::Const(-1.0)),
            mix: Conv::head(path / "mix", r * rays * rays, c, 1),
            rgb: Conv::zeros(path / "rgb", [r, 3 * upscale * upscale, 3]),
            config: config.clone(),
            voxel,
        })
    }

    /// `scene [B,R+5+K,Z,Y,X], v [B,7] -> ray maps [B,6,h,h], rendered features [B,C,h,h], colours [B,3,S,S]`
    pub(super) fn render(&self, scene: &Tensor, v: &Tensor) -> Conditioning {
        let (voxel, rays) = (&self.voxel, self.voxel.rays as i64);
        let side = self.config.hidden_size() as i64;
        let cameras = Cameras::new(v, &self.config, voxel);
        let samples = self.sample(&self.cells(scene), &cameras, side * rays);
        let rendered = self.composite(&samples);
        let features = self.mix.forward(&rendered.pixel_unshuffle(rays)).relu();
        let colours = self.rgb.forward(&rendered.relu()).pixel_shuffle(4 / rays);
        Conditioning {
            camera: cameras.ray_map(voxel, side),
            scene: features,
            colours: Some(colours),
        }
    }

    /// Step 6: `scene [B,R+5+K,Z,Y,X] -> grid [B,R,Z,Y,X]`
    fn cells(&self, scene: &Tensor) -> Tensor {
        let r = self.config.representation_channels as i64;
        let evidence = self.voxel.evidence_channels as i64;
        let (batch, channels, height, depth, width) =
            scene.size5().expect("scenes are [B,R+5+K,Z,Y,X]");
        let part = |first: i64, channels: i64| scene.narrow(1, first, channels);
        let (density, visible) = (part(r, 1), part(r + 1, 1));
        let count = density.relu() + 0.1;
        let limited = |views: Tensor| views.clamp(0.0, 5.0) * 0.3;
        let mut inputs =
            vec![part(0, r) / &count, limited(density), limited(visible), part(r + 2, 3) / &count];
        if evidence > 0 {
            inputs.push(part(r + 5, evidence) / (part(r + 1, 1).relu() + 0.1));
        }
        let flat = Tensor::cat(&inputs, 1).view([batch, channels, height * depth, width]);
        let grid = self.cells2.forward(&self.cells1.forward(&flat).relu());
        grid.view([batch, r, height, depth, width]) + &self.cell_bias
    }

    /// Step 7: `grid [B,R,Z,Y,X] -> samples [B,R,D,n,n]` along n×n rays
    fn sample(&self, grid: &Tensor, cameras: &Cameras, n: i64) -> Tensor {
        let distances = constant(&self.voxel.sample_distances(), grid).view([1, -1, 1, 1, 1]);
        let origins = cameras.position.view([-1, 1, 1, 1, 3]);
        let points = origins + cameras.directions(n).unsqueeze(1) * distances;
        let points = cameras.in_box(&self.voxel, &points);
        let outside = (-&points).maximum(&(&points - 1.0)).relu();
        let inside = (outside * -10.0 + 1.5).clamp(0.0, 1.0);
        let inside = inside.select(4, 0) * inside.select(4, 1) * inside.select(4, 2);
        let samples = grid.grid_sampler(&(points * 2.0 - 1.0), BILINEAR, BORDER, true);
        samples * inside.unsqueeze(1)
    }

    /// Step 8: `samples [B,R,D,n,n] -> [B,R,n,n]`, front to back
    fn composite(&self, samples: &Tensor) -> Tensor {
        let (batch, r, depths, n, _) = samples.size5().expect("samples are [B,R,D,n,n]");
        let flat = samples.relu().view([batch, r, depths * n, n]);
        let logits = self.opacity.forward(&flat).view([batch, 1, depths, n, n]);
        let absorbed = logits.softplus();
        let in_front = absorbed.cumsum(2, None) - absorbed;
        let weights = logits.sigmoid() * (-in_front).exp();
        (samples * weights).sum_dim_intlist([2].as_slice(), false, None)
    }
}
