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
    /// `evidence1` and `evidence2` of a voxel model with evidence channels.
    evidence: Option<[Conv; 2]>,
}

/// What is sampled of a view at the projections of the cells.
#[derive(Debug)]
pub(crate) struct Maps {
    /// Features and depth logits, `[N,R+D,h,h]`.
    pub(crate) features: Value,
    /// The picture, `[N,3,S,S]`.
    pub(crate) picture: Value,
    /// `[N,K,S/2,S/2]`, if the model has evidence channels.
    pub(crate) evidence: Option<Value>,
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
        let evidence = (config.evidence_channels() > 0)
            .then(|| [Conv::strided(path / "evidence1"), Conv::same(path / "evidence2")]);
        Self { kind: config.representation, layers, evidence }
    }

    /// `x [N,3,S,S], v [N,7] -> r [N,R,1,1]` or, for the tower, `[N,R,h,h]`, or, for voxels, `[N,R+5+K,Z,Y,X]`
    pub(crate) fn forward(&self, graph: &mut Graph, x: &Value, v: &Value) -> Value {
        if self.kind == RepresentationKind::Voxel {
            let (camera, maps) = self.view_maps(graph, x, v);
            return lift(graph, &camera, &maps);
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

    /// `x [N,3,S,S], v [N,7] ->` cameras, and what there is in the pictures' coordinates
    pub(crate) fn view_maps(&self, graph: &mut Graph, x: &Value, v: &Value) -> (Camera, Maps) {
        let side = x.fixed(2) / 4;
        let camera = Camera::new(graph, v);
        let plane = pixel_plane(graph, "pixel_plane", side);
        let rays = camera.rays(graph, &plane);
        let ray_map = camera.ray_map(graph, &rays, side);
        let r = self.residual_blocks(graph, x, &ray_map);
        let features = self.layers[7].forward(graph, &r);
        let evidence = self.evidence.as_ref().map(|[first, second]| {
            let hidden = first.forward_relu(graph, x);
            second.forward_relu(graph, &hidden)
        });
        (camera, Maps { features, picture: x.clone(), evidence })
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
