//! Packages of voxel models on the engines in Rust, against ONNX Runtime.
//!
//! Needs ONNX Runtime: `cargo xtask test` fetches it, `cargo xtask setup` does so alone.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use gqn_exporter::{ExportOptions, Graphs, Target, Winograd, build_graphs_from, uncalibrated};
use gqn_formats::{
    Checkpoint, FileEntry, GraphPorts, MANIFEST_FORMAT, Manifest, ModelConfig, Package,
    ParameterKind, Precision, Preset, Provenance, Tensor, Variant, VoxelConfig, names, parameters,
};
use gqn_messages::error_report;
use gqn_portable::PortableEngine;
use gqn_runtime::{Engine, Occupancy};
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};
use gqn_runtime_wasm::TractEngine;
use gqn_scenes::{Camera, PoseEncoding};

/// Sums in different orders, over a few recurrent steps.
const TOLERANCE: f32 = 1e-4;

/// A small model whose grid is neither cubic nor even.
fn small(rays: usize, shared_core: bool) -> ModelConfig {
    let voxel = VoxelConfig {
        low: [-1.1, -0.9, 0.0],
        high: [1.0, 1.1, 0.7],
        cells: [7, 5, 3],
        depth_samples: 6,
        near: 0.1,
        far: 2.6,
        rays,
        rendered_channels: 9,
        field_of_view: 50_f64.to_radians(),
        evidence_channels: 0,
    };
    ModelConfig {
        representation_channels: 8,
        hidden_channels: 12,
        canvas_channels: 5,
        steps: 3,
        shared_core,
        voxel: Some(voxel),
        ..Preset::Tiny.config()
    }
}

/// Numbers in (-1, 1) that depend on nothing but the seed (`SplitMix64`).
fn tensor(shape: &[usize], scale: f32, seed: usize) -> Tensor {
    let number = |index: u64| {
        let mut word = (seed as u64)
            .wrapping_mul(0xd134_2543_de82_ef95)
            .wrapping_add((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word >> 40) as f32).mul_add(2.0 / 16_777_216.0, -1.0) * scale
    };
    let length: usize = shape.iter().product();
    Tensor::from_shape_vec(shape, (0..length as u64).map(number).collect()).expect("it fits")
}

/// Weights under which cells differ, depths are told apart, and few pixels are cut off.
fn checkpoint(config: &ModelConfig) -> Checkpoint {
    let tensors = parameters(config)
        .into_iter()
        .enumerate()
        .map(|(index, parameter)| {
            let inputs: usize = parameter.shape.iter().skip(1).product();
            let (scale, shift) = match (parameter.kind, parameter.name.as_str()) {
                (ParameterKind::Grid, _) => (0.5, 0.0),
                (_, "observation.bias") => (0.1, 0.5),
                (ParameterKind::Bias, _) => (0.1, 0.0),
                (_, "observation.weight" | "renderer.rgb.weight") => (0.5, 0.0),
                (_, "renderer.opacity.weight" | "representation.conv8.weight") => (4.0, 0.0),
                _ => (1.7, 0.0),
            };
            let scale = if shift > 0.0 || parameter.kind == ParameterKind::Grid || inputs <= 1 {
                scale
            } else {
                scale / (inputs as f32).sqrt()
            };
            (parameter.name, tensor(&parameter.shape, scale, index) + shift)
        })
        .collect();
    Checkpoint { config: config.clone(), step: 0, provenance: Provenance::default(), tensors }
}

/// Cameras on a ring around the middle, in the box, and one that looks away from it.
fn poses(encoding: PoseEncoding, count: usize, first: usize) -> Tensor {
    let camera = |index: usize| {
        let turn = 0.9 * index as f32 + 0.35;
        let radius = if index % 3 == 2 { 0.4 } else { 0.95 };
        let away = if index % 4 == 3 { 0.5 } else { std::f32::consts::PI };
        Camera {
            position: [radius * turn.cos(), radius * turn.sin(), 0.2 + 0.07 * index as f32],
            yaw: turn + away + 0.1,
            pitch: 0.15 * (index as f32 - 1.5),
        }
    };
    let numbers = (first..first + count).flat_map(|index| camera(index).pose(encoding).0);
    Tensor::from_shape_vec(vec![count, 7], numbers.collect()).expect("seven numbers a pose")
}

fn external(graphs: &Graphs) -> BTreeMap<&str, &[u8]> {
    graphs.external_data.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect()
}

