//! From an ONNX graph to tract's operators.
//!
//! tract has a reader of its own, for all of ONNX and for axes of unknown length. Here every length is known, and
//! only the operators that the exporter writes are: so a graph is ready several times sooner, a browser downloads
//! half as much, and every constant is computed once, however large it is.
//!
//! | file | holds |
//! |---|---|
//! | `source.rs` | [`Source`]: nodes and constants as they were read |
//! | `weights.rs` | constants: element types, weights in files of their own |
//! | `lowering.rs` | [`lower`]: the nodes, one after the other |
//! | `operators.rs` | what each operator becomes |
//! | `windows.rs` | convolutions |
//! | `whole.rs` | what the optimiser must leave as it is |
//! | `fold.rs` | [`fold`]: constants of the optimised graph, computed once |

mod fold;
mod lowering;
mod operators;
mod source;
mod weights;
mod whole;
mod windows;

pub(crate) use fold::fold;
pub(crate) use lowering::lower;
pub(crate) use source::Source;
pub(crate) use weights::Files;
