//! The ablation of the rewrites: the loop of the optimised graphs with some of the rewrites left out.

use std::cell::OnceCell;

use gqn_formats::{Dim, GraphPorts, ModelConfig};

use super::channels_first::ChannelsFirst;
use super::fixed_terms::FixedTerms;
use super::gqn::{Convolution, OptimisedGqn};
use super::layout::Layout;
use super::pose::pose_term;
use super::renderer::render;
use super::rollout::{Emit, rollout};
use super::scene::{core_term, scene_shape, spread_scene};
use super::slices::{Inputs, core, input_channels};
use super::strategy::RecurrentStrategy;
use crate::graph::{Graph, Value, fixed};
use crate::model::{GENERATOR, Gqn, Logits, LstmState, Query, Rendered, Renderer};

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

/// The representation graph and the generator with some of the rewrites: to count and to test each by itself.
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
        rollout(graph, config, &Ablation::new(config, passes), query, Emit::Last)
    });
    [representation, generator]
}

/// The engine's own convolutions with some of the rewrites.
struct Ablation<'a> {
    config: &'a ModelConfig,
    passes: &'a [Pass],
    convolutions: ChannelsFirst,
    inputs: OnceCell<FixedInputs>,
}

/// What the cores read of a camera and of a scene, where not both terms are hoisted.
struct FixedInputs {
    /// A pose or a ray map.
    camera: Value,
    /// The rendered features of a voxel scene.
    rendered: Option<Value>,
    /// The hoisted terms of every core.
    scenes: Option<Vec<Value>>,
    poses: Option<Vec<Value>>,
}

impl<'a> Ablation<'a> {
    fn new(config: &'a ModelConfig, passes: &'a [Pass]) -> Self {
        let convolutions = ChannelsFirst::new(config);
        Self { config, passes, convolutions, inputs: OnceCell::new() }
    }

    fn has(&self, pass: Pass) -> bool {
        self.passes.contains(&pass)
    }

    /// Gates' term and prior by a convolution each.
    fn apart(&self, graph: &mut Graph, step: usize, hidden: &Value) -> (Value, Vec<Value>) {
        let (core, channels) = (core(self.config, step), self.config.hidden_channels);
        let weight = graph.derived(
            &format!("{core}.gates.hidden.weight"),
            vec![4 * channels, channels, 5, 5],
            &[format!("{core}.gates.weight")],
            |config, from| input_channels(from[0], Inputs::new(config).hidden),
        );
        let gates = graph.conv("recurrent/gates", &[hidden, &weight], 1, 2);
        let [weight, bias] = ["prior.weight", "prior.bias"].map(|name| graph.weight(name));
        (graph.conv("recurrent/prior", &[hidden, &weight, &bias], 1, 2), vec![gates])
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
}

impl RecurrentStrategy for Ablation<'_> {
    fn layout(&self) -> &dyn Layout {
        self
    }

    fn initial_state(&self, graph: &mut Graph, queries: &[Dim]) -> Option<LstmState> {
        let (config, side) = (self.config, self.config.hidden_size());
        (!self.has(Pass::FirstStep)).then(|| {
            let shape = [queries, &fixed([config.hidden_channels, side, side])].concat();
            LstmState::zeros(graph, &shape)
        })
    }

    fn fixed_terms(&self, graph: &mut Graph, query: &Query<'_>) -> FixedTerms {
        if self.has(Pass::HoistScene) && self.has(Pass::HoistPose) {
            return self.convolutions.fixed_terms(graph, query);
        }
        let (config, cores) = (self.config, 0..self.config.cores());
        let (camera, rendered, skip) = match Renderer::of(config) {
            None => (graph.as_picture("pose/as_picture", query.poses), None, None),
            Some(renderer) => {
                let Rendered { rays, features, skip } = if self.has(Pass::HoistScene) {
                    render(graph, query)
                } else {
                    renderer.forward(graph, query.scene, query.poses)
                };
                (rays, Some(features), Some(skip))
            }
        };
        let scenes = self.has(Pass::HoistScene).then(|| match &rendered {
            Some(r) => {
                let side = config.hidden_size();
                cores.clone().map(|core| core_term(graph, config, core, r, side)).collect()
            }
            None => spread_scene(graph, config, query.scene),
        });
        let poses = self
            .has(Pass::HoistPose)
            .then(|| cores.map(|core| pose_term(graph, config, core, &camera)).collect());
        self.inputs.get_or_init(|| FixedInputs { camera, rendered, scenes, poses });
        FixedTerms { of_cores: Vec::new(), skip }
    }

    fn fixed_terms_of_step(
        &self,
        graph: &mut Graph,
        step: usize,
        terms: &FixedTerms,
        query: &Query<'_>,
    ) -> Vec<Value> {
        let core = step % self.config.cores();
        let Some(inputs) = self.inputs.get() else { return terms.of_cores[core].clone() };
        let pose = match &inputs.poses {
            Some(poses) => poses[core].clone(),
            None => pose_term(graph, self.config, core, &inputs.camera),
        };
        let scene = match &inputs.scenes {
            Some(scenes) => scenes[core].clone(),
            None => self.scene(graph, core, query, inputs.rendered.as_ref()),
        };
        vec![graph.add("fixed_term", &pose, &scene)]
    }

    fn recurrent(&self, graph: &mut Graph, step: usize, hidden: &Value) -> (Value, Vec<Value>) {
        if self.has(Pass::Merge) {
            self.convolutions.recurrent(graph, step, hidden)
        } else {
            self.apart(graph, step, hidden)
        }
    }
}

impl Layout for Ablation<'_> {
    fn channel_axis(&self) -> usize {
        self.convolutions.channel_axis()
    }

    fn axes_after_channels(&self) -> usize {
        self.convolutions.axes_after_channels()
    }

    fn enter(&self, graph: &mut Graph, label: &str, term: &Value) -> Vec<Value> {
        self.convolutions.enter(graph, label, term)
    }

    fn noise(&self, graph: &mut Graph, noise: &Value, step: usize) -> Value {
        self.convolutions.noise(graph, noise, step)
    }

    fn gates(
        &self,
        graph: &mut Graph,
        step: usize,
        fixed: &[Value],
        z: &Value,
        recurrent: &[Value],
    ) -> Logits {
        Layout::gates(&self.convolutions, graph, step, fixed, z, recurrent)
    }

    fn updates_every_step(&self) -> bool {
        !self.has(Pass::FoldCanvas)
    }

    fn canvas_update(&self, graph: &mut Graph, step: usize, hidden: &Value) -> Value {
        if self.has(Pass::FoldCanvas) {
            return self.convolutions.canvas_update(graph, step, hidden);
        }
        let core = core(self.config, step);
        let weight = graph.weight(&format!("{core}.upsample_h.weight"));
        graph.conv_transpose("upsample_h", hidden, &weight)
    }

    fn leave(&self, graph: &mut Graph, canvas: &Value) -> Value {
        if self.has(Pass::FoldCanvas) {
            return self.convolutions.leave(graph, canvas);
        }
        let [weight, bias] =
            ["observation.weight", "observation.bias"].map(|name| graph.weight(name));
        graph.conv("observation", &[canvas, &weight, &bias], 1, 0)
    }
}