/// The scene of some views, and pictures of some queries: twice the same.
#[track_caller]
fn run(
    name: &str,
    engine: &mut dyn Engine,
    config: &ModelConfig,
    counts: [usize; 2],
) -> [Tensor; 2] {
    let ([views, queries], side, size) = (counts, config.image_size, config.hidden_size());
    let frames = (tensor(&[views, 3, side, side], 1.0, 1) + 1.0) / 2.0;
    let noise = tensor(&[queries, config.steps, config.latent_channels, size, size], 1.7, 3);
    let mut run = || {
        let scene = engine.represent(&frames, &poses(config.pose_encoding, views, 0));
        let scene = scene.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        let poses = poses(config.pose_encoding, queries, 2);
        let pictures = engine.generate(&scene, &poses, &noise);
        [scene, pictures.unwrap_or_else(|error| panic!("{name}: {error:?}"))]
    };
    let results = run();
    assert_eq!(run(), results, "{name} is not deterministic");
    results
}

#[track_caller]
fn check_close(name: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.shape(), expected.shape(), "{name}");
    let scale = expected.iter().fold(1.0_f32, |scale, number| scale.max(number.abs()));
    let mean = expected.mean().expect("numbers");
    let spread = expected.iter().map(|number| (number - mean).powi(2)).sum::<f32>();
    let spread = (spread / expected.len() as f32).sqrt();
    assert!(spread > 100.0 * TOLERANCE, "{name}: flat numbers agree whatever happens");
    for ((index, found), expected) in found.indexed_iter().zip(expected) {
        let difference = (found - expected).abs();
        assert!(
            difference <= TOLERANCE * scale,
            "{name} {index:?}: {found} and {expected} differ by {difference}, allowed {}",
            TOLERANCE * scale
        );
    }
}

const CASES: [[usize; 2]; 3] = [[1, 1], [3, 2], [2, 5]];

#[track_caller]
fn check(config: &ModelConfig, options: &ExportOptions, cases: &[[usize; 2]]) {
    let checkpoint = checkpoint(config);
    let graphs = build_graphs_from(&checkpoint, &uncalibrated(config, options), options);
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    let one_thread = OrtOptions::on(Provider::Cpu, NonZeroUsize::new(1));
    let Graphs { representation, generator, .. } = &graphs;
    let files = external(&graphs);
    let mut ort = OrtEngine::from_graphs(runtime, representation, generator, &files, &one_thread)
        .expect("graphs that ONNX Runtime loads");
    let built_in = PortableEngine::from_graphs(representation, generator, &files);
    let tract = TractEngine::from_graphs(representation, generator, &files);
    let mut engines: [(&str, Box<dyn Engine>); 2] = [
        ("built-in", Box::new(built_in.expect("graphs that the engine loads"))),
        ("tract", Box::new(tract.expect("graphs that tract loads"))),
    ];
    for case in cases {
        let expected = run("ONNX Runtime", &mut ort, config, *case);
        for (name, engine) in &mut engines {
            let found = run(name, engine.as_mut(), config, *case);
            let of = format!("{name}, {case:?} views and queries, {options:?} of {config:?}");
            check_close(&format!("scene of {of}"), &found[0], &expected[0]);
            check_close(&format!("pictures of {of}"), &found[1], &expected[1]);
        }
    }
}

fn kinds() -> [ModelConfig; 5] {
    let sin_cos = ModelConfig { pose_encoding: PoseEncoding::SinCos, ..small(2, true) };
    [small(1, true), sin_cos, small(4, true), small(2, false), with_evidence()]
}

/// [`small`] with evidence channels.
fn with_evidence() -> ModelConfig {
    let mut config = small(2, true);
    config.voxel.as_mut().expect("a voxel model").evidence_channels = 3;
    config
}

#[test]
fn reference() {
    for config in kinds() {
        check(&config, &ExportOptions::REFERENCE, &CASES);
    }
}

#[test]
fn optimised() {
    for config in kinds() {
        for winograd in [Winograd::Off, Winograd::On, Winograd::Fine] {
            let options =
                ExportOptions { winograd, target: Target::Wasm, ..ExportOptions::OPTIMISED };
            check(&config, &options, &CASES);
        }
    }
}

#[test]
fn half_precision() {
    for options in [ExportOptions::REFERENCE, ExportOptions::OPTIMISED] {
        let options = ExportOptions { precision: Precision::Fp16, ..options };
        check(&small(2, true), &options, &CASES[..2]);
        check(&with_evidence(), &options, &CASES[..2]);
    }
}

#[test]
fn presets() {
    for preset in [Preset::Edge, Preset::Tiny] {
        let options = ExportOptions { target: Target::Wasm, ..ExportOptions::OPTIMISED };
        check(&preset.config(), &options, &CASES[1..2]);
    }
}

