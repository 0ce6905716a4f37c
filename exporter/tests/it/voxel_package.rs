//! Packages of voxel models: eight bits, model card, what `inspect` says, external data, and what is refused.

use gqn_exporter::{
    Calibration, ExportError, ExportOptions, Measurements, SceneSource, Winograd,
    build_graphs_from, build_graphs_with, calibrate, export, inspect, summarize, write_package,
};
use gqn_formats::{FormatError, Precision, View, Views, names};
use gqn_runtime_native::OnnxRuntime;
use gqn_scenes::{Camera, Split, World};
use gqn_system::Overwrite;

use crate::support::{parse, sample};
use crate::voxel::{check_close, reference, run};
use crate::voxel_support::{voxel, voxel_checkpoint, voxel_kinds};

/// Eight bits in the recurrent convolution of random weights, over three steps.
const INT8_TOLERANCE: f32 = 0.05;

#[test]
fn eight_bits_are_near() {
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    let scenes = SceneSource::World(World::RoomsRingCamera);
    for config in [voxel(1, true), voxel(2, false)] {
        let checkpoint = voxel_checkpoint(&config);
        let [_, expected] = run(&config, &reference(&checkpoint), 2, 2);
        for winograd in [Winograd::On, Winograd::Off] {
            let precision = Precision::Int8;
            let options = ExportOptions { precision, winograd, ..ExportOptions::OPTIMISED };
            let ranges = calibrate(runtime, &checkpoint, &options, &scenes, Calibration::MinMax);
            let ranges = ranges.expect("ranges");
            assert!(!ranges.is_empty(), "nothing is quantised");
            let graphs = build_graphs_from(&checkpoint, &ranges, &options);
            let [_, found] = run(&config, &graphs, 2, 2);
            check_close(&format!("{winograd:?} of {config:?}"), &found, &expected, INT8_TOLERANCE);
        }
    }
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    for config in voxel_kinds() {
        for precision in [Precision::Fp32, Precision::Fp16] {
            let options = ExportOptions { precision, ..ExportOptions::OPTIMISED };
            let build = || build_graphs_with(&voxel_checkpoint(&config), &options);
            assert_eq!(build(), build());
        }
    }
}

#[test]
fn weights_beside_the_graph_are_the_same_weights() {
    let config = voxel(2, true);
    let checkpoint = voxel_checkpoint(&config);
    let inline = build_graphs_with(&checkpoint, &ExportOptions::OPTIMISED);
    let options = ExportOptions { external_data_limit: 0, ..ExportOptions::OPTIMISED };
    let beside = build_graphs_with(&checkpoint, &options);
    let files: Vec<_> = beside.external_data.keys().map(String::as_str).collect();
    assert_eq!(files, ["generator.onnx.data", "representation.onnx.data"]);
    assert_eq!(run(&config, &beside, 2, 2), run(&config, &inline, 2, 2));
}

#[test]
fn card_and_inspection_say_the_geometry_and_every_rewrite() {
    let config = voxel(2, true);
    let checkpoint = voxel_checkpoint(&config);
    let sample = sample(&config, "origin");
    let options = ExportOptions { winograd: Winograd::On, ..ExportOptions::OPTIMISED };
    let files = export(&checkpoint, "origin", &sample, &options, &Measurements::default());
    let files = files.expect("a package");
    let card = String::from_utf8(files[names::CARD_FILE].clone()).expect("text");
    for text in [
        "| representation (R) | voxel, 8 channels |",
        "| cells (X×Y×Z) | 7×5×3, centres from (-1.1, -0.9, 0) to (1, 1.1, 0.7) |",
        "| depth samples (D), world units | 6 from 0.1 to 2.6 |",
        "| rays for each position (q×q) | 2×2 |",
        "| rendered channels (C) | 9 |",
        "radians, 50.0° |",
    ] {
        assert!(card.contains(text), "no `{text}` in the card:\n{card}");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("package");
    write_package(&files, &out, Overwrite::Refuse).expect("a folder");
    let text = inspect(&out).expect("a package").to_string();
    for graph in summarize(&config, &options) {
        assert!(text.contains(&graph.to_string()), "no\n{graph}in\n{text}");
        assert!(graph.operators["Gather"] > 0 && graph.operators["MatMul"] > 0, "{graph}");
    }
    for rewrite in ["strip", "hoist scene", "hoist pose", "first step", "merge", "Winograd"] {
        assert!(text.contains(rewrite), "no `{rewrite}` in\n{text}");
    }
}

#[test]
fn only_known_operators_are_written() {
    const KNOWN: [&str; 39] = [
        "Abs",
        "Add",
        "AveragePool",
        "Cast",
        "Clip",
        "Concat",
        "ConstantOfShape",
        "Conv",
        "ConvTranspose",
        "DepthToSpace",
        "DequantizeLinear",
        "Div",
        "Exp",
        "Expand",
        "Floor",
        "Gather",
        "GridSample",
        "MatMul",
        "Max",
        "Min",
        "Mul",
        "Neg",
        "QuantizeLinear",
        "Range",
        "ReduceMean",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Shape",
        "Sigmoid",
        "Softmax",
        "Softplus",
        "Split",
        "Sqrt",
        "Squeeze",
        "Sub",
        "Tanh",
        "Transpose",
        "Unsqueeze",
    ];
    for config in voxel_kinds() {
        for options in [ExportOptions::REFERENCE, ExportOptions::OPTIMISED] {
            let graphs = build_graphs_with(&voxel_checkpoint(&config), &options);
            let drawing = graphs.drawing.iter();
            for graph in [&graphs.representation, &graphs.generator].into_iter().chain(drawing) {
                for node in parse(graph).graph.unwrap().node {
                    assert!(KNOWN.contains(&node.op_type.as_str()), "{}", node.op_type);
                }
            }
        }
    }
}

#[test]
fn pictures_of_other_cameras_are_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let camera = Camera { position: [1.0, 0.0, 0.3], yaw: 3.0, pitch: 0.0 };
    let mut views = Views::new(vec![View::new(Some("0.png".into()), &camera)]);
    views.field_of_view = Some(1.2);
    std::fs::write(folder.path().join("views.json"), views.to_json()).expect("a file");
    let scenes = SceneSource::Folder(folder.path().to_owned());
    let error = scenes.views(&voxel(1, true), Split::Test, 1).expect_err("another field of view");
    assert!(
        matches!(&error, ExportError::Format(FormatError::FieldOfView { found, .. }) if *found > 1.1),
        "{error}"
    );
    // Rendered worlds' cameras have 50 degrees.
    let mut wide = voxel(1, true);
    wide.voxel.as_mut().expect("a geometry").field_of_view = 1.2;
    let world = SceneSource::World(World::RoomsRingCamera);
    world.views(&voxel(1, true), Split::Test, 1).expect("the same field of view");
    let error = world.views(&wide, Split::Test, 1).expect_err("another field of view");
    assert!(
        matches!(&error, ExportError::Format(FormatError::RenderedFieldOfView { .. })),
        "{error}"
    );
}
