//! Every operator of the built-in engine against ONNX Runtime.
//!
//! Needs ONNX Runtime: `cargo xtask test` fetches it, `cargo xtask setup` does so alone.

mod errors;
mod integers;
mod layout;
mod limits;
mod model;
mod pointwise;
mod products;
mod sampling;
