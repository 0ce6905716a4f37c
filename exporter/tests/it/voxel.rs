//! Graphs of voxel models on ONNX Runtime: the reference against an independent computation, the optimised variant against the
//! reference.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use gqn_exporter::{
    ExportOptions, Graphs, Pass, Target, Winograd, build_ablated, build_graphs_from,
    build_graphs_with, summarize, uncalibrated,
};
use gqn_formats::{Checkpoint, ModelConfig, Precision, Preset, Tensor, Variant, VoxelConfig};
use gqn_runtime::Engine;
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};

use onnx_protobuf::Message;
use onnx_protobuf::tensor_proto::DataLocation;
use onnx_protobuf::tensor_shape_proto::Dimension;

use crate::support::parse;
use crate::voxel_oracle::Oracle;
use crate::voxel_support::{numbers, poses, voxel, voxel_checkpoint, voxel_kinds};

/// Single precision against double, and sums in another order, over a few steps.
const TOLERANCE: f32 = 1e-4;

/// Halves have 11 bits; a dozen layers.
const HALF_TOLERANCE: f32 = 2e-2;

fn engine(graphs: &Graphs) -> OrtEngine {
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    let options = OrtOptions::on(Provider::Cpu, NonZeroUsize::new(1));
    let Graphs { representation, generator, external_data, .. } = graphs;
    let external: BTreeMap<&str, &[u8]> =
        external_data.iter().map(|(name, data)| (name.as_str(), data.as_slice())).collect();
    OrtEngine::from_graphs(runtime, representation, generator, &external, &options)
        .expect("graphs that ONNX Runtime loads")
}

/// A graph whose weights stand in another file, with them in its own.
fn with_own_weights(graph: &[u8], other: &[u8]) -> Vec<u8> {
    let mut model = parse(graph);
    let graph = model.graph.as_mut().expect("a graph");
    for tensor in graph.initializer.iter_mut().filter(|tensor| !tensor.external_data.is_empty()) {
        let number = |key: &str| {
            let entry = tensor.external_data.iter().find(|entry| entry.key == key);
            entry.expect("an entry").value.parse::<usize>().expect("a number")
        };
        let (offset, length) = (number("offset"), number("length"));
        tensor.raw_data = other[offset..offset + length].to_vec();
        tensor.external_data.clear();
        tensor.data_location = DataLocation::DEFAULT.into();
    }
    model.write_to_bytes().expect("bytes")
}

fn noise(config: &ModelConfig, count: usize) -> Tensor {
    let side = config.hidden_size();
    let shape = [count, config.steps, config.latent_channels, side, side];
    2.0 * numbers(&shape, 0.3) - 1.0
}

/// A scene of so many views, and pictures of so many queries with noises of their own.
pub(crate) fn run(
    config: &ModelConfig,
    graphs: &Graphs,
    views: usize,
    queries: usize,
) -> [Tensor; 2] {
    let mut engine = engine(graphs);
    let side = config.image_size;
    let frames = numbers(&[views, 3, side, side], 0.1);
    let scene = engine.represent(&frames, &poses(config, views, 0)).expect("a scene");
    let (query_poses, noise) = (poses(config, queries, 2), noise(config, queries));
    let frames = engine.generate(&scene, &query_poses, &noise).expect("pictures");
    [scene, frames]
}

/// `[1,Z,Y,X,R+5+K]` in the order of the reference's axes.
fn channels_first(scene: &Tensor) -> Tensor {
    scene.view().permuted_axes(vec![0, 4, 1, 2, 3]).as_standard_layout().into_owned()
}

#[track_caller]
pub(crate) fn check_close(what: &str, found: &Tensor, expected: &Tensor, tolerance: f32) {
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let scale = expected.iter().fold(1.0_f32, |scale, number| scale.max(number.abs()));
    let mean = expected.mean().expect("numbers");
    let spread = expected.iter().map(|number| (number - mean).powi(2)).sum::<f32>();
    let spread = (spread / expected.len() as f32).sqrt();
    assert!(spread > 100.0 * TOLERANCE, "{what}: flat numbers agree whatever happens");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(
            difference <= tolerance * scale,
            "{what} at {index}: found {found}, expected {expected}, difference {difference}, allowed {}",
            tolerance * scale
        );
    }
}

pub(crate) fn reference(checkpoint: &Checkpoint) -> Graphs {
    build_graphs_with(checkpoint, &ExportOptions::REFERENCE)
}

#[track_caller]
fn check_export(config: &ModelConfig, options: &ExportOptions, tolerance: f32) {
    let checkpoint = voxel_checkpoint(config);
    let graphs = build_graphs_from(&checkpoint, &uncalibrated(config, options), options);
    for (views, queries) in [(1, 1), (3, 2)] {
        let [scene, frames] = run(config, &graphs, views, queries);
        let expected = run(config, &reference(&checkpoint), views, queries);
        let what = format!("{views} views, {queries} queries, {options:?} of {config:?}");
        let scene = match options.variant {
            Variant::Reference => scene,
            Variant::Optimised => channels_first(&scene),
        };
        check_close(&format!("scene of {what}"), &scene, &expected[0], tolerance);
        check_close(&format!("pictures of {what}"), &frames, &expected[1], tolerance);
    }
}

