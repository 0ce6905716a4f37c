//! From an ONNX graph to what is computed.
//!
//! Every length of an axis is known here, and only the operators that the exporter writes are: so a graph is ready at
//! once, every constant is computed once however large it is, and layout operators, and functions of single numbers,
//! cost little or nothing.
//!
//! | file | holds |
//! |---|---|
//! | `onnx.rs` | what an ONNX file holds |
//! | `source.rs` | [`Source`]: nodes and constants as they were read; what follows from constants is computed there |
//! | `weights.rs` | constants as they are written |
//! | `lowering.rs` | [`lower`]: the nodes, one after the other |
//! | `constants.rs` | constants that lowering adds, or asks for |
//! | `budget.rs` | [`Budget`]: what a graph may take, and its checks |
//! | `values.rs` | what a name stands for on the way |
//! | `expression.rs` | functions of single numbers that are not computed yet |
//! | `call.rs` | a node's attributes |
//! | `operators.rs` | what each operator becomes |
//! | `arithmetic.rs` | functions of single numbers, and element types |
//! | `layout.rs` | layout operators |
//! | `reductions.rs` | sums, means, softmax |
//! | `sampling.rs` | gathers, samples at positions, means of windows |
//! | `gemm.rs` | products of matrices |
//! | `conv.rs` | convolutions |

mod arithmetic;
mod budget;
mod call;
mod constants;
mod conv;
mod expression;
mod gemm;
mod layout;
mod lowering;
pub(crate) mod onnx;
mod operators;
mod reductions;
mod sampling;
mod source;
mod values;
mod weights;

pub(crate) use gemm::Packs;
pub(crate) use lowering::lower;
pub(crate) use source::Source;
