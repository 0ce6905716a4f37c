//! From a checkpoint to a package: the ONNX graphs, their contract, a sample to verify them with, a model card.
//!
//! Not a tracer and not a runtime: graphs are written from the config and the weights. Where numbers have to be known
//! (the ranges of eight-bit integers, what a precision costs), an engine runs the graphs: ONNX Runtime, loaded at run
//! time. Nothing here links libtorch. ONNX files are written, and of those that are there only the metadata is read: what
//! [`inspect`] says about a package's graphs is counted from the structure that the manifest's config and the choices in
//! that metadata stand for.
//!
//! | file | holds |
//! |---|---|
//! | `graph/` | a small typed builder of ONNX graphs |
//! | `model/` | the network, file by file as in the trainer |
//! | `optimise/` | the same function with less arithmetic, rewrite by rewrite |
//! | `options.rs` | [`ExportOptions`]: what may be chosen, and what fits |
//! | `cost.rs` | the cost model: how the recurrent convolution is the fastest |
//! | `graphs.rs` | [`build_graphs`]: a checkpoint's graphs as bytes |
//! | `precision/` | the passes to half precision |
//! | `scenes.rs` | [`SceneSource`]: views to calibrate and to measure on |
//! | `calibrate.rs` | [`calibrate()`]: the ranges of eight-bit integers from whole rollouts |
//! | `measure.rs` | [`measure_precision_error`], [`measure_steps`]: what a precision, or fewer steps, cost |
//! | `shorten.rs` | [`shortened`]: the model of the first steps, and its sample |
//! | `prepare.rs` | [`prepare()`]: all of these, as far as they are asked for |
//! | `engine.rs` | the graphs on ONNX Runtime's CPU |
//! | `summary.rs` | [`GraphSummary`]: operators, parameters and multiply-adds of a graph |
//! | `sample.rs` | [`check_sample`]: does a sample belong to this checkpoint |
//! | `package.rs` | [`export`]: every file of a package, in memory |
//! | `card.rs` | the model card |
//! | `folder.rs` | [`write_package`]: a package's folder is there whole, or not at all |
//! | `best.rs` | [`keep_best`]: of a run's packages the one with the smallest error |
//! | `adopt.rs`, `foreign.rs` | [`adopt()`]: graphs from elsewhere as a package |
//! | `source.rs` | [`Source`]: the checkpoint and the sample that a command line names |
//! | `inspect.rs` | [`inspect`]: what a package or a checkpoint holds |
//! | `triton.rs` | [`write_triton`]: a package as a model repository of Triton's |
//! | `error.rs` | [`ExportError`] |
//! | `main.rs`, `cli.rs`, `commands/` | the program `gqn-export` |
//!
//! How much arithmetic the optimised graphs have, against the reference's; nothing is read or written:
//!
//! ```
//! use gqn_exporter::{ExportOptions, summarize};
//! use gqn_formats::{Preset, Variant};
//!
//! let config = Preset::Tiny.config();
//! let of = |variant| {
//!     let [_, generator] = summarize(&config, &ExportOptions { variant, ..ExportOptions::default() });
//!     generator.multiply_adds
//! };
//! assert!(of(Variant::Optimised) < of(Variant::Reference));
//! ```

mod adopt;
mod best;
mod calibrate;
mod card;
mod cost;
mod engine;
mod error;
mod folder;
mod foreign;
mod graph;
mod graphs;
mod inspect;
mod measure;
mod model;
mod optimise;
mod options;
mod package;
mod precision;
mod prepare;
mod sample;
mod scenes;
mod shorten;
mod source;
mod summary;
mod triton;

pub use adopt::{ForeignPorts, adopt};
pub use best::{Comparison, keep_best};
pub use calibrate::{Calibration, calibrate, uncalibrated};
pub use error::ExportError;
pub use folder::{check_place, write_package};
pub use graphs::{Graphs, build_ablated, build_graphs, build_graphs_from, build_graphs_with};
pub use inspect::{Inspection, inspect};
pub use measure::{StepQuality, measure_precision_error, measure_steps};
pub use optimise::Pass;
pub use options::{ExportOptions, Target, Winograd};
pub use package::export;
pub use prepare::{Measurements, PrepareOptions, Prepared, prepare};
pub use sample::check_sample;
pub use scenes::{SceneSource, SceneViews};
pub use shorten::{shortened, shortened_sample};
pub use source::Source;
pub use summary::{GraphSummary, summarize, summarize_passes};
pub use triton::{TritonOptions, write_triton};
