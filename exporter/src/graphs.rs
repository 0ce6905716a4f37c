//! A checkpoint's graphs as bytes: structure by the options, numbers from the checkpoint and a calibration.

use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, ModelConfig, Precision, Tensor, Variant, names};

use crate::graph::{Graph, OnnxFile, Storage, encode};
use crate::model::Gqn;
use crate::optimise::{CalibrationGraph, OptimisedGqn, Pass, ablated};
use crate::options::ExportOptions;
use crate::precision::{compute_in_half, store_in_half};

/// Where a graph says what it was written for.
pub(crate) const TARGET_KEY: &str = "gqn_target";

/// Where it says whether Winograd was asked for.
pub(crate) const WINOGRAD_KEY: &str = "gqn_winograd";

/// A checkpoint's graphs as ONNX models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graphs {
    /// Content of `representation.onnx`.
    pub representation: Vec<u8>,
    /// Content of `generator.onnx`.
    pub generator: Vec<u8>,
    /// Content of `drawing.onnx`, which the optimised variant has. Its weights are those inside `generator.onnx`.
    pub drawing: Option<Vec<u8>>,
    /// Files that must stand beside the graphs, by name: empty unless weights are too large for one file.
    pub external_data: BTreeMap<String, Vec<u8>>,
}

/// The graphs of a checkpoint, with the default options.
///
/// # Panics
/// If the checkpoint lacks a weight of its config or one has another shape; [`Checkpoint::check`] finds it first,
/// and did when the checkpoint was read from bytes.
pub fn build_graphs(checkpoint: &Checkpoint) -> Graphs {
    build_graphs_with(checkpoint, &ExportOptions::default())
}

/// The graphs of a checkpoint. What is quantised to eight bits needs a calibration: see [`build_graphs_from`].
///
/// # Panics
/// As [`build_graphs`].
pub fn build_graphs_with(checkpoint: &Checkpoint, options: &ExportOptions) -> Graphs {
    build_graphs_from(checkpoint, &BTreeMap::new(), options)
}

/// The graphs of a checkpoint; `calibration` holds what [`calibrate`](crate::calibrate) found, if they are quantised.
///
/// # Panics
/// As [`build_graphs`], or if the calibration lacks a range.
pub fn build_graphs_from(
    checkpoint: &Checkpoint,
    calibration: &BTreeMap<String, Tensor>,
    options: &ExportOptions,
) -> Graphs {
    let structure = Structure::new(&checkpoint.config, options);
    let mut numbers: BTreeMap<&str, &Tensor> = BTreeMap::new();
    for (name, tensor) in checkpoint.tensors.iter().chain(calibration) {
        numbers.insert(name, tensor);
    }
    let metadata = metadata(checkpoint, options);
    let mut external_data = BTreeMap::new();
    let [representation, generator] = [
        (&structure.representation, names::REPRESENTATION_FILE),
        (&structure.generator, names::GENERATOR_FILE),
    ]
    .map(|(graph, file)| {
        let beside = format!("{file}.data");
        let storage = if graph.weight_bytes() > options.external_data_limit {
            Storage::Beside(&beside)
        } else {
            Storage::Inline
        };
        let OnnxFile { model, external_data: data } = encode(graph, &numbers, &metadata, storage);
        external_data.extend(data.map(|data| (beside, data)));
        model
    });
    let beside = format!("{}.data", names::GENERATOR_FILE);
    let storage = match external_data.get(&beside) {
        Some(content) => Storage::Shared { location: &beside, content },
        None => Storage::Shared { location: names::GENERATOR_FILE, content: &generator },
    };
    let drawing = structure.drawing.map(|graph| encode(&graph, &numbers, &metadata, storage).model);
    Graphs { representation, generator, drawing, external_data }
}

