use gqn_formats::{Dim, GraphPorts, ModelConfig};

use super::channels_first::ChannelsFirst;
use super::first_step::first_latent;
use super::gqn::{Convolution, OptimisedGqn};
use super::layout::Layout;
use super::pose::pose_term;
use super::renderer::render;
use super::scene::{core_term, scene_shape, spread_scene};
use super::slices::{Inputs, core, input_channels};
use super::strategy::RecurrentStrategy;
use crate::graph::{Graph, Value, fixed};
use crate::model::{
    DiagonalGaussian, GENERATOR, Gqn, Logits, LstmState, Query, Rendered, Renderer,
};

/// A rewrite of the reference's graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// The scene's term of the gates is computed once per scene; that of a voxel model's rendered features once per query,
    /// from a scene with its channels innermost.
    HoistScene,
    /// The camera's term of the gates, a pose's or a ray map's, is computed once per query.
    HoistPose,
    /// The first step knows that its state is zero.
    FirstStep,
    /// One convolution for the gates and the prior.
    Merge,
    /// One small convolution at the end instead of a canvas.
    FoldCanvas,
    /// The recurrent convolution is Winograd's; only after all others.
    Winograd,
}

impl Pass {
    /// Every pass in the order in which they build on one another.
    pub const ALL: [Self; 6] = [
        Self::HoistScene,
        Self::HoistPose,
        Self::FirstStep,
        Self::Merge,
        Self::FoldCanvas,
        Self::Winograd,
    ];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::HoistScene => "hoist scene",
            Self::HoistPose => "hoist pose",
            Self::FirstStep => "first step",
            Self::Merge => "merge",
            Self::FoldCanvas => "fold canvas",
            Self::Winograd => "Winograd",
        }
    }
}

/// The representation graph and the generator with some of the rewrites: to count and to test each by itself. What is
/// exported has all of them (`rollout.rs`).
///
/// # Panics
/// If Winograd is among them: with it they are what is exported.
pub(crate) fn ablated(config: &ModelConfig, passes: &[Pass]) -> [Graph; 2] {
    let has = |pass| passes.contains(&pass);
    assert!(!has(Pass::Winograd), "Winograd comes after all other passes");
    let reference = Gqn::new(config);
    let (representation, scene) = if has(Pass::HoistScene) {
        let model = OptimisedGqn::new(config, Convolution::Direct);
        (model.representation_graph(), scene_shape(config))
    } else {
        (reference.representation_graph(), config.scene_shape())
    };
    let ports = GraphPorts::generator(config, &scene);
    let generator = reference.generator_graph_with(GENERATOR, ports, |graph, query| {
        Ablation { config, passes }.rollout(graph, query)
    });
    [representation, generator]
}

struct Ablation<'a> {
    config: &'a ModelConfig,
    passes: &'a [Pass],
}

/// What the cores read of a camera and of a scene.
struct FixedInputs {
    /// A pose or a ray map.
    camera: Value,
    /// The rendered features of a voxel scene.
    rendered: Option<Value>,
    skip: Option<Value>,
}

impl FixedInputs {
    fn new(graph: &mut Graph, stage: &Ablation<'_>, query: &Query<'_>) -> Self {
        let renderer = Renderer::of(stage.config);
        let Rendered { rays, features, skip } = match renderer {
            Some(_) if stage.has(Pass::HoistScene) => render(graph, query),
            Some(renderer) => renderer.forward(graph, query.scene, query.poses),
            None => {
                let camera = graph.as_picture("pose/as_picture", query.poses);
                return Self { camera, rendered: None, skip: None };
            }
        };
        Self { camera: rays, rendered: Some(features), skip: Some(skip) }
    }
}

