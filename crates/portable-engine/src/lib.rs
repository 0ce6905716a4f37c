//! An engine in pure Rust for the graphs of a package.
//!
//! The same source builds for wasm and for the host, where it joins the engines' conformance tests. It holds no arithmetic of
//! the model: it knows the operators of ONNX that the exporter writes, and what each of them computes. What a browser sees of
//! it is in `runtime-wasm`.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | [`GraphEngine`]: an engine over what runs one graph; [`PortableEngine`] |
//! | `graph.rs` | one graph: read once, made ready once for every number of views, queries and noises |
//! | `external.rs` | weights in files beside a graph |
//! | `lower/` | from an ONNX graph to what is computed |
//! | `compute/` | what is computed, and in which order |
//! | `kernels/` | arithmetic on plain slices |
//!
//! A package observes one view of a scene and renders three others:
//!
//! ```no_run
//! use gqn_formats::Package;
//! use gqn_portable::PortableEngine;
//! use gqn_runtime::{Noise, Session};
//! use gqn_scenes::{Scene, World};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let package = Package::open("package".as_ref())?;
//! let side = package.manifest.config.image_size;
//! let scene = Scene::generate(World::RoomsRingCamera, 1);
//! let cameras = scene.cameras(4);
//!
//! let engine = PortableEngine::new(&package)?;
//! let mut session = Session::new(engine, &package.manifest);
//! session.observe(&[(scene.render(&cameras[0], side), cameras[0])])?;
//! let frames = session.query(&cameras[1..], &Noise::mean())?;
//! assert_eq!(frames.len(), 3);
//! # Ok(())
//! # }
//! ```

mod compute;
mod engine;
mod external;
mod graph;
mod kernels;
mod lower;

pub use engine::{GraphEngine, PortableEngine, RunGraph};
pub use external::{Files, part};
pub use graph::PortableGraph;
#[cfg(target_arch = "wasm32")]
pub use kernels::relaxed::switch_on as use_fused_multiply_add;
