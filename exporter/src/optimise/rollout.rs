//! The loop over the DRAW steps of the optimised graphs.

use gqn_formats::ModelConfig;

use super::first_step::first_latent;
use super::layout::Layout;
use super::strategy::RecurrentStrategy;
use crate::graph::{Graph, Value};
use crate::model::{DiagonalGaussian, LstmState, Query};

/// Which pictures leave the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Emit {
    /// That after the last step, of every query: `[B,3,S,S]`.
    Last,
    /// Those after every step, of one query: `[L,3,S,S]`.
    Every,
}

/// `scene, v [B,7], noise [B or 1,L,Z,h,h] -> mean of the pictures`, not clamped: the loop of the reference with what
/// does not change in front of it.
pub(crate) fn rollout(
    graph: &mut Graph,
    config: &ModelConfig,
    strategy: &dyn RecurrentStrategy,
    query: &Query<'_>,
    emit: Emit,
) -> Value {
    let layout = strategy.layout();
    let axis = layout.channel_axis();
    let fixed = strategy.fixed_terms(graph, query);
    let mut state = strategy.initial_state(graph, &query.poses.shape[..1]);
    let mut canvas = Canvas::new(config, layout, emit);
    for l in 0..config.steps {
        state = Some(graph.scoped(&format!("step{l}"), |graph| {
            let noise = layout.noise(graph, query.noise, l);
            let fixed = strategy.fixed_terms_of_step(graph, l, &fixed, query);
            let (z, recurrent) = match &state {
                None => (first_latent(graph, layout.axes_after_channels(), &noise), Vec::new()),
                Some(state) => {
                    let (prior, recurrent) = strategy.recurrent(graph, l, &state.hidden);
                    let [mean, log_variance] = graph.scoped_in_single("prior", |graph| {
                        graph.split(axis, &prior, ["mean", "log_variance"])
                    });
                    let z = DiagonalGaussian::new(mean, log_variance).sample(graph, &noise);
                    (z, recurrent)
                }
            };
            let logits = strategy.gates(graph, l, &fixed, &z, &recurrent);
            let cell = state.as_ref().map(|state| &state.cell);
            graph.scoped("gates", |graph| LstmState::next(graph, &logits, cell))
        }));
        let hidden = &state.as_ref().expect("a step was made").hidden;
        graph.scoped(&format!("step{l}"), |graph| canvas.add(graph, layout, l, hidden));
    }
    let pictures = canvas.pictures(graph, layout);
    match &fixed.skip {
        Some(skip) => graph.in_single(|graph| graph.add("picture/with_skip", &pictures, skip)),
        None => pictures,
    }
}

/// The canvas. A shared core updates it once, by the sum of the hidden states; cores of their own update it in every step,
/// each by its hidden state.
struct Canvas {
    each: bool,
    emit: Emit,
    sum: Option<Value>,
    pictures: Vec<Value>,
}

impl Canvas {
    fn new(config: &ModelConfig, layout: &dyn Layout, emit: Emit) -> Self {
        let each = !config.shared_core || emit == Emit::Every || layout.updates_every_step();
        Self { each, emit, sum: None, pictures: Vec::new() }
    }

    fn add(&mut self, graph: &mut Graph, layout: &dyn Layout, step: usize, hidden: &Value) {
        let part =
            if self.each { layout.canvas_update(graph, step, hidden) } else { hidden.clone() };
        let sum = match &self.sum {
            Some(sum) => graph.in_single(|graph| graph.add("canvas", sum, &part)),
            None => part,
        };
        if self.emit == Emit::Every {
            self.pictures.push(graph.scoped("after", |graph| layout.leave(graph, &sum)));
        }
        self.sum = Some(sum);
    }

    fn pictures(self, graph: &mut Graph, layout: &dyn Layout) -> Value {
        if self.emit == Emit::Every {
            return match &self.pictures[..] {
                [one] => one.clone(),
                many => graph.in_single(|graph| {
                    graph.concat("pictures", 0, &many.iter().collect::<Vec<_>>())
                }),
            };
        }
        let sum = self.sum.expect("a model has a step");
        let blocks = if self.each { sum } else { layout.canvas_update(graph, 0, &sum) };
        layout.leave(graph, &blocks)
    }
}
