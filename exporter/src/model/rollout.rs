//! The loop over the DRAW steps, as in the trainer.

use gqn_formats::Dim;

use super::gqn::Gqn;
use super::lstm::LstmState;
use super::renderer::Rendered;
use crate::graph::{Graph, Value, fixed};

/// What the generator reads.
#[derive(Debug)]
pub(crate) struct Query<'a> {
    /// The representation in the graph's layout: `[1,R,1,1]`, `[1,R,h,h]`, or `[1,R+5+K,Z,Y,X]`.
    pub(crate) scene: &'a Value,
    /// v: `[B,7]`.
    pub(crate) poses: &'a Value,
    /// Standard normal, `[B,L,Z,h,h]` or `[1,L,Z,h,h]`.
    pub(crate) noise: &'a Value,
}

/// `scene, v [B,7], noise [B or 1,L,Z,h,h] -> mean of the pictures [B,3,S,S]`, not clamped: L DRAW steps
/// (Eslami et al. 2018, section S3.2), one after the other.
///
/// In a step the prior reads the *old* hidden state of the generation core.
pub(crate) fn rollout(graph: &mut Graph, model: &Gqn, query: &Query<'_>) -> Value {
    let config = model.config();
    let queries = &query.poses.shape[..1];
    let of = |lengths: [usize; 3]| [queries, &fixed(lengths)].concat();
    let side = config.hidden_size();

    let (v, r, skip) = if let Some(renderer) = &model.renderer {
        let Rendered { rays, features, skip } = renderer.forward(graph, query.scene, query.poses);
        (rays, features, Some(skip))
    } else {
        let v = graph.as_picture("pose/as_picture", query.poses);
        let shape: Vec<Dim> = [queries, &query.scene.shape[1..]].concat();
        (v, graph.expand("scene/for_every_query", query.scene, &shape), None)
    };

    let mut state = LstmState::zeros(graph, &of([config.hidden_channels, side, side]));
    let mut canvas = graph.zeros(
        "initial/canvas",
        &of([config.canvas_channels, config.image_size, config.image_size]),
    );
    for l in 0..config.steps {
        let core = &model.generation_core[if config.shared_core { 0 } else { l }];
        graph.scoped(&format!("step{l}"), |graph| {
            let prior = model.prior.forward(graph, &state.hidden);
            let noise = graph.gather("noise", 1, query.noise, l);
            let z = prior.sample(graph, &noise);
            state = core.step(graph, &state, &z, [&v, &r]);
            let update = core.canvas_update(graph, &state.hidden);
            canvas = graph.in_single(|graph| graph.add("canvas", &canvas, &update));
        });
    }
    let mean = model.observation.forward(graph, &canvas);
    match skip {
        Some(skip) => graph.in_single(|graph| graph.add("observation/with_skip", &mean, &skip)),
        None => mean,
    }
}
