//! `cargo xtask bench` and `cargo xtask bench-web`: what a picture costs, on every engine.
//!
//! | file | holds |
//! |---|---|
//! | `native.rs` | the scoreboard, with a browser's rows if wanted |
//! | `browser.rs` | this engine in wasm beside onnxruntime-web, tract and rten, in one run of Chromium |
//! | `table.rs` | what a run of Chromium found, as a table |

mod browser;
mod native;
mod table;

pub(crate) use browser::{BenchWeb, run as run_web};
pub(crate) use native::{Bench, run};
