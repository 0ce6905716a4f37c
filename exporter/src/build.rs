use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, GraphPorts, ModelConfig, Port, Precision, Tensor, Variant, names};

use crate::error::ExportError;
use crate::graph::{Graph, OnnxFile, Storage, Weight, encode};
use crate::model::Gqn;
use crate::optimise::{Convolution, Gates, OptimisedGqn, Pass, ProbeGraph, Tile, Tiles, staged};
use crate::precision::{compute_in_half, store_in_half};

/// Weights beyond this many bytes leave the model's file, which protobuf limits to 2 GB. The unshared paper preset
/// (1.1 GB) stays in one file.
const EXTERNAL_DATA_LIMIT: u64 = 1_500_000_000;

/// Hidden channels from which on Winograd pays on a CPU.
const WINOGRAD_CHANNELS: usize = 32;

/// Where a graph says what it was written for.
pub(crate) const TARGET_KEY: &str = "gqn_target";

/// Where it says whether Winograd was asked for.
pub(crate) const WINOGRAD_KEY: &str = "gqn_winograd";

/// Bytes of what a processor's core keeps at hand, in its second cache.
const CACHE_BYTES: usize = 1 << 20;

/// Whether the recurrent convolution is Winograd's, which takes fewer multiplications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Winograd {
    /// Where it pays: on CPUs, for models that are not too small.
    #[default]
    Auto,
    /// Always: F(4×4, 5×5), 6.25 times fewer.
    On,
    /// Always, in smaller tiles: F(2×2, 5×5), 2.8 times fewer, with about 40 % of the rounding errors.
    Fine,
    /// Never.
    Off,
}

impl Winograd {
    const ALL: [Self; 4] = [Self::Auto, Self::On, Self::Fine, Self::Off];

    /// The name used in flags and in graphs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Fine => "fine",
            Self::Off => "off",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

/// What the graphs are to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// ONNX Runtime on a CPU.
    Cpu,
    /// The built-in engine in a browser.
    Wasm,
    /// ONNX Runtime on CUDA, whose direct convolutions are fast.
    Cuda,
    /// ONNX Runtime on `TensorRT`.
    TensorRt,
    /// Anything, in doubt a CPU.
    #[default]
    All,
}

impl Target {
    const ALL: [Self; 5] = [Self::Cpu, Self::Wasm, Self::Cuda, Self::TensorRt, Self::All];

    /// The name used in flags and in graphs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wasm => "wasm",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::All => "all",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    fn has_slow_convolutions(self) -> bool {
        !self.computes_in_half()
    }

    /// Whether its arithmetic in half precision is faster than that in single precision.
    pub(crate) fn computes_in_half(self) -> bool {
        matches!(self, Self::Cuda | Self::TensorRt)
    }
}

/// What the exporter may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// Which graph to write.
    pub variant: Variant,
    /// Whether the optimised variant's recurrent convolution is Winograd's.
    pub winograd: Winograd,
    /// Where the graphs are to run.
    pub target: Target,
    /// How numbers are stored, and computed where the target does.
    pub precision: Precision,
    /// Bytes of weights above which a graph keeps them in a file beside it; at most 1.9e9.
    pub external_data_limit: u64,
}

impl ExportOptions {
    /// The direct translation of the trained graph.
    pub const REFERENCE: Self = Self {
        variant: Variant::Reference,
        winograd: Winograd::Auto,
        target: Target::All,
        precision: Precision::Fp32,
        external_data_limit: EXTERNAL_DATA_LIMIT,
    };

    /// The same function with less arithmetic.
    pub const OPTIMISED: Self = Self { variant: Variant::Optimised, ..Self::REFERENCE };
}

impl ExportOptions {
    /// How the recurrent convolution is computed.
    ///
    /// # Panics
    /// If Winograd is asked for and tiles do not cover the state; [`ExportOptions::check`] refuses it first.
    pub(crate) fn convolution(&self, config: &ModelConfig) -> Convolution {
        let pays = config.hidden_channels >= WINOGRAD_CHANNELS && Tiles::fit(config, Tile::Usual);
        let tile = match self.winograd {
            Winograd::On => Some(Tile::Usual),
            Winograd::Fine => Some(Tile::Fine),
            Winograd::Auto => (pays && self.target.has_slow_convolutions()).then_some(Tile::Usual),
            Winograd::Off => None,
        };
        match (self.precision, tile) {
            (Precision::Int8, Some(tile)) => Convolution::QuantisedLines(tile),
            (Precision::Int8, None) => Convolution::Quantised,
            (_, Some(tile)) => Convolution::Winograd(tile, self.gates(config, tile)),
            (_, None) => Convolution::Direct,
        }
    }

