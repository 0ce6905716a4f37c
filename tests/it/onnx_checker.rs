//! Exported graphs before `PyPI`'s `onnx`: its checker with full shape inference, and what the format promises.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gqn_exporter::{ExportOptions, Target, Winograd, build_graphs_from, uncalibrated};
use gqn_formats::RepresentationKind::{self, Pool, Pyramid, Tower};
use gqn_formats::UpsampleR::{self, Learned, Tile};
use gqn_formats::{
    GraphPorts, ModelConfig, Parameter, Port, Precision, Preset, Variant, names, parameters,
};
use gqn_trainer::model::Gqn;
use serde::Deserialize;
use serde_json::Value;

use crate::programs::{python, run};
use crate::weights::{random_checkpoint, small};

/// What `check_onnx.py` says of a graph that the checker passed.
#[derive(Debug, Deserialize)]
pub(crate) struct GraphFacts {
    pub(crate) file: String,
    pub(crate) ir_version: u64,
    pub(crate) opset: u64,
    domains: Vec<String>,
    inputs: BTreeMap<String, Vec<Value>>,
    outputs: BTreeMap<String, Vec<Value>>,
    initializers: BTreeMap<String, Vec<usize>>,
    nodes: Vec<(String, String)>,
    documented: bool,
    metadata: BTreeMap<String, String>,
    without_shape: Vec<String>,
    contradicted: Vec<String>,
}

/// Has every graph in a folder checked.
#[track_caller]
pub(crate) fn facts(folder: &Path) -> Vec<GraphFacts> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let outcome = run(python().arg(tests.join("it/check_onnx.py")).arg(folder));
    assert_eq!(outcome.code, Some(0), "the checker refused a graph: {}", outcome.stderr);
    let graphs: Vec<GraphFacts> = serde_json::from_str(&outcome.stdout).expect("the script's JSON");
    graphs
}

#[track_caller]
fn check(representation: RepresentationKind, shared_core: bool, upsample_r: UpsampleR) {
    check_config(&small(representation, shared_core, upsample_r));
}

#[track_caller]
fn check_config(config: &ModelConfig) {
    for options in [
        ExportOptions::REFERENCE,
        ExportOptions { winograd: Winograd::Off, ..ExportOptions::OPTIMISED },
        ExportOptions { winograd: Winograd::On, ..ExportOptions::OPTIMISED },
        ExportOptions { precision: Precision::Fp16, ..ExportOptions::OPTIMISED },
        ExportOptions {
            precision: Precision::Fp16,
            target: Target::Cuda,
            ..ExportOptions::OPTIMISED
        },
        ExportOptions { precision: Precision::Int8, ..ExportOptions::OPTIMISED },
        ExportOptions {
            precision: Precision::Int8,
            winograd: Winograd::On,
            ..ExportOptions::OPTIMISED
        },
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let graphs = build_graphs_from(
            &random_checkpoint(config),
            &uncalibrated(config, &options),
            &options,
        );
        let drawing = graphs.drawing.as_ref().map(|graph| (names::DRAWING_FILE, graph));
        let files = [
            (names::REPRESENTATION_FILE, &graphs.representation),
            (names::GENERATOR_FILE, &graphs.generator),
        ];
        for (name, graph) in files.into_iter().chain(drawing) {
            std::fs::write(folder.path().join(name), graph).expect("a file");
        }
        let mut found: BTreeMap<_, _> =
            facts(folder.path()).into_iter().map(|graph| (graph.file.clone(), graph)).collect();
        let mut find = |name| found.remove(name).expect("a graph that was written");
        let (representation, generator) =
            (find(names::REPRESENTATION_FILE), find(names::GENERATOR_FILE));
        let scene = scene_shape(&generator);
        check_graph(&representation, &GraphPorts::representation(config, &scene));
        check_graph(&generator, &GraphPorts::generator(config, &scene));
        if options.variant == Variant::Reference {
            assert_eq!(scene, config.scene_shape());
            check_parameters(config, &representation, &generator);
            check_steps(config, &generator);
        } else {
            check_graph(&find(names::DRAWING_FILE), &GraphPorts::drawing(config, &scene));
        }
        if config.voxel.is_some() {
            for graph in [&representation, &generator] {
                assert!(graph.metadata.contains_key(names::GRAPH_VOXEL), "{}", graph.file);
            }
        }
        assert!(found.is_empty(), "{found:?}");
    }
}

fn scene_shape(generator: &GraphFacts) -> Vec<usize> {
    let axes = &generator.inputs[names::SCENE];
    axes.iter().map(|axis| axis.as_u64().expect("a fixed axis") as usize).collect()
}