#[test]
fn the_reference_computes_what_the_page_says() {
    for config in voxel_kinds() {
        let checkpoint = voxel_checkpoint(&config);
        let (views, queries, side) = (2, 2, config.image_size);
        let [scene, frames] = run(&config, &reference(&checkpoint), views, queries);
        let oracle = Oracle::new(&checkpoint);
        let inputs = numbers(&[views, 3, side, side], 0.1);
        let expected = oracle.scene(&inputs, &poses(&config, views, 0));
        let tensor = |shape: &[usize], numbers: &[f64]| {
            let numbers = numbers.iter().map(|number| *number as f32).collect();
            Tensor::from_shape_vec(shape, numbers).expect("as many numbers")
        };
        let expected_scene = tensor(&config.scene_shape(), &expected);
        check_close(&format!("scene of {config:?}"), &scene, &expected_scene, TOLERANCE);
        let (query_poses, noise) = (poses(&config, queries, 2), noise(&config, queries));
        let pictures: Vec<f64> = (0..queries)
            .flat_map(|query| oracle.picture(&expected, &query_poses, &noise, query))
            .collect();
        let inside = pictures.iter().filter(|pixel| **pixel > 0.0 && **pixel < 1.0).count();
        assert!(2 * inside > pictures.len(), "most pixels are cut off");
        let pictures = tensor(&[queries, 3, side, side], &pictures);
        check_close(&format!("pictures of {config:?}"), &frames, &pictures, TOLERANCE);
    }
}

#[test]
fn the_optimised_variant_is_the_reference() {
    for config in voxel_kinds() {
        for winograd in [Winograd::Auto, Winograd::Off] {
            let options = ExportOptions { winograd, ..ExportOptions::OPTIMISED };
            check_export(&config, &options, TOLERANCE);
        }
    }
}

#[test]
fn every_tile_and_target() {
    for config in voxel_kinds() {
        for (winograd, tile) in [(Winograd::On, 4), (Winograd::Fine, 2)] {
            if config.hidden_size().is_multiple_of(tile) {
                let options = ExportOptions { winograd, ..ExportOptions::OPTIMISED };
                check_export(&config, &options, TOLERANCE);
            }
        }
    }
    for target in [Target::Cpu, Target::Wasm, Target::Cuda, Target::TensorRt] {
        let options = ExportOptions { target, ..ExportOptions::OPTIMISED };
        check_export(&voxel(2, true), &options, TOLERANCE);
    }
}

#[test]
fn presets_for_devices() {
    for preset in [Preset::Edge, Preset::Tiny] {
        for target in [Target::Cpu, Target::Wasm] {
            let options = ExportOptions { target, ..ExportOptions::OPTIMISED };
            check_export(&preset.config(), &options, TOLERANCE);
        }
    }
}

#[test]
fn each_rewrite_by_itself() {
    for config in voxel_kinds() {
        let checkpoint = voxel_checkpoint(&config);
        let [_, expected] = run(&config, &reference(&checkpoint), 2, 2);
        let alone = Pass::ALL[..5].iter().map(std::slice::from_ref);
        for passes in alone.chain([&[], &Pass::ALL[..5]]) {
            let [_, found] = run(&config, &build_ablated(&checkpoint, passes), 2, 2);
            check_close(&format!("{passes:?} of {config:?}"), &found, &expected, TOLERANCE);
        }
    }
}

#[test]
fn half_precision_is_near() {
    for config in [voxel(1, true), voxel(2, false)] {
        for target in [Target::All, Target::Cuda] {
            let options =
                ExportOptions { precision: Precision::Fp16, target, ..ExportOptions::OPTIMISED };
            check_export(&config, &options, HALF_TOLERANCE);
        }
    }
}

#[test]
fn scenes_are_linear_in_the_views() {
    let config = voxel(1, true);
    let graphs = build_graphs_with(&voxel_checkpoint(&config), &ExportOptions::OPTIMISED);
    let mut engine = engine(&graphs);
    let side = config.image_size;
    let (frames, poses) = (numbers(&[2, 3, side, side], 0.1), poses(&config, 2, 0));
    let together = engine.represent(&frames, &poses).expect("a scene");
    let of = |tensor: &Tensor, view: usize| tensor.select(ndarray::Axis(0), &[view]);
    let singly = [0, 1].map(|view| engine.represent(&of(&frames, view), &of(&poses, view)));
    let [first, second] = singly.map(|scene| scene.expect("a scene"));
    check_close("the sum", &(first + second), &together, TOLERANCE);
}

