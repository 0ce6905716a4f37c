use gqn_formats::{GraphPorts, ModelConfig};

use super::domain::{Domain, Pictures};
use super::quantised::Quantised;
use super::rollout::{Emit, rollout};
use super::scene::{scene_shape, scene_term};
use super::tiles::Tiles;
use super::winograd::Tile;
use crate::graph::{Graph, Value, fixed};
use crate::model::{GENERATOR, Gqn, Query};

/// Name of the drawing graph and what it says about itself.
const DRAWING: [&str; 2] = [
    "drawing",
    "A scene's representation, one query camera and its noise to the picture after every step.",
];

/// A Generative Query Network whose graphs do less arithmetic than the reference's.
#[derive(Debug)]
pub(crate) struct OptimisedGqn {
    config: ModelConfig,
    convolution: Convolution,
    reference: Gqn,
}

/// How the recurrent convolution is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Convolution {
    /// By the engine's own operator.
    Direct,
    /// By Winograd's transforms; the states must be covered by tiles.
    Winograd(Tile),
    /// By the engine's own operator, on eight-bit integers.
    Quantised,
}

impl OptimisedGqn {
    pub(crate) fn new(config: &ModelConfig, convolution: Convolution) -> Self {
        Self { config: config.clone(), convolution, reference: Gqn::new(config) }
    }

    /// `frames [views,3,S,S], poses [views,7] -> scene`: the gates' terms of the representation, summed over the views.
    pub(crate) fn representation_graph(&self) -> Graph {
        let ports = GraphPorts::representation(&self.config, &scene_shape(&self.config));
        self.reference
            .representation_graph_with(ports, |graph, r| scene_term(graph, &self.config, r))
    }

    /// `scene, poses [queries,7], noise [noises,L,Z,h,h] -> frames [queries,3,S,S]`.
    pub(crate) fn generator_graph(&self) -> Graph {
        let ports = GraphPorts::generator(&self.config, &scene_shape(&self.config));
        self.reference.generator_graph_with(GENERATOR, ports, |graph, query| {
            self.roll(graph, query, Emit::Last)
        })
    }

    /// `scene, poses [1,7], noise [1,L,Z,h,h] -> frames [L,3,S,S]`: one query after every step.
    pub(crate) fn drawing_graph(&self) -> Graph {
        let ports = GraphPorts::drawing(&self.config, &scene_shape(&self.config));
        self.reference.generator_graph_with(DRAWING, ports, |graph, query| {
            self.roll(graph, query, Emit::Every)
        })
    }

    /// `scene, poses [queries,7], noise [noises,L,Z,h,h] -> frames [queries,(L−1)·5H,h,h]`: no pictures but what eight-bit
    /// integers are to stand for, the hidden state and the gates' term of every step but the first. None if there is no
    /// other step.
    pub(crate) fn probe_graph(&self) -> Option<Graph> {
        let (config, size) = (&self.config, self.config.hidden_size());
        let channels = (config.steps - 1) * 5 * config.hidden_channels;
        let mut ports = GraphPorts::generator(config, &scene_shape(config));
        let mut output = ports.outputs.remove(0);
        output.shape.splice(1.., fixed([channels, size, size]));
        let mut graph = Graph::new("probe", "What a calibration sees of whole rollouts.", config);
        let inputs: Vec<Value> =
            ports.inputs.into_iter().map(|port| graph.input(port, "as of the generator")).collect();
        let query = Query { scene: &inputs[0], poses: &inputs[1], noise: &inputs[2] };
        let mut domain = Quantised::probe(config);
        rollout(&mut graph, config, &mut domain, &query, Emit::Last);
        let seen = domain.into_seen();
        if seen.is_empty() {
            return None;
        }
        let seen = graph.concat("seen", 1, &seen.iter().collect::<Vec<_>>());
        graph.output(&seen, output, "hidden state and gates' term by turns, step by step");
        Some(graph)
    }

    fn roll(&self, graph: &mut Graph, query: &Query<'_>, emit: Emit) -> Value {
        let mut domain: Box<dyn Domain> = match self.convolution {
            Convolution::Direct => Box::new(Pictures::new(&self.config)),
            Convolution::Quantised => Box::new(Quantised::new(&self.config)),
            Convolution::Winograd(tile) => {
                Box::new(Tiles::new(&self.config, tile, &query.poses.shape[0]))
            }
        };
        rollout(graph, &self.config, domain.as_mut(), query, emit)
    }
}
