//! One suite over `Engine`: the same random weights give the same scenes and pictures on libtorch, which trains them,
//! and on whatever runs the exported graphs.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use gqn_exporter::{ExportOptions, Graphs, Winograd, build_graphs_with};
use gqn_formats::RepresentationKind::{self, Pool, Pyramid, Tower, Voxel};
use gqn_formats::UpsampleR::{self, Learned, Tile};
use gqn_formats::{Checkpoint, ModelConfig, Preset, Tensor, Variant, VoxelConfig, names};
use gqn_portable::PortableEngine;
use gqn_runtime::{Engine, EngineError};
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};
use gqn_runtime_wasm::TractEngine;
use gqn_scenes::{Extent, PoseEncoding, World};
use gqn_trainer::convert::{to_array, to_tensor};
use gqn_trainer::model::Gqn;

use crate::weights::{
    cameras, check_close, largest_difference, random_checkpoint, small, spread, uniform,
};

/// How far pictures must differ for their agreement to say something: a hundred times the tolerance.
const VISIBLE: f32 = 1e-2;

/// The trainer's own model as an engine.
#[derive(Debug)]
pub(crate) struct Libtorch(Gqn);

impl Libtorch {
    pub(crate) fn new(checkpoint: &Checkpoint) -> Self {
        tch::set_num_threads(1);
        Self(Gqn::from_checkpoint(checkpoint, tch::Device::Cpu))
    }
}

impl Engine for Libtorch {
    fn describe(&self) -> String {
        "libtorch".to_owned()
    }

    fn represent(&mut self, frames: &Tensor, poses: &Tensor) -> Result<Tensor, EngineError> {
        let (x, v) = (to_tensor(frames).unsqueeze(0), to_tensor(poses).unsqueeze(0));
        Ok(to_array(&tch::no_grad(|| self.0.represent(&x, &v))))
    }

    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        let queries = poses.shape()[0] as i64;
        let r = to_tensor(scene);
        let r = r.expand([&[queries], &r.size()[1..]].concat(), false);
        let noise = to_tensor(noise).expand([queries, -1, -1, -1, -1], false);
        Ok(to_array(&tch::no_grad(|| self.0.generate(&to_tensor(poses), &r, &noise))))
    }
}

/// ONNX Runtime on one CPU thread.
pub(crate) fn on_ort(graphs: &Graphs) -> OrtEngine {
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    let options = OrtOptions::on(Provider::Cpu, NonZeroUsize::new(1));
    let Graphs { representation, generator, external_data, .. } = graphs;
    OrtEngine::from_graphs(runtime, representation, generator, &by_name(external_data), &options)
        .expect("graphs that ONNX Runtime loads")
}

pub(crate) fn on_wasm_engine(graphs: &Graphs) -> PortableEngine {
    let Graphs { representation, generator, external_data, .. } = graphs;
    PortableEngine::from_graphs(representation, generator, &by_name(external_data))
        .expect("graphs that the engine loads")
}

pub(crate) fn on_tract(graphs: &Graphs) -> TractEngine {
    let Graphs { representation, generator, external_data, .. } = graphs;
    TractEngine::from_graphs(representation, generator, &by_name(external_data))
        .expect("graphs that tract loads")
}