#[track_caller]
fn check_graph(graph: &GraphFacts, ports: &GraphPorts) {
    let file = &graph.file;
    assert_eq!((graph.ir_version, graph.opset), (8, 17), "{file}");
    assert_eq!(graph.domains, [""], "{file}: only the default domain");
    assert!(graph.documented, "{file} has no doc strings");
    for key in ["gqn_config", "gqn_pose_encoding", "gqn_step"] {
        assert!(graph.metadata.contains_key(key), "{file}: metadata {:?}", graph.metadata);
    }
    let shapes = |ports: &[Port]| -> BTreeMap<String, Vec<Value>> {
        let axes = |port: &Port| serde_json::to_value(&port.shape).expect("plain data is JSON");
        ports
            .iter()
            .map(|port| (port.name.clone(), axes(port).as_array().expect("a list").clone()))
            .collect()
    };
    assert_eq!(graph.inputs, shapes(&ports.inputs), "inputs of {file}");
    assert_eq!(graph.outputs, shapes(&ports.outputs), "outputs of {file}");
    assert!(graph.without_shape.is_empty(), "{file}, without shape: {:?}", graph.without_shape);
    assert!(graph.contradicted.is_empty(), "{file}: {:?}", graph.contradicted);
    let distinct: BTreeSet<_> = graph.nodes.iter().map(|(name, _)| name).collect();
    assert_eq!(distinct.len(), graph.nodes.len(), "{file}: names of nodes");
    assert!(!distinct.contains(&String::new()), "{file}: a node without a name");
}

/// A parameter has one name: struct field of the trainer = checkpoint key = ONNX initializer, in one of the two graphs.
#[track_caller]
fn check_parameters(config: &ModelConfig, representation: &GraphFacts, generator: &GraphFacts) {
    let expected = |keep: &dyn Fn(&Parameter) -> bool| -> BTreeMap<String, Vec<usize>> {
        parameters(config).into_iter().filter(keep).map(|p| (p.name, p.shape)).collect()
    };
    // The graphs' own small constants have a slash in their names, which no parameter has.
    let found = |graph: &GraphFacts| -> BTreeMap<String, Vec<usize>> {
        let weights = graph.initializers.iter().filter(|(name, _)| !name.contains('/'));
        weights.map(|(name, shape)| (name.clone(), shape.clone())).collect()
    };
    let of_representation = |p: &Parameter| p.name.starts_with("representation.");
    assert_eq!(found(representation), expected(&of_representation));
    let of_generator = |p: &Parameter| !of_representation(p) && !p.training_only();
    assert_eq!(found(generator), expected(&of_generator));
    let in_libtorch: BTreeMap<String, Vec<usize>> = Gqn::new(config, tch::Device::Cpu, 0)
        .parameters()
        .into_iter()
        .map(|(name, tensor)| (name, tensor.size().iter().map(|&size| size as usize).collect()))
        .collect();
    assert_eq!(in_libtorch, expected(&|_| true));
}

/// The steps are unrolled, each under its own number: its gates and its prior are one convolution each.
#[track_caller]
fn check_steps(config: &ModelConfig, generator: &GraphFacts) {
    for part in ["gates", "prior"] {
        let mut convolutions: Vec<_> = generator
            .nodes
            .iter()
            .filter(|(name, op)| op == "Conv" && name.contains(part))
            .map(|(name, _)| name.split('/').next().unwrap_or_default().to_owned())
            .collect();
        convolutions.sort();
        let expected: Vec<_> = (0..config.steps).map(|step| format!("step{step}")).collect();
        assert_eq!(convolutions, expected, "convolutions of the {part}");
    }
}

#[test]
fn pyramid_shared_learned() {
    check(Pyramid, true, Learned);
}

#[test]
fn pyramid_unshared_tiled() {
    check(Pyramid, false, Tile);
}

#[test]
fn tower_shared() {
    check(Tower, true, Tile);
}

#[test]
fn tower_unshared() {
    check(Tower, false, Tile);
}

#[test]
fn pool_shared_tiled() {
    check(Pool, true, Tile);
}

#[test]
fn pool_unshared_learned() {
    check(Pool, false, Learned);
}

/// A grid that is neither cubic nor even.
fn voxel(rays: usize, shared_core: bool) -> ModelConfig {
    let mut voxel = Preset::Tiny.config().voxel;
    if let Some(voxel) = &mut voxel {
        (voxel.cells, voxel.depth_samples, voxel.rays) = ([7, 5, 3], 6, rays);
    }
    ModelConfig { voxel, ..small(RepresentationKind::Voxel, shared_core, Tile) }
}

#[test]
fn voxel_shared() {
    check_config(&voxel(1, true));
}

#[test]
fn voxel_unshared_with_many_rays() {
    check_config(&voxel(2, false));
}
