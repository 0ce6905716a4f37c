//! The whole network as a representation graph and a generator graph.

use gqn_formats::{GraphPorts, ModelConfig};

use super::generation_core::GenerationCore;
use super::heads::{GaussianHead, Observation};
use super::layers::Path;
use super::renderer::Renderer;
use super::representation::Representation;
use super::rollout::{Query, rollout};
use crate::graph::{Graph, Value};

/// Name of the generator graph and what it says about itself.
pub(crate) const GENERATOR: [&str; 2] = [
    "generator",
    "A scene's representation, query cameras and noise to the pictures that these cameras would take.",
];

/// A Generative Query Network (Eslami et al. 2018) without its training half.
#[derive(Debug)]
pub(crate) struct Gqn {
    config: ModelConfig,
    representation: Representation,
    pub(super) renderer: Option<Renderer>,
    pub(super) generation_core: Vec<GenerationCore>,
    pub(super) prior: GaussianHead,
    pub(super) observation: Observation,
}

impl Gqn {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        let root = Path::root();
        let core = |index: usize| {
            let path = &root / "generation_core";
            if config.shared_core { path } else { &path / index }
        };
        Self {
            representation: Representation::new(&(&root / "representation"), config),
            renderer: Renderer::of(config),
            generation_core: (0..config.cores())
                .map(|index| GenerationCore::new(&core(index), config))
                .collect(),
            prior: GaussianHead::new(&root / "prior"),
            observation: Observation::new(&root / "observation"),
            config: config.clone(),
        }
    }

    pub(crate) fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// `frames [views,3,S,S], poses [views,7] -> scene`, summed over the views.
    pub(crate) fn representation_graph(&self) -> Graph {
        self.representation_graph_with(
            self.representation_ports(),
            |graph, representation, x, v| {
                let r = representation.forward(graph, x, v);
                graph.sum_over_items("sum_over_views", &r)
            },
        )
    }

    /// A representation graph that hands on what `represent` makes of the pictures and poses, which must be a sum over the
    /// views.
    pub(crate) fn representation_graph_with(
        &self,
        mut ports: GraphPorts,
        represent: impl FnOnce(&mut Graph, &Representation, &Value, &Value) -> Value,
    ) -> Graph {
        let doc = "Pictures of a scene and their cameras to a representation of the scene, summed over the views.";
        let mut graph = Graph::new("representation", doc, &self.config);
        let poses = ports.inputs.remove(1);
        let x = graph.input(ports.inputs.remove(0), "RGB pictures in [0, 1]");
        let v = graph.input(poses, self.pose_doc());
        let scene = represent(&mut graph, &self.representation, &x, &v);
        let doc = "the representation; linear in the views: scenes of parts add up to the scene of all views";
        graph.output(&scene, ports.outputs.remove(0), doc);
        graph
    }

    /// `scene, poses [queries,7], noise [noises,L,Z,h,h] -> frames [queries,3,S,S]`.
    pub(crate) fn generator_graph(&self) -> Graph {
        self.generator_graph_with(GENERATOR, self.generator_ports(), |graph, query| {
            rollout(graph, self, query)
        })
    }

    /// A generator graph with that loop, whose pictures need not be clamped.
    pub(crate) fn generator_graph_with(
        &self,
        [name, doc]: [&'static str; 2],
        mut ports: GraphPorts,
        rollout: impl FnOnce(&mut Graph, &Query<'_>) -> Value,
    ) -> Graph {
        let mut graph = Graph::new(name, doc, &self.config);
        let [scene, poses, noise] = [
            (ports.inputs.remove(0), "the representation, summed over the views"),
            (ports.inputs.remove(0), self.pose_doc()),
            (ports.inputs.remove(0), "standard normal noise for every query, or one for all; zeros give the mean picture"),
        ]
        .map(|(port, doc)| graph.input(port, doc));
        let query = Query { scene: &scene, poses: &poses, noise: &noise };
        let observation = rollout(&mut graph, &query);
        let frames = graph.clip("clip", &observation, 0.0, 1.0);
        graph.output(&frames, ports.outputs.remove(0), "mean of the observation in [0, 1], RGB");
        graph
    }

    pub(crate) fn representation_ports(&self) -> GraphPorts {
        GraphPorts::representation(&self.config, &self.config.scene_shape())
    }

    pub(crate) fn generator_ports(&self) -> GraphPorts {
        GraphPorts::generator(&self.config, &self.config.scene_shape())
    }

    fn pose_doc(&self) -> &'static str {
        use gqn_scenes::PoseEncoding::{CosSin, SinCos};
        match self.config.pose_encoding {
            CosSin => "x, y, z, cos yaw, sin yaw, cos pitch, sin pitch",
            SinCos => "x, y, z, sin yaw, cos yaw, sin pitch, cos pitch",
        }
    }
}
