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
//!
//! A package observes one view of a scene and renders three others:
//!
//! ```no_run
//! use gqn_formats::Package;
//! use gqn_runtime::{Noise, Session};
//! use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions};
//! use gqn_scenes::{Scene, World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let package = Package::open("package".as_ref())?;
//! let side = package.manifest.config.image_size;
//! let scene = Scene::generate(World::RoomsRingCamera, 1);
//! let cameras = scene.cameras(4);
//!
//! let library = OnnxRuntime::load(None)?;
//! let engine = OrtEngine::new(library, &package, &OrtOptions::default())?;
//! let mut session = Session::new(engine, &package.manifest);
//! session.observe(&[(scene.render(&cameras[0], side), cameras[0])])?;
//! let frames = session.query(&cameras[1..], &Noise::mean())?;
//! assert_eq!(frames.len(), 3);
//! # Ok(())
//! # }
//! ```

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