    /// Whether the gates are computed apart: where all products of a step together would leave the cache. For ONNX Runtime
    /// alone it pays earlier; for tract every operator costs more.
    fn gates(&self, config: &ModelConfig, tile: Tile) -> Gates {
        let bytes = Tiles::product_bytes(config, tile);
        let cache = if self.target == Target::Cpu { CACHE_BYTES / 2 } else { CACHE_BYTES };
        if bytes > cache { Gates::Apart } else { Gates::Together }
    }

    /// Whether these choices fit one another and the model.
    ///
    /// # Errors
    /// [`ExportError::Tiles`] if Winograd is asked for and its tiles do not cover the state;
    /// [`ExportError::Precision`] if it is asked for in half precision, or eight bits of the reference.
    pub fn check(&self, config: &ModelConfig) -> Result<(), ExportError> {
        let refused = |because, hint| {
            Err(ExportError::Precision { precision: self.precision.name(), because, hint })
        };
        let half = self.precision == Precision::Fp16 && self.target.computes_in_half();
        if self.precision == Precision::Int8 && self.variant == Variant::Reference {
            return refused("the reference variant is not quantised", "leave out `--variant`");
        }
        if self.precision == Precision::Int8 && self.target == Target::Wasm {
            let because = "the engine in a browser has no eight-bit arithmetic";
            return refused(because, "`--precision fp16` halves the package there");
        }
        let tile = match self.winograd {
            Winograd::On => Tile::Usual,
            Winograd::Fine => Tile::Fine,
            Winograd::Auto | Winograd::Off => return Ok(()),
        };
        if half {
            let because = "Winograd's transforms take more bits than it has";
            return refused(because, "leave out `--winograd`");
        }
        if !Tiles::fit(config, tile) {
            return Err(ExportError::Tiles { side: config.hidden_size(), tile: tile.side() });
        }
        Ok(())
    }
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self::OPTIMISED
    }
}

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
pub(crate) fn probe_graphs(
    config: &ModelConfig,
    options: &ExportOptions,
) -> Option<(Graph, ProbeGraph)> {
    let model = OptimisedGqn::new(config, options.convolution(config));
    Some((model.representation_graph(), model.probe_graph()?))
}

/// The representation graph and the one that paints a picture a step, as on a CPU.
pub(crate) fn drawing_graphs(config: &ModelConfig) -> [Graph; 2] {
    let model = OptimisedGqn::new(config, ExportOptions::OPTIMISED.convolution(config));
    [model.representation_graph(), model.drawing_graph()]
}

/// The graphs of a checkpoint with some of the rewrites, in single precision: to hold each rewrite against the reference.
///
/// # Panics
/// As [`build_graphs`], or if Winograd is among them.
pub fn build_staged(checkpoint: &Checkpoint, passes: &[Pass]) -> Graphs {
    let [representation, generator] =
        staged(&checkpoint.config, passes).map(|graph| encode_alone(&graph, checkpoint));
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
                Precision::Fp16 | Precision::Int8 => store_in_half(graph),
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

impl Graph {
    /// Inputs and outputs.
    pub(crate) fn ports(&self) -> GraphPorts {
        let ports = |list: &[(Port, &str)]| list.iter().map(|(port, _)| port.clone()).collect();
        GraphPorts { inputs: ports(&self.inputs), outputs: ports(&self.outputs) }
    }

    /// Bytes of the weights as they are stored.
    pub(crate) fn weight_bytes(&self) -> u64 {
        self.weights.iter().map(Weight::bytes).sum()
    }

    /// Number of scalars in the weights.
    pub(crate) fn parameters(&self) -> u64 {
        self.weights.iter().map(Weight::elements).sum()
    }
}
