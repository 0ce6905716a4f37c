//! An engine in pure Rust, for the browser: it runs the graphs of a package.
//!
//! The same source builds for the host, where it joins the engines' conformance tests. It holds no arithmetic of the
//! model: it knows the operators of ONNX that the exporter writes, and what each of them computes.
//!
//! | file | holds |
//! |---|---|
//! | `engine.rs` | [`GraphEngine`]: an engine over what runs one graph; [`WasmEngine`] |
//! | `graph.rs` | one graph: read once, made ready once for every number of views, queries and noises |
//! | `external.rs` | weights in files beside a graph |
//! | `bindings/` | what JavaScript sees; only in wasm |
//! | `lower/` | from an ONNX graph to what is computed |
//! | `compute/` | what is computed, and in which order |
//! | `kernels/` | arithmetic on plain slices |
//! | `tract/` | `TractEngine`, with the feature `tract`: the same packages on tract, to compare |

#[cfg(target_arch = "wasm32")]
#[allow(unreachable_pub, reason = "what is exported is reached from JavaScript")]
#[allow(unsafe_code, reason = "what wasm-bindgen writes hands memory to JavaScript")]
mod bindings;
mod compute;
mod engine;
mod external;
mod graph;
mod kernels;
mod lower;
#[cfg(feature = "tract")]
mod tract;

pub use engine::{GraphEngine, RunGraph, WasmEngine};
pub use graph::Graph;
#[cfg(feature = "tract")]
pub use tract::TractEngine;
