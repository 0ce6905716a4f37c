//! ONNX Runtime and the built-in engine on the exporter's graphs of random weights.
//!
//! Needs ONNX Runtime: `cargo xtask test` fetches it, `cargo xtask setup` does so alone.

use std::collections::BTreeMap;
use std::sync::Arc;

use gqn_exporter::{ExportOptions, Graphs, build_graphs_with};
use gqn_formats::{
    Checkpoint, ModelConfig, ParameterKind, Preset, Provenance, RepresentationKind, Tensor,
    UpsampleR, parameters,
};
use gqn_portable::PortableEngine;
use gqn_runtime::{Engine, EngineError, Noise};
use gqn_runtime_native::{IoBinding, OnnxRuntime, OrtEngine, OrtError, OrtOptions, Provider};

fn build_graphs(checkpoint: &Checkpoint) -> Graphs {
    build_graphs_with(checkpoint, &ExportOptions::REFERENCE)
}

/// Pictures are in \[0, 1\]; two engines sum in different orders over six recurrent steps.
const TOLERANCE: f32 = 1e-4;

fn config() -> ModelConfig {
    ModelConfig {
        representation_channels: 16,
        hidden_channels: 8,
        canvas_channels: 8,
        steps: 3,
        ..Preset::TinyTower.config()
    }
}

/// Numbers in (-1, 1) that depend on nothing but the seed (`SplitMix64`).
fn numbers(seed: usize) -> impl Iterator<Item = f32> {
    (1..).map(move |index: u64| {
        let mut word = (seed as u64)
            .wrapping_mul(0xd134_2543_de82_ef95)
            .wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word >> 40) as f32).mul_add(2.0 / 16_777_216.0, -1.0)
    })
}

fn tensor(shape: &[usize], scale: f32, seed: usize) -> Tensor {
    let length = shape.iter().product();
    let data = numbers(seed).take(length).map(|value| value * scale).collect();
    Tensor::from_shape_vec(shape, data).expect("as many numbers as the shape has")
}

fn checkpoint(config: &ModelConfig) -> Checkpoint {
    let tensors = parameters(config)
        .into_iter()
        .enumerate()
        .map(|(index, parameter)| {
            // Weights of a size at which a layer neither fades nor explodes; pictures are bright in the middle.
            let inputs: usize = parameter.shape.iter().skip(1).product();
            let (scale, shift) = match (parameter.kind, parameter.name.as_str()) {
                (ParameterKind::Bias, "observation.bias") => (0.1, 0.5),
                (ParameterKind::Bias, _) => (0.1, 0.0),
                (ParameterKind::Grid, _) => (0.5, 0.0),
                (ParameterKind::Conv | ParameterKind::ConvTranspose, _) => {
                    ((3.0 / inputs as f32).sqrt(), 0.0)
                }
            };
            (parameter.name, tensor(&parameter.shape, scale, index) + shift)
        })
        .collect();
    Checkpoint { config: config.clone(), step: 0, provenance: Provenance::default(), tensors }
}

fn external(graphs: &Graphs) -> BTreeMap<&str, &[u8]> {
    graphs.external_data.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect()
}

fn on_ort(graphs: &Graphs, options: &OrtOptions) -> Result<OrtEngine, OrtError> {
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    OrtEngine::from_graphs(
        runtime,
        &graphs.representation,
        &graphs.generator,
        &external(graphs),
        options,
    )
}

fn on_cpu(graphs: &Graphs) -> OrtEngine {
    on_ort(graphs, &OrtOptions::on(Provider::Cpu, None)).expect("an engine")
}

fn on_wasm_engine(graphs: &Graphs) -> PortableEngine {
    PortableEngine::from_graphs(&graphs.representation, &graphs.generator, &external(graphs))
        .expect("an engine")
}

/// What an engine makes of some views and queries: the scene and the pictures.
fn run(
    engine: &mut impl Engine,
    config: &ModelConfig,
    views: usize,
    queries: usize,
    noise: &Noise,
) -> [Tensor; 2] {
    let side = config.image_size;
    let frames = tensor(&[views, 3, side, side], 0.5, 1) + 0.5;
    let scene = engine.represent(&frames, &tensor(&[views, 7], 1.0, 2)).expect("a scene");
    let poses = tensor(&[queries, 7], 1.0, 3);
    let pictures =
        engine.generate(&scene, &poses, &noise.tensor(config, queries)).expect("pictures");
    assert_eq!(scene.shape(), config.scene_shape());
    assert_eq!(pictures.shape(), [queries, 3, side, side]);
    [scene, pictures]
}

