//! A small typed builder of ONNX graphs.
//!
//! A [`Graph`] is structure only: nodes, ports, and the names and shapes of its weights. It follows from a config
//! alone, so it can be counted without weights; [`encode`] joins it with the weights of a checkpoint.
//!
//! | file | holds |
//! |---|---|
//! | `value.rs` | [`Value`]: what flows between nodes, with element type and shape |
//! | `node.rs` | [`Node`] and its attributes |
//! | `builder.rs` | [`Graph`]: scopes, ports, weights and constants stored once by name |
//! | `shapes.rs` | values that hold shapes, for axes whose length only the caller knows |
//! | `ops.rs` | one method for every operator that the model uses |
//! | `encode.rs` | [`encode`]: the graph and its weights as the bytes of an ONNX model |
//! | `external.rs` | [`Storage`]: weights inside the model's file or in one beside it |

mod builder;
mod encode;
mod external;
mod node;
mod ops;
mod shapes;
mod value;

pub(crate) use builder::Graph;
pub(crate) use encode::{OPSET, OnnxFile, encode};
pub(crate) use external::Storage;
pub(crate) use value::{Value, fixed};
