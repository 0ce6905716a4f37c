use gqn_formats::ModelConfig;

use super::canvas::{BLOCK, paint_bias, paint_weight};
use super::pose::fixed_term;
use super::recurrent::{latent_weight, recurrent_bias, recurrent_weight};
use super::slices::core;
use crate::graph::{Graph, Value};
use crate::model::Logits;

/// How the states of the loop lie in memory, and the operators that depend on it.
pub(crate) trait Layout {
    /// The axis of the channels.
    fn channel_axis(&self) -> usize;

    /// Axes after that of the channels.
    fn axes_after_channels(&self) -> usize;

    /// Brings a term of the gates, `[B,4H,h,h]`, into the layout: as one value, or one for each gate.
    fn enter(&self, graph: &mut Graph, label: &str, term: &Value) -> Vec<Value>;

    /// The noise of a step, Z channels.
    fn noise(&self, graph: &mut Graph, noise: &Value, step: usize) -> Value;

    /// The gates' logits: the sum of the fixed terms, that of `z`, and those of the hidden state if there is one; terms as
    /// [`Layout::enter`] hands them out.
    fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits;

    /// `hidden -> its part of the picture in blocks, 48 channels`
    fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value;

    /// `picture in blocks -> [B,3,S,S]`, not clamped
    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value;
}

/// What is computed of the hidden state, in some layout.
pub(crate) trait Domain {
    /// Where its states lie.
    fn layout(&self) -> &dyn Layout;

    /// `hidden -> prior, 2Z channels`, and what [`Domain::gates`] wants of the hidden state: its terms, or itself.
    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> (Value, Vec<Value>);

    /// `ray map and rendered features [B,6+C,h,h] -> their term of the gates of every core`, as [`Layout::enter`] hands it out.
    fn fixed(&self, graph: &mut Graph, inputs: &Value) -> Vec<Vec<Value>> {
        let config = graph.config.clone();
        let terms = (0..config.cores()).map(|index| {
            let term = fixed_term(graph, &config, index, inputs);
            self.layout().enter(
                graph,
                &core(&config, index).replace("generation_core", "fixed"),
                &term,
            )
        });
        terms.collect()
    }

    /// The gates' logits of the fixed terms, of `z`, and of what came of the hidden state if there is one.
    fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits {
        self.layout().gates(graph, step, fixed, z, recurrent)
    }
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

    /// `z -> its term of the gates, [B,4H,h,h]`
    pub(crate) fn latent(&self, graph: &mut Graph, step: usize, z: &Value) -> Value {
        let weight = latent_weight(graph, &self.config, step);
        graph.conv("latent/conv", &[z, &weight], 1, 2)
    }
}

impl Layout for Pictures {
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

impl Domain for Pictures {
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