#[track_caller]
fn check_equal(name: &str, found: &Tensor, expected: &Tensor) {
    let scale = expected.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
    for ((index, found), expected) in found.indexed_iter().zip(expected) {
        let difference = (found - expected).abs();
        assert!(
            difference <= TOLERANCE * scale,
            "{name} {index:?}: {found} and {expected} differ by {difference}, allowed {}",
            TOLERANCE * scale
        );
    }
}

#[track_caller]
fn check_engines(config: &ModelConfig) {
    let graphs = build_graphs(&checkpoint(config));
    let (mut ort, mut built_in) = (on_cpu(&graphs), on_wasm_engine(&graphs));
    for (views, queries, noise) in
        [(1, 1, Noise::mean()), (1, 3, Noise::new(1, 1.0)), (3, 2, Noise::new(2, 1.0).per_camera())]
    {
        let expected = run(&mut ort, config, views, queries, &noise);
        let found = run(&mut built_in, config, views, queries, &noise);
        check_equal("scene", &found[0], &expected[0]);
        check_equal("frames", &found[1], &expected[1]);
        let picture = &expected[1];
        let spread = picture
            .iter()
            .fold(0.0_f32, |largest, value| largest.max((value - picture[[0, 0, 0, 0]]).abs()));
        assert!(
            spread > 100.0 * TOLERANCE,
            "the pictures are flat, so their agreement says nothing"
        );
    }
}

#[test]
fn tower() {
    check_engines(&config());
}

#[test]
fn pool_tiled() {
    check_engines(&ModelConfig { representation: RepresentationKind::Pool, ..config() });
}

#[test]
fn pool_learned_unshared() {
    let (representation, upsample_r) = (RepresentationKind::Pool, UpsampleR::Learned);
    check_engines(&ModelConfig { representation, upsample_r, shared_core: false, ..config() });
}

#[test]
fn pyramid_learned() {
    let (representation, upsample_r) = (RepresentationKind::Pyramid, UpsampleR::Learned);
    check_engines(&ModelConfig { representation, upsample_r, ..config() });
}

#[test]
fn a_scene_is_the_sum_of_its_views() {
    let config = config();
    let graphs = build_graphs(&checkpoint(&config));
    let frames = tensor(&[2, 3, 32, 32], 0.5, 1) + 0.5;
    let poses = tensor(&[2, 7], 1.0, 2);
    let one = |tensor: &Tensor, view: usize| tensor.select(ndarray::Axis(0), &[view]);
    let mut engine = on_cpu(&graphs);
    let mut represent =
        |frames: &Tensor, poses: &Tensor| engine.represent(frames, poses).expect("a scene");
    let together = represent(&frames, &poses);
    let singly =
        represent(&one(&frames, 0), &one(&poses, 0)) + represent(&one(&frames, 1), &one(&poses, 1));
    check_equal("scene", &singly, &together);
}

#[test]
fn weights_beside_the_graph_change_nothing() {
    let (config, noise) = (config(), Noise::new(4, 1.0));
    let checkpoint = checkpoint(&config);
    let inline = build_graphs(&checkpoint);
    let beside = build_graphs_with(
        &checkpoint,
        &ExportOptions { external_data_limit: 0, ..ExportOptions::REFERENCE },
    );
    assert!(inline.external_data.is_empty() && beside.external_data.len() == 2);
    let expected = run(&mut on_cpu(&inline), &config, 2, 2, &noise);
    assert_eq!(run(&mut on_cpu(&beside), &config, 2, 2, &noise), expected, "ONNX Runtime");
    let expected = run(&mut on_wasm_engine(&inline), &config, 2, 2, &noise);
    assert_eq!(run(&mut on_wasm_engine(&beside), &config, 2, 2, &noise), expected, "built-in");
    let missing = Graphs { external_data: BTreeMap::new(), ..beside };
    let error = on_ort(&missing, &OrtOptions::default()).expect_err("no weights");
    assert!(matches!(error, OrtError::Format(_)), "{error}");
}

