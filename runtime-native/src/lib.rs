//! An engine on ONNX Runtime, which is looked for and loaded when the program runs.
//!
//! It holds no arithmetic of the model and links no ONNX Runtime: a program without one starts, and says what it
//! lacks when it is asked to run a graph.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | [`OrtEngine`] |
//! | `library.rs` | [`OnnxRuntime`]: the loaded library, its version and where it was found |
//! | `search.rs` | the places where a library is looked for |
//! | `provider.rs` | [`Provider`]: what a graph runs on |
//! | `error.rs` | [`OrtError`] |
//! | `bin/gqn-run` | the command line |

mod engine;
mod error;
mod library;
mod provider;
mod search;

pub use engine::{OrtEngine, OrtOptions};
pub use error::OrtError;
pub use library::OnnxRuntime;
pub use provider::Provider;
