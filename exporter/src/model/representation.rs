//! The representation networks.

use gqn_formats::{ModelConfig, RepresentationKind};

use super::camera::{Camera, pixel_plane};
use super::layers::{Conv, Path, tile};
use super::lift::lift;
use crate::graph::{Graph, Value};

/// What one picture and its camera say about the scene (Eslami et al. 2018, section S3.1; `docs/voxel.md`).
#[derive(Debug)]
pub(crate) struct Representation {
    kind: RepresentationKind,
    /// `conv1`, `conv2`, … in the order of the paper's figure.
    layers: Vec<Conv>,
}

impl Representation {
    pub(crate) fn new(path: &Path, config: &ModelConfig) -> Self {
        let at = |index: usize| path / format!("conv{index}");
        let layers = match config.representation {
            RepresentationKind::Pyramid => (1..=4).map(|index| Conv::strided(at(index))).collect(),
            RepresentationKind::Tower | RepresentationKind::Pool | RepresentationKind::Voxel => {
                let layer = |index| match index {
                    1 | 2 | 4 => Conv::strided(at(index)),
                    _ => Conv::same(at(index)),
                };
                (1..=8).map(layer).collect()
            }
        };
        Self { kind: config.representation, layers }
    }

    /// `x [N,3,S,S], v [N,7] -> r [N,R,1,1]` or, for the tower, `[N,R,h,h]`, or, for voxels, `[N,R+5,Z,Y,X]`
    pub(crate) fn forward(&self, graph: &mut Graph, x: &Value, v: &Value) -> Value {
        if self.kind == RepresentationKind::Voxel {
            let (camera, maps) = self.view_maps(graph, x, v);
            return lift(graph, &camera, &maps, x);
        }
        let v = graph.as_picture("pose/as_picture", v);
        match self.kind {
            RepresentationKind::Pyramid => self.pyramid(graph, x, &v),
            RepresentationKind::Tower | RepresentationKind::Voxel => self.tower(graph, x, &v),
            RepresentationKind::Pool => {
                let r = self.tower(graph, x, &v);
                graph.mean_over_space("pool", &r)
            }
        }
    }

    /// `x [N,3,S,S], v [N,7] -> cameras, and features and depth logits in the pictures' coordinates [N,R+D,h,h]`
    pub(crate) fn view_maps(&self, graph: &mut Graph, x: &Value, v: &Value) -> (Camera, Value) {
        let side = x.fixed(2) / 4;
        let camera = Camera::new(graph, v);
        let plane = pixel_plane(graph, "pixel_plane", side);
        let rays = camera.rays(graph, &plane);
        let ray_map = camera.ray_map(graph, &rays, side);
        let r = self.residual_blocks(graph, x, &ray_map);
        (camera, self.layers[7].forward(graph, &r))
    }

    fn pyramid(&self, graph: &mut Graph, x: &Value, v: &Value) -> Value {
        let v = tile(graph, "pose/tile", v, x.fixed(2));
        let input = graph.concat("pose_and_frame", 1, &[&v, x]);
        self.layers.iter().fold(input, |r, layer| layer.forward_relu(graph, &r))
    }

    fn tower(&self, graph: &mut Graph, x: &Value, v: &Value) -> Value {
        let v = tile(graph, "pose/tile", v, x.fixed(2) / 4);
        let r = self.residual_blocks(graph, x, &v);
        self.layers[7].forward_relu(graph, &r)
    }

    /// `x [N,3,S,S], what is known of the camera [N,·,h,h] -> [N,R,h,h]`
    fn residual_blocks(&self, graph: &mut Graph, x: &Value, v: &Value) -> Value {
        let relu = |graph: &mut Graph, layer: usize, x: &Value| {
            self.layers[layer - 1].forward_relu(graph, x)
        };

        let skip_in = relu(graph, 1, x);
        let skip_out = relu(graph, 2, &skip_in);
        let r = relu(graph, 3, &skip_in);
        let r = relu(graph, 4, &r);
        let r = graph.add("residual1", &r, &skip_out);

        let skip_in = graph.concat("residual1_and_pose", 1, &[&r, v]);
        let skip_out = relu(graph, 5, &skip_in);
        let r = relu(graph, 6, &skip_in);
        let r = relu(graph, 7, &r);
        graph.add("residual2", &r, &skip_out)
    }
}
