//! The optimised graphs, by strategy of the recurrent convolution.

use gqn_formats::{GraphPorts, ModelConfig};

use super::channels_first::ChannelsFirst;
use super::lift::lift;
use super::nhwc_tiles::Gates;
use super::quantised::Quantised;
use super::rollout::{Emit, rollout};
use super::row_winograd::RowWinograd;
use super::scene::{scene_shape, scene_term};
use super::strategy::RecurrentStrategy;
use super::winograd::Tile;
use super::winograd_tiles::WinogradTiles;
use crate::graph::{Graph, Value};
use crate::model::{GENERATOR, Gqn, Query};

/// Name of the drawing graph and what it says about itself.
const DRAWING: [&str; 2] = [
    "drawing",
    "A scene's representation, one query camera and its noise to the picture after every step.",
];

/// A Generative Query Network whose graphs do less arithmetic than the reference's.
///
/// What only training reads is in no graph, nor in the reference's (strip). Pictures are made with z from the prior, and the
/// prior of a step follows from the hidden state before it alone: nothing depends on the inference cores, on the posterior
/// and on their parameters.
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
    Winograd(Tile, Gates),
    /// By the engine's own operator, on eight-bit integers.
    Quantised,
    /// By Winograd's transforms along rows, on eight-bit integers.
    QuantisedRowWinograd(Tile),
}

/// A generator that computes in single precision and shows what a calibration wants to see, instead of pictures.
#[derive(Debug)]
pub(crate) struct CalibrationGraph {
    pub(crate) graph: Graph,
    /// What stands one after the other in its output: the name of the ranges, how many groups have one, and how many
    /// numbers there are.
    pub(crate) parts: Vec<(String, usize, usize)>,
}

impl OptimisedGqn {
    pub(crate) fn new(config: &ModelConfig, convolution: Convolution) -> Self {
        Self { config: config.clone(), convolution, reference: Gqn::new(config) }
    }

    /// `frames [views,3,S,S], poses [views,7] -> scene`: the gates' terms of the representation, or the
    /// voxel grid, summed over the views.
    pub(crate) fn representation_graph(&self) -> Graph {
        let ports = GraphPorts::representation(&self.config, &scene_shape(&self.config));
        self.reference.representation_graph_with(ports, |graph, representation, x, v| {
            if self.config.voxel.is_some() {
                let (camera, maps) = representation.view_maps(graph, x, v);
                return lift(graph, &camera, &maps);
            }
            let r = representation.forward(graph, x, v);
            let sum = graph.sum_over_items("sum_over_views", &r);
            scene_term(graph, &self.config, &sum)
        })
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

    /// `scene, poses [queries,7], noise [noises,L,Z,h,h] -> frames [queries,·]`: no pictures but what eight-bit integers are to
    /// stand for in every step but the first. None if there is no other step, or nothing is quantised.
    pub(crate) fn calibration_graph(&self) -> Option<CalibrationGraph> {
        let config = &self.config;
        let mut ports = GraphPorts::generator(config, &scene_shape(config));
        let mut graph =
            Graph::new("observer", "What a calibration observes of whole rollouts.", config);
        let inputs: Vec<Value> =
            ports.inputs.into_iter().map(|port| graph.input(port, "as of the generator")).collect();
        let query = Query { scene: &inputs[0], poses: &inputs[1], noise: &inputs[2] };
        let observer = match self.convolution {
            Convolution::Direct | Convolution::Winograd(..) => return None,
            Convolution::Quantised => {
                let strategy = Quantised::observing(config);
                rollout(&mut graph, config, &strategy, &query, Emit::Last);
                strategy.into_observer()
            }
            Convolution::QuantisedRowWinograd(tile) => {
                let strategy = RowWinograd::observing(config, tile, &query.poses.shape[0]);
                rollout(&mut graph, config, &strategy, &query, Emit::Last);
                strategy.into_observer()
            }
        };
        let observed = observer.into_observed();
        if observed.is_empty() {
            return None;
        }
        let values: Vec<&Value> = observed.iter().map(|observed| &observed.value).collect();
        let joined = graph.concat("observed", 1, &values);
        let mut output = ports.outputs.remove(0);
        output.shape.clone_from(&joined.shape);
        graph.output(&joined, output, "group by group");
        let parts = observed
            .into_iter()
            .map(|observed| (observed.name, observed.groups, observed.value.fixed(1)))
            .collect();
        Some(CalibrationGraph { graph, parts })
    }

    fn roll(&self, graph: &mut Graph, query: &Query<'_>, emit: Emit) -> Value {
        let strategy: Box<dyn RecurrentStrategy> = match self.convolution {
            Convolution::Direct => Box::new(ChannelsFirst::new(&self.config)),
            Convolution::Quantised => Box::new(Quantised::new(&self.config)),
            Convolution::Winograd(tile, gates) => {
                Box::new(WinogradTiles::new(&self.config, tile, gates, &query.poses.shape[0]))
            }
            Convolution::QuantisedRowWinograd(tile) => {
                Box::new(RowWinograd::new(&self.config, tile, &query.poses.shape[0]))
            }
        };
        rollout(graph, &self.config, strategy.as_ref(), query, emit)
    }
}
