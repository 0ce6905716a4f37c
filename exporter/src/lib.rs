//! From a checkpoint to a package: the ONNX graphs, their contract, a sample to verify them with, a model card.
//!
//! Not a tracer and not a runtime: graphs are written from the config and the weights, and nothing here evaluates
//! them or links libtorch. ONNX files are written, never parsed: what [`inspect`] says about a package's graphs is
//! counted from the structure that the manifest's config stands for.
//!
//! | file | holds |
//! |---|---|
//! | `graph/` | a small typed builder of ONNX graphs |
//! | `model/` | the network, file by file as in the trainer |
//! | `optimise/` | the same function with less arithmetic, rewrite by rewrite |
//! | `build.rs` | [`build_graphs`]: a checkpoint's two graphs as bytes |
//! | `summary.rs` | [`GraphSummary`]: operators, parameters and multiply-adds of a graph |
//! | `sample.rs` | [`check_sample`]: does a sample belong to this checkpoint |
//! | `package.rs` | [`export`]: every file of a package, in memory |
//! | `card.rs` | the model card |
//! | `folder.rs` | [`write_package`]: a package's folder is there whole, or not at all |
//! | `source.rs` | [`Source`]: the checkpoint and the sample that a command line names |
//! | `inspect.rs` | [`inspect`]: what a package or a checkpoint holds |
//! | `error.rs` | [`ExportError`] |
//! | `cli.rs` | the command line of `gqn-export` |

mod build;
mod card;
pub mod cli;
mod error;
mod folder;
mod graph;
mod inspect;
mod model;
mod optimise;
mod package;
mod sample;
mod source;
mod summary;

pub use build::{ExportOptions, Graphs, Target, Winograd, build_graphs, build_graphs_with};
pub use error::ExportError;
pub use folder::{check_place, write_package};
pub use inspect::{Inspection, inspect};
pub use package::export;
pub use sample::check_sample;
pub use source::Source;
pub use summary::{GraphSummary, summarize};
