//! How the states of the rollout lie in memory: the operators that depend on it, and nothing of how they are computed.

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

    /// Whether every step updates the canvas where a core is shared, instead of one update by the sum of the hidden states.
    fn updates_every_step(&self) -> bool {
        false
    }

    /// `hidden -> what it adds to the canvas: the picture in blocks, 48 channels`
    fn canvas_update(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value;

    /// `picture in blocks -> [B,3,S,S]`, not clamped
    fn leave(&self, graph: &mut Graph, blocks: &Value) -> Value;
}
