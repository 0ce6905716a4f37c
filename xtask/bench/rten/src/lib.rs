//! rten, an ONNX runtime in Rust, as the benches call it: natively (`xtask/bench/scoreboard`) and in a browser
//! (`xtask/bench/web.js`). It is a peer to be measured; nothing that is shipped uses it.
//!
//! | file | holds |
//! |---|---|
//! | `peer.rs` | [`Peer`]: a graph on rten |
//! | `bindings.rs` | what JavaScript sees; only in wasm |

#[cfg(target_arch = "wasm32")]
#[allow(unreachable_pub, reason = "what is exported is reached from JavaScript")]
#[allow(unsafe_code, reason = "what wasm-bindgen writes hands memory to JavaScript")]
mod bindings;
mod peer;

pub use peer::Peer;
