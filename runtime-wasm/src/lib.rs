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

#[cfg(target_arch = "wasm32")]
#[allow(unreachable_pub, reason = "what is exported is reached from JavaScript")]
#[allow(unsafe_code, reason = "what wasm-bindgen writes hands memory to JavaScript")]
mod bindings;
#[cfg(feature = "tract")]
mod tract;

#[cfg(feature = "tract")]
pub use tract::TractEngine;
