use gqn_formats::ModelConfig;

use super::canvas::{BLOCK, paint_bias, paint_weight};
use super::recurrent::{latent_weight, recurrent_bias, recurrent_weight};
use crate::graph::{Graph, Value};

/// How the states of the loop lie in memory, and the operators that depend on it.
pub(crate) trait Domain {
    /// The axis of the channels.
    fn channel_axis(&self) -> usize;

    /// Brings a term of the gates, `[B,4H,h,h]`, into the domain.
    fn enter(&self, graph: &mut Graph, label: &str, term: &Value) -> Value;

    /// The noise of a step, Z channels.
    fn noise(&mut self, graph: &mut Graph, noise: &Value, step: usize) -> Value;

    /// `hidden -> gates' term, 4H channels, and prior, 2Z channels`
    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> [Value; 2];

    /// `z -> gates' term`
    fn latent(&self, graph: &mut Graph, step: usize, z: &Value) -> Value;

    /// `hidden -> its part of the picture in blocks, 48 channels`
    fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value;

    /// `picture in blocks -> [B,3,S,S]`, not clamped
    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value;

    /// Axes after that of the channels.
    fn axes_after_channels(&self) -> usize;
}

/// States are pictures, `[B,C,h,h]`, and convolutions are the engine's: for GPUs, and for small models.
#[derive(Debug)]
pub(crate) struct Pictures {
    config: ModelConfig,
}

impl Pictures {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        Self { config: config.clone() }
    }
}

impl Domain for Pictures {
    fn channel_axis(&self) -> usize {
        1
    }

    fn axes_after_channels(&self) -> usize {
        2
    }

    fn enter(&self, _: &mut Graph, _: &str, term: &Value) -> Value {
        term.clone()
    }

    fn noise(&mut self, graph: &mut Graph, noise: &Value, step: usize) -> Value {
        graph.gather("noise", 1, noise, step)
    }

    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> [Value; 2] {
        let weight = recurrent_weight(graph, &self.config, step);
        let bias = recurrent_bias(graph, &self.config);
        let both = graph.conv("recurrent/conv", &[hidden, &weight, &bias], 1, 2);
        graph.document("gates and prior; reads the hidden state from before this step");
        let (gates, prior) = (4 * self.config.hidden_channels, 2 * self.config.latent_channels);
        graph.scoped("recurrent", |graph| {
            graph.split_into(1, &both, [("gates", gates), ("prior", prior)])
        })
    }

    fn latent(&self, graph: &mut Graph, step: usize, z: &Value) -> Value {
        let weight = latent_weight(graph, &self.config, step);
        graph.conv("latent/conv", &[z, &weight], 1, 2)
    }

    fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        let weight = paint_weight(graph, &self.config, step);
        graph.conv("paint", &[hidden, &weight], 1, 0)
    }

    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value {
        let bias = paint_bias(graph, 2);
        let blocks = graph.add("picture/bias", blocks, &bias);
        graph.depth_to_space("picture/pixels", &blocks, BLOCK)
    }
}