impl Ablation<'_> {
    fn has(&self, pass: Pass) -> bool {
        self.passes.contains(&pass)
    }

    fn rollout(&self, graph: &mut Graph, query: &Query<'_>) -> Value {
        let (config, cores) = (self.config, self.config.cores());
        let queries = &query.poses.shape[..1];
        let (side, pictures) = (config.hidden_size(), ChannelsFirst::new(config));
        let inputs = FixedInputs::new(graph, self, query);
        let v = &inputs.camera;
        let scenes = self.has(Pass::HoistScene).then(|| match &inputs.rendered {
            Some(r) => (0..cores).map(|core| core_term(graph, config, core, r, side)).collect(),
            None => spread_scene(graph, config, query.scene),
        });
        let poses: Option<Vec<Value>> = self
            .has(Pass::HoistPose)
            .then(|| (0..cores).map(|core| pose_term(graph, config, core, v)).collect());
        let mut state = (!self.has(Pass::FirstStep)).then(|| {
            let shape = [queries, &fixed([config.hidden_channels, side, side])].concat();
            LstmState::zeros(graph, &shape)
        });
        let mut canvas = None;
        for l in 0..config.steps {
            let core = l % cores;
            let next = graph.scoped(&format!("step{l}"), |graph| {
                let (z, recurrent) = self.latent(graph, l, state.as_ref(), query);
                let latent = pictures.latent(graph, l, &z);
                let pose = match &poses {
                    Some(poses) => poses[core].clone(),
                    None => pose_term(graph, config, core, v),
                };
                let scene = match &scenes {
                    Some(scenes) => scenes[core].clone(),
                    None => self.scene(graph, core, query, inputs.rendered.as_ref()),
                };
                let sum = graph.add("fixed_term", &pose, &scene);
                let mut gates = graph.add("fixed_and_latent", &sum, &latent);
                if let Some(recurrent) = &recurrent {
                    gates = graph.add("sum", &gates, recurrent);
                }
                let logits = Logits::split(graph, 1, &gates);
                let next = LstmState::next(graph, &logits, state.as_ref().map(|state| &state.cell));
                let part = self.paint(graph, l, &next.hidden);
                canvas = Some(match &canvas {
                    Some(canvas) => graph.add("canvas", canvas, &part),
                    None => part,
                });
                next
            });
            state = Some(next);
        }
        let picture = self.picture(graph, &canvas.expect("a model has a step"));
        match &inputs.skip {
            Some(skip) => graph.add("picture/with_skip", &picture, skip),
            None => picture,
        }
    }

    /// The latent of a step, and the gates' term of the hidden state if there is one.
    fn latent(
        &self,
        graph: &mut Graph,
        step: usize,
        state: Option<&LstmState>,
        query: &Query<'_>,
    ) -> (Value, Option<Value>) {
        let noise = graph.gather("noise", 1, query.noise, step);
        let Some(state) = state else { return (first_latent(graph, 2, &noise), None) };
        let [gates, prior] = if self.has(Pass::Merge) {
            let (prior, mut gates) =
                ChannelsFirst::new(self.config).recurrent(graph, step, &state.hidden);
            [gates.remove(0), prior]
        } else {
            self.apart(graph, step, &state.hidden)
        };
        let [mean, log_variance] =
            graph.scoped("prior", |graph| graph.split(1, &prior, ["mean", "log_variance"]));
        (DiagonalGaussian::new(mean, log_variance).sample(graph, &noise), Some(gates))
    }

    /// Gates' term and prior by a convolution each.
    fn apart(&self, graph: &mut Graph, step: usize, hidden: &Value) -> [Value; 2] {
        let (core, channels) = (core(self.config, step), self.config.hidden_channels);
        let weight = graph.derived(
            &format!("{core}.gates.hidden.weight"),
            vec![4 * channels, channels, 5, 5],
            &[format!("{core}.gates.weight")],
            |config, from| input_channels(from[0], Inputs::new(config).hidden),
        );
        let gates = graph.conv("recurrent/gates", &[hidden, &weight], 1, 2);
        let [weight, bias] = ["prior.weight", "prior.bias"].map(|name| graph.weight(name));
        [gates, graph.conv("recurrent/prior", &[hidden, &weight, &bias], 1, 2)]
    }

    /// The scene's term, for every query and in every step anew.
    fn scene(
        &self,
        graph: &mut Graph,
        core: usize,
        query: &Query<'_>,
        rendered: Option<&Value>,
    ) -> Value {
        if let Some(r) = rendered {
            return core_term(graph, self.config, core, r, self.config.hidden_size());
        }
        let queries: &[Dim] = &query.poses.shape[..1];
        let shape = [queries, &query.scene.shape[1..]].concat();
        let r = graph.expand("scene/for_every_query", query.scene, &shape);
        core_term(graph, self.config, core, &r, self.config.hidden_size())
    }

    fn paint(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        if !self.has(Pass::FoldCanvas) {
            let core = core(self.config, step);
            let weight = graph.weight(&format!("{core}.upsample_h.weight"));
            graph.conv_transpose("upsample_h", hidden, &weight)
        } else if self.config.shared_core {
            hidden.clone()
        } else {
            ChannelsFirst::new(self.config).paint(graph, step, hidden)
        }
    }

    fn picture(&self, graph: &mut Graph, canvas: &Value) -> Value {
        if !self.has(Pass::FoldCanvas) {
            let [weight, bias] =
                ["observation.weight", "observation.bias"].map(|name| graph.weight(name));
            return graph.conv("observation", &[canvas, &weight, &bias], 1, 0);
        }
        let pictures = ChannelsFirst::new(self.config);
        let blocks =
            if self.config.shared_core { pictures.paint(graph, 0, canvas) } else { canvas.clone() };
        pictures.leave(graph, &blocks)
    }
}