#[test]
fn the_drawing_graph_ends_with_the_generators_picture() {
    for config in [voxel(1, true), voxel(2, false)] {
        for winograd in [Winograd::On, Winograd::Off] {
            let options = ExportOptions { winograd, ..ExportOptions::OPTIMISED };
            let graphs = build_graphs_with(&voxel_checkpoint(&config), &options);
            let [_, expected] = run(&config, &graphs, 1, 1);
            let drawing = graphs.drawing.clone().expect("a drawing graph");
            let drawing = with_own_weights(&drawing, &graphs.generator);
            let drawing = Graphs { generator: drawing, ..graphs };
            let [_, pictures] = run(&config, &drawing, 1, 1);
            assert_eq!(pictures.shape()[0], config.steps);
            let last = pictures.select(ndarray::Axis(0), &[config.steps - 1]);
            check_close("the last picture", &last, &expected, TOLERANCE);
            let first = pictures.select(ndarray::Axis(0), &[0]);
            assert!((&first - &expected).iter().any(|d| d.abs() > 100.0 * TOLERANCE));
        }
    }
}

#[test]
fn metadata_names_the_geometry() {
    let config = voxel(2, true);
    let checkpoint = voxel_checkpoint(&config);
    for options in [ExportOptions::REFERENCE, ExportOptions::OPTIMISED] {
        let graphs = build_graphs_with(&checkpoint, &options);
        let drawing = graphs.drawing.iter();
        for graph in [&graphs.representation, &graphs.generator].into_iter().chain(drawing) {
            let model = parse(graph);
            let entry = model.metadata_props.iter().find(|entry| entry.key == "gqn_voxel");
            let json = &entry.expect("the geometry").value;
            let found: VoxelConfig = serde_json::from_str(json).expect("JSON of a geometry");
            assert_eq!(Some(found), config.voxel);
        }
    }
}

#[test]
fn no_draw_step_reads_the_scene() {
    for options in [
        ExportOptions::OPTIMISED,
        ExportOptions { winograd: Winograd::Off, ..ExportOptions::OPTIMISED },
    ] {
        let config = Preset::Edge.config();
        let zeros = gqn_formats::parameters(&config)
            .into_iter()
            .map(|parameter| (parameter.name, Tensor::zeros(parameter.shape)));
        let checkpoint = Checkpoint {
            tensors: zeros.collect(),
            config: config.clone(),
            ..voxel_checkpoint(&voxel(1, true))
        };
        let graph = parse(&build_graphs_with(&checkpoint, &options).generator).graph.unwrap();
        let first_step = graph.node.iter().position(|node| node.name.starts_with("step0/"));
        let last_of_scene = graph.node.iter().rposition(|node| {
            ["renderer/", "camera/", "rays/"].iter().any(|scope| node.name.starts_with(scope))
        });
        assert!(last_of_scene < first_step);
        let shapes = graph.input.iter().find(|input| input.name == "scene").expect("a scene");
        let dims = &shapes.type_.tensor_type().shape.dim;
        let dims: Vec<i64> = dims.iter().map(Dimension::dim_value).collect();
        assert_eq!(dims, [1, 6, 24, 24, 37]);
    }
}

#[test]
fn multiply_adds_by_hand() {
    // The tower at 32×32 and 16×16 with R = 32, D = 16; sampling takes 4 products a number: 51 channels for 3456 cells. A
    // ray takes 9 products, a cell 9 to be turned.
    let (half, quarter, cells) = (32 * 32, 16 * 16, 24 * 24 * 6);
    let tower = 3 * 32 * 4 * half
        + 32 * 32 * 4 * quarter
        + 32 * 16 * 9 * half
        + 16 * 32 * 4 * quarter
        + (38 * 32 * 9 + 38 * 16 * 9 + 16 * 32 * 9 + 32 * 48) * quarter;
    let geometry = 9 * quarter + 9 * cells;
    let config = Preset::Edge.config();
    let [representation, generator] = summarize(&config, &ExportOptions::REFERENCE);
    assert_eq!(representation.multiply_adds, tower + geometry + 4 * 51 * cells);
    // The generator: per-cell layers, two maps of rays, 192 channels at 4096 points, opacity, what each sample sees of those
    // before it, mix, RGB skip; four steps of gates (48 + 3 + 6 + 64 channels), prior, up-sampler; observation.
    let samples = 16 * quarter;
    let renderer = cells * (37 * 64 + 64 * 32)
        + 2 * 9 * quarter
        + samples * (4 * 192 + 32 + 16)
        + quarter * (32 * 64 + 32 * 48 * 9);
    let step = quarter * (121 * 192 * 25 + 48 * 6 * 25 + 48 * 16 * 16);
    assert_eq!(generator.multiply_adds, renderer + 4 * step + 16 * 3 * 64 * 64);
}
