//! Looking around in a neural scene, whatever runs the graphs.
//!
//! It holds no arithmetic of the model, does no IO, and builds for wasm.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | [`Engine`]: what runs the two graphs of a package; [`EngineError`] |

mod engine;

pub use engine::{Engine, EngineError};
