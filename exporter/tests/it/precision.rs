//! Graphs in less than single precision: what they store, what is refused, and that the same is always the same.

use std::collections::{BTreeMap, BTreeSet};

use gqn_exporter::{
    ExportError, ExportOptions, Graphs, Measurements, SceneSource, Target, Winograd,
    build_graphs_from, export, shortened, uncalibrated,
};
use gqn_formats::{ModelConfig, Package, Precision, Preset, Tensor, Variant, names, parameters};
use gqn_scenes::{Split, World};
use onnx_protobuf::GraphProto;

use crate::support::{checkpoint, every_kind, parse, sample};

/// ONNX's numbers of element types.
const FLOAT: i32 = 1;
const INT8: i32 = 3;
const HALF: i32 = 10;

const FP16: ExportOptions =
    ExportOptions { precision: Precision::Fp16, ..ExportOptions::OPTIMISED };
const INT8_GRAPHS: ExportOptions =
    ExportOptions { precision: Precision::Int8, ..ExportOptions::OPTIMISED };
const HALF_COMPUTED: ExportOptions = ExportOptions { target: Target::TensorRt, ..FP16 };

fn built(config: &ModelConfig, options: &ExportOptions) -> Graphs {
    build_graphs_from(&checkpoint(config), &uncalibrated(config, options), options)
}

fn generator(config: &ModelConfig, options: &ExportOptions) -> GraphProto {
    parse(&built(config, options).generator).graph.unwrap()
}

/// Bytes of `generator.onnx` of the paper preset with a shared core.
fn paper_bytes(options: &ExportOptions) -> usize {
    let config = ModelConfig { shared_core: true, ..Preset::Paper.config() };
    let mut checkpoint = shortened(&checkpoint(&every_kind()[0]), 1).expect("a step");
    checkpoint.tensors = parameters(&config)
        .into_iter()
        .filter(|parameter| !parameter.training_only())
        .map(|parameter| (parameter.name, Tensor::zeros(parameter.shape)))
        .collect();
    checkpoint.config = config.clone();
    build_graphs_from(&checkpoint, &uncalibrated(&config, options), options).generator.len()
}

#[test]
fn sizes_of_the_paper_preset() {
    let sizes = [ExportOptions::OPTIMISED, FP16, INT8_GRAPHS].map(|options| paper_bytes(&options));
    let limits = [8_000_000, 4_000_000, 3_500_000];
    assert!(sizes.iter().zip(limits).all(|(size, limit)| *size <= limit), "{sizes:?} {limits:?}");
}

#[test]
fn half_precision_is_cast_once_in_front_of_the_graph() {
    for config in every_kind() {
        let graph = generator(&config, &FP16);
        let halves: BTreeSet<_> = graph
            .initializer
            .iter()
            .filter(|tensor| tensor.data_type == HALF)
            .map(|tensor| tensor.name.as_str())
            .collect();
        assert!(!halves.is_empty());
        assert!(
            !halves
                .iter()
                .any(|name| name.ends_with("canvas_update.weight") || name.ends_with("bias"))
        );
        for (index, node) in graph.node.iter().enumerate() {
            let reads_half = node.input.iter().any(|name| halves.contains(name.as_str()));
            assert_eq!(reads_half, node.op_type == "Cast", "{}", node.name);
            assert_eq!(reads_half, index < halves.len(), "{} is not in front", node.name);
        }
    }
}

#[test]
fn accelerators_compute_convolutions_in_half_and_the_rest_in_single() {
    for config in every_kind() {
        for variant in [Variant::Reference, Variant::Optimised] {
            let graph = generator(&config, &ExportOptions { variant, ..HALF_COMPUTED });
            let infos = graph.value_info.iter().chain(&graph.input).chain(&graph.output);
            let types: BTreeMap<&str, i32> = infos
                .map(|info| (info.name.as_str(), info.type_.tensor_type().elem_type))
                .collect();
            for port in graph.input.iter().chain(&graph.output) {
                assert_eq!(types[port.name.as_str()], FLOAT, "{}", port.name);
            }
            for node in &graph.node {
                let kind = types[node.output[0].as_str()];
                let last = node.name.rsplit('/').next().unwrap_or_default();
                let single = ["kept", "cell", "cell_tanh", "std_dev", "sample"].contains(&last);
                if single {
                    assert_eq!(kind, FLOAT, "{}", node.name);
                }
                if ["gates/conv", "recurrent/conv"].iter().any(|name| node.name.ends_with(name)) {
                    assert_eq!(kind, HALF, "{}", node.name);
                }
            }
        }
    }
}