#[test]
fn damaged_graphs_and_odd_shapes_are_errors() {
    let config = config();
    let graphs = build_graphs(&checkpoint(&config));
    let mut cut = graphs.clone();
    cut.generator.truncate(cut.generator.len() / 2);
    let error = on_ort(&cut, &OrtOptions::default()).expect_err("half a graph");
    assert!(matches!(&error, OrtError::Format(_)), "{error}");
    assert!(error.to_string().contains("generator.onnx"), "{error}");
    let odd = tensor(&[1, 3, 16, 16], 0.5, 1);
    let poses = tensor(&[1, 7], 1.0, 2);
    let refused = |result: Result<Tensor, EngineError>| {
        let error = result.expect_err("pictures of another size");
        assert!(matches!(error, EngineError::Run { .. } | EngineError::Load { .. }), "{error}");
    };
    refused(on_cpu(&graphs).represent(&odd, &poses));
    refused(on_wasm_engine(&graphs).represent(&odd, &poses));
}

#[test]
fn what_runs_is_said_and_what_does_not_run_is_an_error() {
    let graphs = build_graphs(&checkpoint(&config()));
    let auto = on_ort(&graphs, &OrtOptions::default()).expect("an engine");
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime");
    let said = auto.describe();
    assert!(
        said.contains(runtime.version()) && said.contains(&runtime.path().display().to_string()),
        "{said}"
    );
    for provider in [Provider::Cuda, Provider::TensorRt] {
        match on_ort(&graphs, &OrtOptions::on(provider, None)) {
            Ok(engine) => assert_eq!(engine.provider(), provider),
            Err(error) => {
                assert!(matches!(error, OrtError::Provider { .. }), "{error}");
                let text = error.to_string();
                assert!(
                    text.contains(provider.name())
                        && text.contains("hint:")
                        && text.lines().count() == 2,
                    "{text}"
                );
            }
        }
    }
    if auto.provider() == Provider::Cpu {
        assert!(said.contains("provider cpu (asked for auto; cuda: "), "{said}");
    }
}

#[test]
fn bound_scenes_give_the_same_pictures_and_are_given_up() {
    let config = config();
    let graphs = build_graphs(&checkpoint(&config));
    let options = OrtOptions { io_binding: IoBinding::On, ..OrtOptions::on(Provider::Cpu, None) };
    let mut bound = on_ort(&graphs, &options).expect("an engine");
    let mut unbound = on_cpu(&graphs);
    assert!(bound.report().io_binding && bound.describe().contains(", IO binding"));
    assert!(!unbound.report().io_binding, "the CPU has nothing to copy");
    let scenes: Vec<_> =
        (0..20).map(|seed| Arc::new(tensor(&config.scene_shape(), 1.0, seed))).collect();
    // Numbers of queries that share runs differently, so that outputs change their shapes.
    for (scene, queries) in scenes.iter().zip([1, 3, 5, 2, 9].into_iter().cycle()) {
        let poses = tensor(&[queries, 7], 1.0, queries);
        for noise in [Noise::mean(), Noise::new(3, 1.0).per_camera()] {
            let noise = noise.tensor(&config, queries);
            let expected = unbound.generate(scene, &poses, &noise).expect("pictures");
            let found = bound.generate_resident(scene, &poses, &noise).expect("pictures");
            assert_eq!(found, expected);
            assert_eq!(bound.generate(scene, &poses, &noise).expect("pictures"), expected);
        }
    }
    assert_eq!(bound.resident_scenes(), 16);
    let (poses, noise) = (tensor(&[1, 7], 1.0, 1), Noise::mean().tensor(&config, 1));
    // The first had to make room, and is copied again.
    bound.generate_resident(&scenes[0], &poses, &noise).expect("a picture");
    drop(scenes);
    let last = Arc::new(tensor(&config.scene_shape(), 1.0, 1));
    let found = bound.generate_resident(&last, &poses, &noise).expect("a picture");
    assert_eq!(found, unbound.generate(&last, &poses, &noise).expect("a picture"));
    assert_eq!(bound.resident_scenes(), 1);
    let odd = Arc::new(Tensor::zeros(vec![1, 2, 3, 4]));
    let error = bound.generate_resident(&odd, &poses, &noise).expect_err("another model's");
    assert!(matches!(error, EngineError::Run { .. }), "{error}");
    bound.generate_resident(&last, &poses, &noise).expect("a picture");
    unbound.generate_resident(&last, &poses, &noise).expect("a picture");
    assert_eq!(unbound.resident_scenes(), 0);
}
