//! States as pictures, `[B,C,h,h]`: the engine's own convolutions.

use gqn_formats::ModelConfig;

use super::canvas::{BLOCK, canvas_update_weight, pixel_bias};
use super::layout::Layout;
use super::recurrent::{latent_weight, recurrent_bias, recurrent_weight};
use super::strategy::RecurrentStrategy;
use crate::graph::{Graph, Value};
use crate::model::Logits;

/// States are pictures, `[B,C,h,h]`, and convolutions are the engine's: for GPUs, and for small models.
#[derive(Debug)]
pub(crate) struct ChannelsFirst {
    config: ModelConfig,
}

impl ChannelsFirst {
    pub(crate) fn new(config: &ModelConfig) -> Self {
        Self { config: config.clone() }
    }

    /// `z -> its term of the gates, [B,4H,h,h]`
    pub(crate) fn latent(&self, graph: &mut Graph, step: usize, z: &Value) -> Value {
        let weight = latent_weight(graph, &self.config, step);
        graph.conv("latent/conv", &[z, &weight], 1, 2)
    }
}

impl Layout for ChannelsFirst {
    fn channel_axis(&self) -> usize {
        1
    }

    fn axes_after_channels(&self) -> usize {
        2
    }

    fn enter(&self, _: &mut Graph, _: &str, term: &Value) -> Vec<Value> {
        vec![term.clone()]
    }

    fn noise(&self, graph: &mut Graph, noise: &Value, step: usize) -> Value {
        graph.gather("noise", 1, noise, step)
    }

    fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits {
        let latent = self.latent(graph, step, z);
        graph.scoped("gates", |graph| {
            let mut gates = graph.add("fixed_and_latent", &fixed[0], &latent);
            if let [recurrent] = recurrent {
                gates = graph.add("sum", &gates, recurrent);
            }
            Logits::split(graph, 1, &gates)
        })
    }

    fn canvas_update(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        let weight = canvas_update_weight(graph, &self.config, step);
        graph.in_single(|graph| graph.conv("canvas_update", &[hidden, &weight], 1, 0))
    }

    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value {
        let bias = pixel_bias(graph, 2);
        graph.in_single(|graph| {
            let blocks = graph.add("picture/bias", blocks, &bias);
            graph.depth_to_space("picture/pixels", &blocks, BLOCK)
        })
    }
}

impl RecurrentStrategy for ChannelsFirst {
    fn layout(&self) -> &dyn Layout {
        self
    }

    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> (Value, Vec<Value>) {
        let weight = recurrent_weight(graph, &self.config, step);
        let bias = recurrent_bias(graph, &self.config);
        let both = graph.conv("recurrent/conv", &[hidden, &weight, &bias], 1, 2);
        graph.document("gates and prior; reads the hidden state from before this step");
        let (gates, prior) = (4 * self.config.hidden_channels, 2 * self.config.latent_channels);
        let [gates, prior] = graph.scoped("recurrent", |graph| {
            graph.split_into(1, &both, [("gates", gates), ("prior", prior)])
        });
        (prior, vec![gates])
    }
}
