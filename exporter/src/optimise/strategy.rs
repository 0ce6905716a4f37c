//! How the convolution of the hidden state is computed: one implementation for every arithmetic.

use gqn_formats::Dim;

use super::fixed_terms::FixedTerms;
use super::layout::Layout;
use super::pose::fixed_term;
use super::slices::core;
use crate::graph::{Graph, Value};
use crate::model::{Logits, LstmState, Query};

/// What is computed of the hidden state, in some layout.
pub(crate) trait RecurrentStrategy {
    /// Where its states lie.
    fn layout(&self) -> &dyn Layout;

    /// The state before the first step; none for zeros that the first step's graph knows of.
    fn initial_state(&self, _graph: &mut Graph, _queries: &[Dim]) -> Option<LstmState> {
        None
    }

    /// What scene and camera add to the gates, and the RGB skip connection of a voxel model; in front of the loop.
    fn fixed_terms(&self, graph: &mut Graph, query: &Query<'_>) -> FixedTerms {
        FixedTerms::new(graph, self.layout(), |graph, inputs| self.fixed(graph, inputs), query)
    }

    /// Those of a step's core.
    fn fixed_terms_of_step(
        &self,
        _graph: &mut Graph,
        step: usize,
        terms: &FixedTerms,
        _query: &Query<'_>,
    ) -> Vec<Value> {
        terms.of_cores[step % terms.of_cores.len()].clone()
    }

    /// `hidden -> prior, 2Z channels`, and what [`RecurrentStrategy::gates`] wants of the hidden state: its terms, or itself.
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