/// The graph that draws step by step ends with the generator's picture.
#[test]
fn drawing() {
    let config = small(1, true);
    let graphs = build_graphs_from(
        &checkpoint(&config),
        &uncalibrated(&config, &ExportOptions::OPTIMISED),
        &ExportOptions::OPTIMISED,
    );
    let drawing = graphs.drawing.as_ref().expect("a drawing graph");
    let files = BTreeMap::from([(names::GENERATOR_FILE, graphs.generator.as_slice())]);
    let engine = |generator: &[u8]| {
        PortableEngine::from_graphs(&graphs.representation, generator, &files).expect("an engine")
    };
    let mut whole = engine(&graphs.generator);
    let [_, expected] = run("generator", &mut whole, &config, [1, 1]);
    let [_, drawn] = run("drawing", &mut engine(drawing), &config, [1, 1]);
    assert_eq!(drawn.shape()[0], config.steps);
    let last = drawn.select(ndarray::Axis(0), &[config.steps - 1]);
    check_close("the last picture", &last, &expected.select(ndarray::Axis(0), &[0]));
}

/// The reference's scene has its channels first, the optimised one's last; both hold the same densities.
#[test]
fn both_layouts_of_a_scene_have_one_map_from_above() {
    let config = with_evidence();
    let checkpoint = checkpoint(&config);
    let map = |options: ExportOptions| {
        let graphs = build_graphs_from(&checkpoint, &uncalibrated(&config, &options), &options);
        let files = external(&graphs);
        let engine = PortableEngine::from_graphs(&graphs.representation, &graphs.generator, &files);
        let [scene, _] = run("built-in", &mut engine.expect("an engine"), &config, [3, 1]);
        let map = Occupancy::of_scene(&scene, &config, options.variant).expect("a scene");
        let map = map.expect("a voxel model");
        Tensor::from_shape_vec(vec![map.rows, map.columns], map.density).expect("a map")
    };
    let (reference, optimised) = (map(ExportOptions::REFERENCE), map(ExportOptions::OPTIMISED));
    assert!(reference.iter().all(|density| *density >= 0.0), "densities: {reference}");
    check_close("the map from above", &optimised, &reference);
}

/// A package of these graphs whose manifest says that geometry.
fn package(graphs: &Graphs, config: &ModelConfig) -> Package {
    let scene = config.scene_shape();
    let mut files = BTreeMap::from([
        (names::REPRESENTATION_FILE.to_owned(), graphs.representation.clone()),
        (names::GENERATOR_FILE.to_owned(), graphs.generator.clone()),
        (names::SAMPLE_FILE.to_owned(), Vec::new()),
    ]);
    let entry = |(name, content): (&String, &Vec<u8>)| (name.clone(), FileEntry::of(content));
    let manifest = Manifest {
        format_version: MANIFEST_FORMAT,
        pose_encoding: config.pose_encoding,
        variant: Variant::Reference,
        precision: Precision::Fp32,
        precision_error: None,
        trained_steps: None,
        opset: 17,
        representation: GraphPorts::representation(config, &scene),
        generator: GraphPorts::generator(config, &scene),
        drawing: None,
        config: config.clone(),
        files: files.iter().map(entry).collect(),
        step: 0,
        provenance: Provenance::default(),
    };
    files.insert(names::MANIFEST_FILE.to_owned(), manifest.to_json());
    Package::from_files(files).expect("a package")
}

#[test]
fn graphs_of_another_geometry_than_the_manifests_are_refused() {
    let config = small(1, true);
    let options = ExportOptions::REFERENCE;
    let graphs =
        build_graphs_from(&checkpoint(&config), &uncalibrated(&config, &options), &options);
    let mut other = config.clone();
    other.voxel.as_mut().expect("a voxel model").near = 0.2;
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    let on_cpu = OrtOptions::on(Provider::Cpu, NonZeroUsize::new(1));
    let open = |package: &Package| {
        [
            OrtEngine::new(runtime, package, &on_cpu).err().map(|error| error_report(&error)),
            PortableEngine::new(package).err().map(|error| error_report(&error)),
            TractEngine::new(package).err().map(|error| error_report(&error)),
        ]
    };
    assert_eq!(open(&package(&graphs, &config)), [const { None }; 3]);
    for report in open(&package(&graphs, &other)) {
        let report = report.expect("another geometry");
        for part in ["representation.onnx", "\"near\":0.1", "\"near\":0.2", "hint: "] {
            assert!(report.contains(part), "`{part}` is not in: {report}");
        }
    }
}
