use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, Variant, names};

use crate::graph::{Graph, OnnxFile, Storage, encode};
use crate::model::Gqn;

/// Weights beyond this many bytes leave the model's file, which protobuf limits to 2 GB. The unshared paper preset
/// (1.1 GB) stays in one file.
const EXTERNAL_DATA_LIMIT: u64 = 1_500_000_000;

/// What the exporter may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// Which graph to write.
    pub variant: Variant,
    /// Bytes of weights above which a graph keeps them in a file beside it; at most 1.9e9.
    pub external_data_limit: u64,
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self { variant: Variant::Reference, external_data_limit: EXTERNAL_DATA_LIMIT }
    }
}

/// A checkpoint's graphs as ONNX models.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graphs {
    /// Content of `representation.onnx`.
    pub representation: Vec<u8>,
    /// Content of `generator.onnx`.
    pub generator: Vec<u8>,
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

/// The graphs of a checkpoint.
///
/// # Panics
/// As [`build_graphs`].
pub fn build_graphs_with(checkpoint: &Checkpoint, options: &ExportOptions) -> Graphs {
    let Variant::Reference = options.variant;
    let model = Gqn::new(&checkpoint.config);
    let mut external_data = BTreeMap::new();
    let [representation, generator] = [
        (model.representation_graph(), names::REPRESENTATION_FILE),
        (model.generator_graph(), names::GENERATOR_FILE),
    ]
    .map(|(graph, file)| {
        let beside = format!("{file}.data");
        let storage = if graph.weight_bytes() > options.external_data_limit {
            Storage::Beside(&beside)
        } else {
            Storage::Inline
        };
        let OnnxFile { model, external_data: data } =
            encode(&graph, &checkpoint.tensors, &metadata(checkpoint, options), storage);
        external_data.extend(data.map(|data| (beside, data)));
        model
    });
    Graphs { representation, generator, external_data }
}

/// What a graph says about itself to whoever opens it without its manifest.
fn metadata(checkpoint: &Checkpoint, options: &ExportOptions) -> BTreeMap<String, String> {
    let json = |value: serde_json::Result<String>| value.expect("plain data is JSON");
    BTreeMap::from([
        ("gqn_config".to_owned(), json(serde_json::to_string(&checkpoint.config))),
        ("gqn_pose_encoding".to_owned(), checkpoint.config.pose_encoding.to_string()),
        ("gqn_variant".to_owned(), options.variant.name().to_owned()),
        ("gqn_step".to_owned(), checkpoint.step.to_string()),
    ])
}

impl Graph {
    /// Bytes of the weights in single precision.
    pub(crate) fn weight_bytes(&self) -> u64 {
        4 * self.parameters()
    }

    /// Number of scalars in the weights.
    pub(crate) fn parameters(&self) -> u64 {
        self.weights.iter().map(|(_, shape)| shape.iter().product::<usize>() as u64).sum()
    }
}