fn by_name(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<&str, &[u8]> {
    files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect()
}

/// Inputs of one call: pictures in [0, 1], poses in [-1, 1] or, for voxels, of cameras, noise of variance one.
pub(crate) struct Inputs {
    pub(crate) context_frames: Tensor,
    pub(crate) context_poses: Tensor,
    pub(crate) query_poses: Tensor,
    pub(crate) noise: Tensor,
}

impl Inputs {
    pub(crate) fn new(config: &ModelConfig, views: usize, queries: usize, noises: usize) -> Self {
        let (side, size) = (config.image_size, config.hidden_size());
        let noise = [noises, config.steps, config.latent_channels, size, size];
        let poses = |count: usize, seed: u64| match &config.voxel {
            Some(voxel) => cameras(voxel, count, seed),
            None => uniform(&[count, 7], seed),
        };
        Self {
            context_frames: (uniform(&[views, 3, side, side], 101) + 1.0) / 2.0,
            context_poses: poses(views, 102),
            query_poses: poses(queries, 103),
            noise: uniform(&noise, 104) * 3.0_f32.sqrt(),
        }
    }

    pub(crate) fn scene(&self, engine: &mut dyn Engine) -> Tensor {
        engine.represent(&self.context_frames, &self.context_poses).expect("a scene")
    }

    pub(crate) fn frames(&self, engine: &mut dyn Engine, scene: &Tensor, noise: &Tensor) -> Tensor {
        engine.generate(scene, &self.query_poses, noise).expect("pictures")
    }
}

/// Holds `engine` against `expected` for one and several views, queries and noises.
#[track_caller]
fn check_engine(
    name: &str,
    options: &ExportOptions,
    engine: &mut dyn Engine,
    reference: &mut Libtorch,
    cases: &[[usize; 3]],
) {
    let config = reference.0.config().clone();
    for &[views, queries, noises] in cases {
        let case = format!(
            "{name}, {:?}, Winograd {:?}, {views} views, {queries} queries, {noises} noises",
            options.variant, options.winograd
        );
        let input = Inputs::new(&config, views, queries, noises);
        check_inputs(&case, options.variant, engine, reference, &input);
    }
}

/// Holds scene, pictures with noise and mean pictures of `engine` against libtorch's.
#[track_caller]
pub(crate) fn check_inputs(
    case: &str,
    variant: Variant,
    engine: &mut dyn Engine,
    reference: &mut Libtorch,
    input: &Inputs,
) {
    let scene = input.scene(engine);
    let expected_scene = input.scene(reference);
    check_linear(case, engine, input, &scene);
    if variant == Variant::Reference {
        check_close(&format!("scene ({case})"), &scene, &expected_scene);
    }

    let zero = Tensor::zeros(input.noise.shape());
    let frames = input.frames(engine, &scene, &input.noise);
    let expected = input.frames(reference, &expected_scene, &input.noise);
    check_close(&format!("frames ({case})"), &frames, &expected);
    let mean = input.frames(engine, &scene, &zero);
    let expected_mean = input.frames(reference, &expected_scene, &zero);
    check_close(&format!("mean frames ({case})"), &mean, &expected_mean);
    let again = input.frames(engine, &scene, &input.noise);
    assert_eq!(again, frames, "not deterministic ({case})");
    check_says_something(case, &expected, &expected_mean);
}

/// Scenes of single views add up to the scene of all views.
#[track_caller]
fn check_linear(case: &str, engine: &mut dyn Engine, input: &Inputs, scene: &Tensor) {
    let one = |tensor: &Tensor, view| tensor.select(ndarray::Axis(0), &[view]);
    let mut sum = Tensor::zeros(scene.shape());
    for view in 0..input.context_frames.shape()[0] {
        let (frame, pose) = (one(&input.context_frames, view), one(&input.context_poses, view));
        sum += &engine.represent(&frame, &pose).expect("a scene");
    }
    check_close(&format!("sum of scenes ({case})"), &sum, scene);
}

/// Flat or saturated pictures, or a noise that changes nothing, would agree whatever an engine does.
#[track_caller]
fn check_says_something(case: &str, frames: &Tensor, mean_frames: &Tensor) {
    let (mean, std_dev, inside) = spread(frames);
    assert!(
        std_dev > 5.0 * VISIBLE && inside > 0.5,
        "flat or saturated pictures ({case}): mean {mean}, standard deviation {std_dev}, {inside} inside"
    );
    let by_noise = largest_difference(frames, mean_frames);
    assert!(by_noise > VISIBLE, "noise changes pictures by {by_noise} only ({case})");
    let picture = |index| frames.select(ndarray::Axis(0), &[index]);
    if frames.shape()[0] > 1 {
        let by_pose = largest_difference(&picture(0), &picture(1));
        assert!(by_pose > VISIBLE, "another pose changes pictures by {by_pose} only ({case})");
    }
}

/// One and several of each, more queries than an engine takes at once; noises are as many as queries, or one for all.
const CASES: [[usize; 3]; 4] = [[1, 1, 1], [3, 1, 1], [1, 6, 1], [3, 6, 6]];

/// The drawing graph on the built-in engine: its pictures are those of the same model with one step, two steps, and so on.
#[track_caller]
fn check_drawing(config: &ModelConfig, winograd: Winograd) {
    let checkpoint = random_checkpoint(config);
    let options = ExportOptions { winograd, ..ExportOptions::OPTIMISED };
    let graphs = build_graphs_with(&checkpoint, &options);
    let drawing = graphs.drawing.as_ref().expect("a drawing graph");
    assert!(drawing.len() < graphs.generator.len() / 2, "{} bytes hold weights", drawing.len());
    let files = BTreeMap::from([(names::GENERATOR_FILE, graphs.generator.as_slice())]);
    let mut engine = PortableEngine::from_graphs(&graphs.representation, drawing, &files)
        .expect("graphs that the engine loads");
    let input = Inputs::new(config, 2, 1, 1);
    let scene = input.scene(&mut engine);
    let drawn = input.frames(&mut engine, &scene, &input.noise);
    assert_eq!(drawn.shape(), [config.steps, 3, config.image_size, config.image_size]);
    for steps in 1..=config.steps {
        let fewer =
            Checkpoint { config: ModelConfig { steps, ..config.clone() }, ..checkpoint.clone() };
        let mut libtorch = Libtorch::new(&fewer);
        let scene = input.scene(&mut libtorch);
        let noise = input.noise.slice_axis(ndarray::Axis(1), (..steps).into()).to_owned();
        let expected = input.frames(&mut libtorch, &scene, &noise);
        let found = drawn.select(ndarray::Axis(0), &[steps - 1]);
        check_close(&format!("the picture after {steps} steps"), &found, &expected);
    }
}

#[test]
fn drawing_shared_learned() {
    check_drawing(&small(Pool, true, Learned), Winograd::Off);
}

#[test]
fn drawing_unshared_tiled() {
    check_drawing(&small(Pool, false, Tile), Winograd::On);
}

#[test]
fn drawing_voxel() {
    check_drawing(&small_voxel(true, 1, PoseEncoding::CosSin), Winograd::Off);
}

/// Every graph that the exporter writes in single precision.
const VARIANTS: [ExportOptions; 4] = [
    ExportOptions::REFERENCE,
    ExportOptions { winograd: Winograd::Off, ..ExportOptions::OPTIMISED },
    ExportOptions { winograd: Winograd::On, ..ExportOptions::OPTIMISED },
    ExportOptions { winograd: Winograd::Fine, ..ExportOptions::OPTIMISED },
];

#[track_caller]
fn check(representation: RepresentationKind, shared_core: bool, upsample_r: UpsampleR) {
    let config = small(representation, shared_core, upsample_r);
    // The second is the smallest picture, whose hidden state is smaller than the 5×5 kernels.
    let smallest = ModelConfig {
        image_size: 16,
        representation_channels: 24,
        latent_channels: 3,
        hidden_channels: 7,
        canvas_channels: 5,
        ..config.clone()
    };
    for config in [config, smallest] {
        check_all_engines(&config);
    }
}

#[track_caller]
fn check_all_engines(config: &ModelConfig) {
    let checkpoint = random_checkpoint(config);
    let mut reference = Libtorch::new(&checkpoint);
    for options in VARIANTS {
        let graphs = build_graphs_with(&checkpoint, &options);
        let mut engines: [(&str, Box<dyn Engine>); 3] = [
            ("ONNX Runtime", Box::new(on_ort(&graphs))),
            ("built-in", Box::new(on_wasm_engine(&graphs))),
            ("tract", Box::new(on_tract(&graphs))),
        ];
        for (name, engine) in &mut engines {
            check_engine(name, &options, engine.as_mut(), &mut reference, &CASES);
        }
    }
}

#[test]
fn pyramid_shared_learned() {
    check(Pyramid, true, Learned);
}

#[test]
fn pyramid_shared_tiled() {
    check(Pyramid, true, Tile);
}

#[test]
fn pyramid_unshared_learned() {
    check(Pyramid, false, Learned);
}

#[test]
fn pyramid_unshared_tiled() {
    check(Pyramid, false, Tile);
}

#[test]
fn tower_shared_learned() {
    check(Tower, true, Learned);
}

#[test]
fn tower_shared_tiled() {
    check(Tower, true, Tile);
}

#[test]
fn tower_unshared_learned() {
    check(Tower, false, Learned);
}

#[test]
fn tower_unshared_tiled() {
    check(Tower, false, Tile);
}

#[test]
fn pool_shared_learned() {
    check(Pool, true, Learned);
}

#[test]
fn pool_shared_tiled() {
    check(Pool, true, Tile);
}

#[test]
fn pool_unshared_learned() {
    check(Pool, false, Learned);
}

#[test]
fn pool_unshared_tiled() {
    check(Pool, false, Tile);
}

/// A grid whose sides all differ.
fn small_voxel(shared_core: bool, rays: usize, pose_encoding: PoseEncoding) -> ModelConfig {
    let extent = Extent { cells: [7, 6, 4], ..World::RoomsRingCamera.extent() };
    ModelConfig {
        pose_encoding,
        voxel: Some(VoxelConfig::of_extent(&extent, 6, rays, 20)),
        ..small(Voxel, shared_core, Tile)
    }
}

#[test]
fn voxel_shared() {
    check_all_engines(&small_voxel(true, 1, PoseEncoding::CosSin));
}

#[test]
fn voxel_shared_four_rays() {
    check_all_engines(&small_voxel(true, 2, PoseEncoding::CosSin));
}

#[test]
fn voxel_unshared_sines_first() {
    check_all_engines(&small_voxel(false, 1, PoseEncoding::SinCos));
}

#[test]
fn voxel_edge_sizes() {
    let config = Preset::Edge.config();
    let checkpoint = random_checkpoint(&config);
    let mut reference = Libtorch::new(&checkpoint);
    for options in VARIANTS {
        let graphs = build_graphs_with(&checkpoint, &options);
        check_engine("ONNX Runtime", &options, &mut on_ort(&graphs), &mut reference, &[[3, 2, 2]]);
        let mut engine = on_wasm_engine(&graphs);
        check_engine("built-in", &options, &mut engine, &mut reference, &[[3, 2, 2]]);
    }
}

#[test]
fn paper_sizes() {
    let config = ModelConfig { shared_core: true, steps: 2, ..Preset::Paper.config() };
    let checkpoint = random_checkpoint(&config);
    let mut reference = Libtorch::new(&checkpoint);
    for options in VARIANTS {
        let graphs = build_graphs_with(&checkpoint, &options);
        check_engine("ONNX Runtime", &options, &mut on_ort(&graphs), &mut reference, &[[2, 2, 2]]);
    }
}
