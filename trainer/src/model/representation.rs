//! The representation networks.

use std::borrow::Borrow;

use gqn_formats::{ModelConfig, RepresentationKind};
use tch::Tensor;
use tch::nn::Path;

use super::camera::Cameras;
use super::compute::Layout;
use super::layers::{Conv, tile};
use super::lift::{Maps, lift};

/// What one picture and its camera say about the scene (Eslami et al. 2018, section S3.1; docs/voxel.md).
#[derive(Debug)]
pub struct Representation {
    config: ModelConfig,
    /// `conv1`, `conv2`, … in the order of the paper's figure.
    layers: Vec<Conv>,
    /// `evidence1` and `evidence2` of a voxel model that has evidence channels; none of others.
    evidence: Vec<Conv>,
}

impl Representation {
    /// The network of the config's kind with R output channels.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, config: &ModelConfig) -> Self {
        let path = path.borrow();
        let (r, v) = (config.representation_channels as i64, config.pose_channels() as i64);
        let at = |index: usize| path / format!("conv{index}");
        let layers = match config.representation {
            RepresentationKind::Pyramid => vec![
                Conv::strided(at(1), v + 3, r / 8, 2),
                Conv::strided(at(2), r / 8, r / 4, 2),
                Conv::strided(at(3), r / 4, r / 2, 2),
                Conv::strided(at(4), r / 2, r, config.image_size as i64 / 8),
            ],
            RepresentationKind::Tower | RepresentationKind::Pool => vec![
                Conv::strided(at(1), 3, r, 2),
                Conv::strided(at(2), r, r, 2),
                Conv::same(at(3), r, r / 2, 3),
                Conv::strided(at(4), r / 2, r, 2),
                Conv::same(at(5), r + v, r, 3),
                Conv::same(at(6), r + v, r / 2, 3),
                Conv::same(at(7), r / 2, r, 3),
                Conv::same(at(8), r, r, 1),
            ],
            RepresentationKind::Voxel => {
                let rays = config.camera_channels() as i64;
                let depths = config.voxel.as_ref().map_or(0, |voxel| voxel.depth_samples) as i64;
                vec![
                    Conv::strided(at(1), 3, r, 2),
                    Conv::strided(at(2), r, r, 2),
                    Conv::same(at(3), r, r / 2, 3),
                    Conv::strided(at(4), r / 2, r, 2),
                    Conv::same(at(5), r + rays, r, 3),
                    Conv::same(at(6), r + rays, r / 2, 3),
                    Conv::same(at(7), r / 2, r, 3),
                    Conv::head(at(8), r, r + depths, 1),
                ]
            }
        };
        let evidence = match config.evidence_channels() as i64 {
            0 => Vec::new(),
            k => vec![
                Conv::strided(path / "evidence1", 3, 2 * k, 2),
                Conv::same(path / "evidence2", 2 * k, k, 1),
            ],
        };
        Self { config: config.clone(), layers, evidence }
    }

    /// `x [N,3,S,S], v [N,7] -> r [N,R,1,1]`, for the tower `[N,R,h,h]`, for voxels `[N,R+5+K,Z,Y,X]`
    pub(super) fn forward(&self, x: &Tensor, v: &Tensor, layout: Layout<'_>) -> Tensor {
        let side = self.config.hidden_size() as i64;
        match (self.config.representation, &self.config.voxel) {
            (RepresentationKind::Pyramid, _) => self.pyramid(x, v),
            (RepresentationKind::Voxel, Some(voxel)) => {
                let cameras = Cameras::new(v, &self.config, voxel);
                let y = self.residual(x, &cameras.ray_map(voxel, side), layout);
                let y = self.layers[7].forward(&y);
                let evidence = match &self.evidence[..] {
                    [first, second] => Some(second.forward(&first.forward(x).relu()).relu()),
                    _ => None,
                };
                lift(&self.config, voxel, &cameras, &Maps { y, x, evidence })
            }
            (RepresentationKind::Pool, _) => {
                let r = self.residual(x, &tile(v, side), layout);
                self.layers[7].forward_in(layout, &r).relu().mean_dim([2, 3].as_slice(), true, None)
            }
            (RepresentationKind::Tower | RepresentationKind::Voxel, _) => {
                let r = self.residual(x, &tile(v, side), layout);
                self.layers[7].forward_in(layout, &r).relu()
            }
        }
    }

    fn pyramid(&self, x: &Tensor, v: &Tensor) -> Tensor {
        let (_, _, side, _) = x.size4().expect("pictures are [N,3,S,S]");
        let input = Tensor::cat(&[&tile(v, side), x], 1);
        self.layers.iter().fold(input, |r, layer| layer.forward(&r).relu())
    }

    /// `x [N,3,S,S], camera [N,·,h,h] -> [N,R,h,h]`: the tower without its last layer
    fn residual(&self, x: &Tensor, camera: &Tensor, layout: Layout<'_>) -> Tensor {
        let relu = |layer: usize, x: &Tensor| self.layers[layer - 1].forward_in(layout, x).relu();
        let half = relu(1, x);
        let skip = relu(2, &half);
        let r = relu(4, &relu(3, &half)) + skip;
        let r = Tensor::cat(&[&r, camera], 1);
        let skip = relu(5, &r);
        relu(7, &relu(6, &r)) + skip
    }
}
