use gqn_formats::{GraphPorts, ModelConfig};

use super::domain::{Domain, Pictures};
use super::rollout::{Emit, rollout};
use super::scene::{scene_shape, scene_term};
use super::tiles::Tiles;
use super::winograd::Tile;
use crate::graph::{Graph, Value};
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

    fn roll(&self, graph: &mut Graph, query: &Query<'_>, emit: Emit) -> Value {
        let mut domain: Box<dyn Domain> = match self.convolution {
            Convolution::Direct => Box::new(Pictures::new(&self.config)),
            Convolution::Winograd(tile) => {
                Box::new(Tiles::new(&self.config, tile, &query.poses.shape[0]))
            }
        };
        rollout(graph, &self.config, domain.as_mut(), query, emit)
    }
}
