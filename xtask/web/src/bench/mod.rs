//! What a picture costs on the engines of a browser, in one run of Chromium.
//!
//! | file | holds |
//! |---|---|
//! | `measure.rs` | the engine in wasm beside onnxruntime-web, tract and rten |
//! | `table.rs` | what a run of Chromium found, as a table |

mod measure;
mod table;

pub(crate) use measure::{BenchWeb, Output, run};
