//! An engine in pure Rust, for the browser: tract runs the graphs of a package.
//!
//! The same source builds for the host, where it joins the engines' conformance tests. It holds no arithmetic of the
//! model.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | [`TractEngine`] |
//! | `graph.rs` | one graph: parsed once, optimised once for every number of views, queries and noises |
//! | `bindings/` | what JavaScript sees; only in wasm |
//! | `external.rs` | weights that stand in a file beside their graph |

#[cfg(target_arch = "wasm32")]
#[allow(unsafe_code, reason = "what wasm-bindgen writes hands memory to JavaScript")]
mod bindings;
mod engine;
mod external;
mod graph;

pub use engine::TractEngine;
