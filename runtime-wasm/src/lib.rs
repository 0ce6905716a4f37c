//! What a browser gets: JavaScript bindings, and the choice of the engine behind them.
//!
//! The engine is the portable one (`crates/portable-engine`). With the feature `tract` it is [`TractEngine`], which runs graphs whose
//! operators the portable engine does not have: a second module, which the page loads when it is needed. On the host, tests and
//! benchmarks compare the two.
//!
//! | file | holds |
//! |---|---|
//! | `bindings/` | what JavaScript sees; only in wasm |
//! | `tract/` | [`TractEngine`], with the feature `tract` |
//!
//! The engine behind the bindings, on the host: a package observes one view of a scene and renders three others.
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
//! #[cfg(not(feature = "tract"))]
//! let engine = PortableEngine::new(&package)?;
//! #[cfg(feature = "tract")]
//! let engine = gqn_runtime_wasm::TractEngine::new(&package)?;
//! let mut session = Session::new(engine, &package.manifest);
//! session.observe(&[(scene.render(&cameras[0], side), cameras[0])])?;
//! let frames = session.query(&cameras[1..], &Noise::mean())?;
//! assert_eq!(frames.len(), 3);
//! # Ok(())
//! # }
//! ```

#[cfg(target_arch = "wasm32")]
#[allow(unreachable_pub, reason = "what is exported is reached from JavaScript")]
#[allow(unsafe_code, reason = "what wasm-bindgen writes hands memory to JavaScript")]
mod bindings;
#[cfg(feature = "tract")]
mod tract;

#[cfg(feature = "tract")]
pub use tract::TractEngine;
