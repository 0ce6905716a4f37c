//! What one stage of the pipeline writes and another reads: model sizes, parameter names, checkpoints, packages.
//!
//! Not a place for arithmetic: nothing here evaluates a network, and nothing here knows libtorch or ONNX.
//!
//! | file | holds |
//! |---|---|
//! | `config.rs` | [`ModelConfig`]: everything that must be equal for weights to be interchangeable |
//! | `voxel.rs` | [`VoxelConfig`]: the geometry of a voxel model |
//! | `preset.rs` | [`Preset`]: the named sizes, such as `paper` and `edge` |
//! | `parameter.rs` | [`parameters`]: the one list of names and shapes, derived from the config |
//! | `checkpoint.rs` | [`Checkpoint`]: weights with config, step and provenance |
//! | `gate.rs` | [`Gate`]: the order of an LSTM cell's gates |
//! | `tensor_file.rs` | [`TensorFile`]: named tensors and metadata in one safetensors file |
//! | `ports.rs` | [`GraphPorts`]: names, element types and shapes of the graphs' inputs and outputs |
//! | `manifest.rs` | [`Manifest`]: the contract of a package |
//! | `graph_metadata.rs` | [`Manifest::check_graph`]: was a graph made for the cameras of its manifest? |
//! | `package.rs` | [`Package`]: a package's files, checked against its manifest |
//! | `views.rs` | [`Views`]: pictures and the cameras that took them |
//! | `plausible.rs` | [`Manifest::camera_warnings`]: cameras that a model can make nothing of |
//! | `external_data.rs` | [`external_locations`]: files that a graph keeps numbers in; [`onnx_metadata`] |
//! | `foreign.rs` | [`Foreign`]: what a file is that was to be something else |
//! | `text.rs` | [`decode_text`]: text as editors save it |
//! | `error.rs` | [`FormatError`] |
//!
//! The formats are specified in `docs/formats.md`; the letters of the shapes in `ARCHITECTURE.md`.
//!
//! The parameters of a model follow from its sizes:
//!
//! ```
//! use gqn_formats::{Preset, parameters};
//!
//! let config = Preset::Edge.config();
//! let gates = parameters(&config)
//!     .into_iter()
//!     .find(|parameter| parameter.name == "generation_core.gates.weight")
//!     .expect("every model has a generation core");
//! assert_eq!(gates.shape[0], 4 * config.hidden_channels);
//! ```

mod checkpoint;
mod config;
mod error;
mod external_data;
mod foreign;
mod gate;
mod graph_metadata;
mod manifest;
mod package;
mod parameter;
mod plausible;
mod ports;
mod preset;
mod tensor_file;
mod text;
mod views;
mod voxel;

pub use checkpoint::{Checkpoint, Provenance};
pub use config::{ModelConfig, RepresentationKind, UpsampleR};
pub use error::FormatError;
pub use external_data::{external_locations, onnx_metadata};
pub use foreign::Foreign;
pub use gate::Gate;
pub use manifest::{
    FileEntry, MANIFEST_FORMAT, Manifest, Precision, PrecisionError, Variant, sha256_hex,
};
pub use package::Package;
pub use parameter::{Parameter, ParameterKind, parameters};
pub use ports::{Dim, GraphPorts, Port, names};
pub use preset::Preset;
pub use tensor_file::{Element, Tensor, TensorFile};
pub use text::decode_text;
pub use views::{View, Views};
pub use voxel::{VoxelConfig, world_field_of_view};
