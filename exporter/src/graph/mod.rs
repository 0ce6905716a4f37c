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
//! | `weight.rs` | [`Weight`]: a parameter, or what follows from parameters by a rule |
//! | `arithmetic.rs` | element-wise operators that geometry needs |
//! | `sampling.rs` | operators that sample maps |
//! | `layout.rs` | operators that move numbers and compute nothing |
//! | `quantise.rs` | to eight-bit integers and back |
//! | `external.rs` | [`Storage`]: weights inside the model's file or in one beside it, or shared |

mod arithmetic;
mod builder;
mod encode;
mod external;
mod layout;
mod node;
mod ops;
mod quantise;
mod sampling;
mod shapes;
mod value;
mod weight;

pub(crate) use builder::{Graph, Literal};
pub(crate) use encode::{OPSET, OnnxFile, encode};
pub(crate) use external::Storage;
pub(crate) use node::{Arithmetic, Attribute, Node};
pub(crate) use sampling::Corners;
pub(crate) use value::{Element, Value, fixed};
pub(crate) use weight::{Rule, Weight};
