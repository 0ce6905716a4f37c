//! `gqn-run serve` as clients see it: scenes, the Open Inference Protocol, limits, faults, reload, stop.
//!
//! Needs ONNX Runtime: `cargo xtask test` fetches it, `cargo xtask setup` does so alone. `gqn-run` is called as
//! `cargo test --release --workspace` builds it.

#![cfg(unix)]

mod client;
mod faults;
mod load;
mod protocol;
mod scenes;
mod server;
