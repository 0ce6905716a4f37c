//! Graphs in less than single precision. A pass over a finished graph each; what is quantised to eight bits is a way to
//! compute the recurrent convolution (`optimise/quantised.rs`).
//!
//! | file | the pass |
//! |---|---|
//! | `storage.rs` | weights are stored in half precision and computed with in single |
//! | `compute.rs` | what an accelerator does well is computed in half precision |
//! | `cast.rs` | the `Cast` nodes of both |

mod cast;
mod compute;
mod storage;

pub(crate) use compute::compute_in_half;
pub(crate) use storage::store_in_half;