/// The representation graph and what a calibration sees of the generator; none if there is nothing to quantise.
pub(crate) fn calibration_graphs(
    config: &ModelConfig,
    options: &ExportOptions,
) -> Option<(Graph, CalibrationGraph)> {
    let model = OptimisedGqn::new(config, options.convolution(config));
    Some((model.representation_graph(), model.calibration_graph()?))
}

/// The representation graph and the one that renders a picture a step, as on a CPU.
pub(crate) fn drawing_graphs(config: &ModelConfig) -> [Graph; 2] {
    let model = OptimisedGqn::new(config, ExportOptions::OPTIMISED.convolution(config));
    [model.representation_graph(), model.drawing_graph()]
}

/// The graphs of a checkpoint with some of the rewrites, in single precision: to hold each rewrite against the reference.
///
/// # Panics
/// As [`build_graphs`], or if Winograd is among them.
pub fn build_ablated(checkpoint: &Checkpoint, passes: &[Pass]) -> Graphs {
    let [representation, generator] =
        ablated(&checkpoint.config, passes).map(|graph| encode_alone(&graph, checkpoint));
    Graphs { representation, generator, drawing: None, external_data: BTreeMap::new() }
}

/// A graph that needs no other file.
pub(crate) fn encode_alone(graph: &Graph, checkpoint: &Checkpoint) -> Vec<u8> {
    let numbers = checkpoint.tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    encode(graph, &numbers, &BTreeMap::new(), Storage::Inline).model
}

/// The graphs without their numbers.
#[derive(Debug)]
pub(crate) struct Structure {
    pub(crate) representation: Graph,
    pub(crate) generator: Graph,
    pub(crate) drawing: Option<Graph>,
}

impl Structure {
    pub(crate) fn new(config: &ModelConfig, options: &ExportOptions) -> Self {
        let mut structure = Self::in_single(config, options);
        let graphs = [&mut structure.representation, &mut structure.generator];
        for graph in graphs.into_iter().chain(&mut structure.drawing) {
            match options.precision {
                Precision::Fp32 => {}
                Precision::Fp16 if options.target.computes_in_half() => compute_in_half(graph),
                Precision::Fp16 | Precision::Int8 => store_in_half(graph, options.grain),
            }
        }
        structure
    }

    fn in_single(config: &ModelConfig, options: &ExportOptions) -> Self {
        match options.variant {
            Variant::Reference => {
                let model = Gqn::new(config);
                Self {
                    representation: model.representation_graph(),
                    generator: model.generator_graph(),
                    drawing: None,
                }
            }
            Variant::Optimised => {
                let model = OptimisedGqn::new(config, options.convolution(config));
                Self {
                    representation: model.representation_graph(),
                    generator: model.generator_graph(),
                    drawing: Some(model.drawing_graph()),
                }
            }
        }
    }
}

/// What a graph says about itself to whoever opens it without its manifest.
fn metadata(checkpoint: &Checkpoint, options: &ExportOptions) -> BTreeMap<String, String> {
    let json = |value: serde_json::Result<String>| value.expect("plain data is JSON");
    let voxel = checkpoint.config.voxel.as_ref();
    let voxel =
        voxel.map(|voxel| (names::GRAPH_VOXEL.to_owned(), json(serde_json::to_string(voxel))));
    let mut metadata = BTreeMap::from([
        ("gqn_config".to_owned(), json(serde_json::to_string(&checkpoint.config))),
        (names::GRAPH_POSE_ENCODING.to_owned(), checkpoint.config.pose_encoding.to_string()),
        ("gqn_variant".to_owned(), options.variant.name().to_owned()),
        ("gqn_precision".to_owned(), options.precision.name().to_owned()),
        (TARGET_KEY.to_owned(), options.target.name().to_owned()),
        (WINOGRAD_KEY.to_owned(), options.winograd.name().to_owned()),
        ("gqn_step".to_owned(), checkpoint.step.to_string()),
    ]);
    metadata.extend(voxel);
    metadata
}
