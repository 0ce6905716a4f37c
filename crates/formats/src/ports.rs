//! Names, element types and shapes of the inputs and outputs of graphs.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::config::ModelConfig;

/// Names of files, graphs and ports, each written once.
pub mod names {
    /// File of the representation graph.
    pub const REPRESENTATION_FILE: &str = "representation.onnx";
    /// File of the generator graph.
    pub const GENERATOR_FILE: &str = "generator.onnx";
    /// File of the graph that shows a query after every step; optional, and listed in the manifest where it is there.
    pub const DRAWING_FILE: &str = "drawing.onnx";
    /// File of the sample's inputs and expected outputs.
    pub const SAMPLE_FILE: &str = "sample.safetensors";
    /// File of the manifest.
    pub const MANIFEST_FILE: &str = "manifest.json";
    /// File of the model card.
    pub const CARD_FILE: &str = "README.md";
    /// Pictures, `[views or queries, 3, S, S]` in \[0, 1\].
    pub const FRAMES: &str = "frames";
    /// Poses, `[views or queries, 7]`.
    pub const POSES: &str = "poses";
    /// The representation of a scene, summed over views; opaque to runtimes but for its sum and, in voxel models, its density.
    pub const SCENE: &str = "scene";
    /// Standard normal noise of the latents, `[noises, L, Z, h, h]`; zeros give the mean picture.
    pub const NOISE: &str = "noise";
    /// The axis of context views.
    pub const VIEWS: &str = "views";
    /// The axis of query views.
    pub const QUERIES: &str = "queries";
    /// The axis of noises: as many as queries, or one for all.
    pub const NOISES: &str = "noises";
    /// Tensors of `sample.safetensors`: context pictures, `[views, 3, S, S]`.
    pub const SAMPLE_CONTEXT_FRAMES: &str = "context_frames";
    /// Context poses, `[views, 7]`.
    pub const SAMPLE_CONTEXT_POSES: &str = "context_poses";
    /// Query poses, `[queries, 7]`.
    pub const SAMPLE_QUERY_POSES: &str = "query_poses";
    /// Noise, `[queries, L, Z, h, h]`.
    pub const SAMPLE_NOISE: &str = "noise";
    /// Expected pictures with that noise, `[queries, 3, S, S]`.
    pub const SAMPLE_FRAMES: &str = "frames";
    /// Expected pictures with zero noise, `[queries, 3, S, S]`.
    pub const SAMPLE_MEAN_FRAMES: &str = "mean_frames";
    /// True pictures at the query poses, `[queries, 3, S, S]`.
    pub const SAMPLE_TRUE_FRAMES: &str = "true_frames";
    /// Metadata of both graphs: the encoding of the poses that they were trained on.
    pub const GRAPH_POSE_ENCODING: &str = "gqn_pose_encoding";
    /// Metadata of the graphs of a voxel model: its [`VoxelConfig`](crate::VoxelConfig) as JSON.
    pub const GRAPH_VOXEL: &str = "gqn_voxel";
    /// Metadata of `sample.safetensors`: sha256 of the checkpoint file that the outputs were computed from.
    pub const SAMPLE_CHECKPOINT: &str = "checkpoint_sha256";
}

/// One axis of a port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Dim {
    /// Always that long.
    Fixed(usize),
    /// As long as the caller likes.
    Named(String),
}

/// An input or output of a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Port {
    /// Its name in the graph.
    pub name: String,
    /// Element type; always `float32` in this format version.
    pub dtype: String,
    /// Its axes, outermost first.
    pub shape: Vec<Dim>,
}

/// Inputs and outputs of one graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GraphPorts {
    /// What goes in, in the graph's order.
    pub inputs: Vec<Port>,
    /// What comes out.
    pub outputs: Vec<Port>,
}

impl Port {
    fn new(name: &str, shape: Vec<Dim>) -> Self {
        Self { name: name.to_owned(), dtype: "float32".to_owned(), shape }
    }

    /// The axes as text, such as `[views,3,64,64]`.
    pub fn shape_text(&self) -> String {
        let axes: Vec<String> = self.shape.iter().map(Dim::to_string).collect();
        format!("[{}]", axes.join(","))
    }
}

impl GraphPorts {
    /// The representation graph: `frames [views,3,S,S]`, `poses [views,7]` → `scene`.
    ///
    /// `scene` is the shape of what passes between the graphs, which a variant of the exporter may choose;
    /// [`ModelConfig::scene_shape`] for the reference.
    pub fn representation(config: &ModelConfig, scene: &[usize]) -> Self {
        Self {
            inputs: vec![frames(config, names::VIEWS), poses(config, names::VIEWS)],
            outputs: vec![fixed(names::SCENE, scene)],
        }
    }

    /// The generator graph: `scene`, `poses [queries,7]`, `noise [noises,L,Z,h,h]` → `frames [queries,3,S,S]`.
    pub fn generator(config: &ModelConfig, scene: &[usize]) -> Self {
        let size = config.hidden_size();
        let mut noise = vec![Dim::Named(names::NOISES.to_owned())];
        noise.extend([config.steps, config.latent_channels, size, size].map(Dim::Fixed));
        Self {
            inputs: vec![
                fixed(names::SCENE, scene),
                poses(config, names::QUERIES),
                Port::new(names::NOISE, noise),
            ],
            outputs: vec![frames(config, names::QUERIES)],
        }
    }

    /// The drawing graph: `scene`, `poses [1,7]`, `noise [1,L,Z,h,h]` → `frames [L,3,S,S]`, the picture of one query
    /// after each of the L steps; the last is the generator's.
    pub fn drawing(config: &ModelConfig, scene: &[usize]) -> Self {
        let (size, side) = (config.hidden_size(), config.image_size);
        let noise = [1, config.steps, config.latent_channels, size, size];
        Self {
            inputs: vec![
                fixed(names::SCENE, scene),
                fixed(names::POSES, &[1, config.pose_channels()]),
                fixed(names::NOISE, &noise),
            ],
            outputs: vec![fixed(names::FRAMES, &[config.steps, 3, side, side])],
        }
    }
}

fn frames(config: &ModelConfig, axis: &str) -> Port {
    let side = config.image_size;
    Port::new(
        names::FRAMES,
        vec![Dim::Named(axis.to_owned()), Dim::Fixed(3), Dim::Fixed(side), Dim::Fixed(side)],
    )
}

fn poses(config: &ModelConfig, axis: &str) -> Port {
    Port::new(names::POSES, vec![Dim::Named(axis.to_owned()), Dim::Fixed(config.pose_channels())])
}

fn fixed(name: &str, shape: &[usize]) -> Port {
    Port::new(name, shape.iter().copied().map(Dim::Fixed).collect())
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(length) => write!(f, "{length}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}
