//! An engine on ONNX Runtime, which is looked for and loaded when the program runs.
//!
//! It holds no arithmetic of the model and links no ONNX Runtime: a program without one starts, and says what it
//! lacks when it is asked to run a graph.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | [`OrtEngine`] |
//! | `graph.rs` | one graph in a session of ONNX Runtime |
//! | `scenes.rs` | scenes that stay in a provider's memory between queries |
//! | `options.rs` | [`OrtOptions`]: provider, threads, spinning, memory, IO binding, cache |
//! | `batch.rs` | how many queries go into one run |
//! | `provider.rs` | [`Provider`]: what a graph runs on |
//! | `placement.rs` | [`Placement`]: which provider ran which node |
//! | `report.rs` | [`EngineReport`]: what was asked for, what runs, and why not something else |
//! | `compiled.rs` | [`CompiledModel`]: graphs as a provider compiled them, kept between starts |
//! | `opening.rs` | one try to open a package's graphs on a provider |
//! | `tensorrt.rs` | shapes and caches of `TensorRT` |
//! | `cuda.rs` | what the CUDA driver says of the device |
//! | `private_folder.rs` | folders for files that are run as native code |
//! | `library.rs` | [`OnnxRuntime`]: the loaded library, its version and where it was found |
//! | `search.rs` | the places where a library is looked for |
//! | `doctor/` | [`Diagnosis`]: libraries that are here, missing, or of no use to this device |
//! | `power.rs` | [`power_mode`] |
//! | `error.rs` | [`OrtError`] |
//! | `bin/gqn-run` | the command line |

mod batch;
mod compiled;
mod cuda;
mod doctor;
mod engine;
mod error;
mod graph;
mod library;
mod opening;
mod options;
mod placement;
mod power;
mod private_folder;
mod provider;
mod report;
mod scenes;
mod search;
mod tensorrt;

pub use compiled::CompiledModel;
pub use doctor::{Diagnosis, Gpu, Library, Missing, ProviderDiagnosis};
pub use engine::OrtEngine;
pub use error::OrtError;
pub use library::OnnxRuntime;
pub use options::{IoBinding, OrtOptions, Spin};
pub use placement::Placement;
pub use power::power_mode;
pub use provider::Provider;
pub use report::{EngineReport, Skipped};
