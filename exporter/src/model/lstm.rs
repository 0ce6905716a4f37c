//! The convolutional LSTM cell.

use gqn_formats::{Dim, Gate};

use super::layers::{Conv, Path};
use crate::graph::{Graph, Value};

/// A convolutional LSTM with 5×5 gates (Shi et al. 2015, without peepholes).
#[derive(Debug)]
pub(crate) struct ConvLstmCell {
    gates: Conv,
}

/// Hidden and cell state, `[B,H,h,h]` each.
#[derive(Debug)]
pub(crate) struct LstmState {
    /// What the gates and the heads read.
    pub(crate) hidden: Value,
    /// What the cell remembers.
    pub(crate) cell: Value,
}

impl ConvLstmCell {
    pub(crate) fn new(path: Path) -> Self {
        Self { gates: Conv::same(path) }
    }

    /// `state, inputs without the hidden state [B,·,h,h] -> the next state`
    ///
    /// Gates stand in the order of [`Gate::ALL`]; all biases are inside the non-linearities.
    pub(crate) fn step(
        &self,
        graph: &mut Graph,
        state: &LstmState,
        inputs: &[&Value],
    ) -> LstmState {
        let inputs = [&[&state.hidden], inputs].concat();
        let inputs = graph.concat("core_inputs", 1, &inputs);
        graph.document("hidden, latent, pose, representation along the channels");
        let gates = self.gates.forward(graph, &inputs);
        graph.scoped(self.gates.field(), |graph| {
            let logits = Logits::split(graph, 1, &gates);
            LstmState::next(graph, &logits, Some(&state.cell))
        })
    }
}

/// The gates before they are squashed, H channels each.
#[derive(Debug)]
pub(crate) struct Logits {
    /// None where there is nothing to forget.
    pub(crate) forget: Option<Value>,
    pub(crate) input: Value,
    pub(crate) output: Value,
    pub(crate) candidate: Value,
}

impl Logits {
    /// From one value with 4H channels along that axis.
    pub(crate) fn split(graph: &mut Graph, axis: usize, gates: &Value) -> Self {
        let labels = Gate::ALL.map(|gate| format!("{}_logit", gate.name()));
        let [forget, input, output, candidate] =
            graph.split(axis, gates, labels.each_ref().map(String::as_str));
        Self { forget: Some(forget), input, output, candidate }
    }
}

impl LstmState {
    /// The state after those gates; without a cell state, which stands for zeros, there is nothing to forget.
    pub(crate) fn next(graph: &mut Graph, logits: &Logits, cell: Option<&Value>) -> Self {
        let Logits { forget, input, output, candidate } = logits;
        let forget =
            forget.as_ref().zip(cell).map(|(logit, cell)| (graph.sigmoid("forget", logit), cell));
        let [input, output] =
            [("input", input), ("output", output)].map(|(label, gate)| graph.sigmoid(label, gate));
        let candidate = graph.tanh("candidate", candidate);
        graph.in_single(|graph| {
            let kept = forget.map(|(forget, cell)| graph.mul("kept", &forget, cell));
            let written = graph.mul("written", &input, &candidate);
            let cell = kept.map_or(written.clone(), |kept| graph.add("cell", &kept, &written));
            let cell_tanh = graph.tanh("cell_tanh", &cell);
            Self { hidden: graph.mul("hidden", &output, &cell_tanh), cell }
        })
    }

    /// The state before the first step.
    pub(crate) fn zeros(graph: &mut Graph, shape: &[Dim]) -> Self {
        Self {
            hidden: graph.zeros("initial/hidden", shape),
            cell: graph.zeros("initial/cell", shape),
        }
    }
}