#[test]
fn integers_are_symmetric_and_stored_once_a_core() {
    let lines = ExportOptions { winograd: Winograd::On, ..INT8_GRAPHS };
    for (config, options) in every_kind()
        .into_iter()
        .flat_map(|config| [INT8_GRAPHS, lines.clone()].map(|o| (config.clone(), o)))
    {
        let graph = generator(&config, &options);
        let integers = |tensor: &&onnx_protobuf::TensorProto| tensor.data_type == INT8;
        let kernels = graph.initializer.iter().filter(integers).filter(|t| t.dims.len() == 4);
        let cores = if config.shared_core { 1 } else { config.steps - 1 };
        assert_eq!(kernels.count(), cores, "{config:?}");
        let converts = ["QuantizeLinear", "DequantizeLinear"];
        for node in graph.node.iter().filter(|node| converts.contains(&node.op_type.as_str())) {
            let zero = graph.initializer.iter().find(|tensor| tensor.name == node.input[2]);
            let zero = zero.expect("a zero point");
            assert!(zero.data_type == INT8 && zero.raw_data.iter().all(|byte| *byte == 0));
        }
        let of = |op: &str| graph.node.iter().filter(|node| node.op_type == op).count();
        assert_eq!(of("QuantizeLinear"), 2 * (config.steps - 1));
    }
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes_in_every_precision() {
    for config in [&every_kind()[3], &every_kind()[4]] {
        for options in [FP16, HALF_COMPUTED, INT8_GRAPHS] {
            assert_eq!(built(config, &options), built(config, &options));
        }
    }
}

#[test]
fn external_data_holds_halves_and_integers() {
    let config = &every_kind()[3];
    for options in [FP16, HALF_COMPUTED, INT8_GRAPHS] {
        let inline = parse(&built(config, &options).generator).graph.unwrap();
        let beside = built(config, &ExportOptions { external_data_limit: 0, ..options });
        let data = &beside.external_data["generator.onnx.data"];
        let graph = parse(&beside.generator).graph.unwrap();
        for (tensor, expected) in graph.initializer.iter().zip(&inline.initializer) {
            assert_eq!((&tensor.name, tensor.data_type), (&expected.name, expected.data_type));
            if tensor.external_data.is_empty() {
                continue;
            }
            let number = |key: &str| {
                let entry = tensor.external_data.iter().find(|entry| entry.key == key);
                entry.expect("an entry").value.parse::<usize>().expect("a number")
            };
            let (offset, length) = (number("offset"), number("length"));
            assert_eq!(data[offset..offset + length], expected.raw_data[..], "{}", tensor.name);
        }
    }
}

#[test]
fn choices_that_do_not_fit_are_refused() {
    let config = Preset::TinyTower.config();
    let refused = |options: ExportOptions| {
        let error = options.check(&config).expect_err("a refusal");
        assert!(matches!(error, ExportError::Precision { .. }), "{error}");
        assert!(error.to_string().contains("hint: "), "{error}");
    };
    refused(ExportOptions { variant: Variant::Reference, ..INT8_GRAPHS });
    refused(ExportOptions { winograd: Winograd::On, ..HALF_COMPUTED });
    for options in [FP16, INT8_GRAPHS] {
        ExportOptions { winograd: Winograd::On, ..options }.check(&config).expect("a choice");
    }
}

#[test]
fn numbers_beyond_half_precision_are_refused_by_name() {
    let mut checkpoint = checkpoint(&every_kind()[0]);
    checkpoint.tensors.get_mut("prior.weight").expect("a weight").fill(70_000.0);
    let sample = sample(&checkpoint.config, "this");
    let error = export(&checkpoint, "this", &sample, &FP16, &Measurements::default())
        .expect_err("65504 is the largest");
    assert!(matches!(error, ExportError::HalfRange { name, .. } if name == "prior.weight"));
}

#[test]
fn a_package_says_its_precision_and_that_nothing_was_measured() {
    let checkpoint = checkpoint(&every_kind()[0]);
    let sample = sample(&checkpoint.config, "this");
    for options in [FP16, INT8_GRAPHS] {
        let calibration = uncalibrated(&checkpoint.config, &options);
        let measurements = Measurements { calibration, ..Measurements::default() };
        let files =
            export(&checkpoint, "this", &sample, &options, &measurements).expect("a package");
        let package = Package::from_files(files).expect("a package");
        assert_eq!(package.manifest.precision, options.precision);
        let card = package.file(names::CARD_FILE).expect("a card").to_vec();
        let card = String::from_utf8(card).expect("text");
        let title = format!("## Precision: {}", options.precision.name());
        assert!(card.contains(&title) && card.contains("was not measured"), "{card}");
    }
}

#[test]
fn scenes_are_named_or_those_of_the_training() {
    let named = |name, data| SceneSource::named(name, data);
    let rooms = SceneSource::World(World::RoomsRingCamera);
    assert_eq!(named(None, "rooms-ring-camera, 10 scenes").expect("a world"), rooms);
    assert_eq!(named(Some("rooms-ring-camera"), "").expect("a world"), rooms);
    assert_eq!(named(Some("a/b"), "").expect("a folder"), SceneSource::Folder("a/b".into()));
    assert!(matches!(named(None, "files"), Err(ExportError::NoScenes { .. })));
}

#[test]
fn views_are_as_many_as_asked_for_and_never_shown() {
    let config = Preset::TinyTower.config();
    let source = SceneSource::World(World::ShepardMetzler5);
    let scenes = source.views(&config, Split::Test, 8).expect("scenes");
    assert_eq!(scenes.iter().map(gqn_exporter::SceneViews::queries).sum::<usize>(), 8);
    let shown: Vec<_> = scenes.iter().map(|scene| scene.context_poses.shape()[0]).collect();
    assert_eq!(shown, [1, 2, 3, 4]);
    for scene in &scenes {
        for query in scene.query_poses.outer_iter() {
            assert!(scene.context_poses.outer_iter().all(|pose| pose != query));
        }
    }
    assert_eq!(scenes, source.views(&config, Split::Test, 8).expect("the same scenes"));
}

#[test]
fn fewer_steps_are_the_first_of_a_checkpoint() {
    for config in every_kind() {
        let whole = checkpoint(&config);
        let short = shortened(&whole, 2).expect("two of three steps");
        short.check("two steps").expect("exactly the parameters of two steps");
        assert!(short.tensors.iter().all(|(name, tensor)| whole.tensors[name] == *tensor));
        for steps in [0, 4] {
            assert!(matches!(shortened(&whole, steps), Err(ExportError::Steps { .. })));
        }
    }
}
