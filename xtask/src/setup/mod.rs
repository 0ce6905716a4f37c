//! Fetches what the workspace needs and does not compile itself: into `target/`, once, checked by version and hash.
//!
//! | file | holds |
//! |---|---|
//! | `parts.rs` | which parts there are, one after the other, behind a lock |
//! | `machine.rs` | free space, the C++ compiler |
//! | `libtorch.rs` | the pinned libtorch, or the user's own |
//! | `version.rs` | which libtorch a folder holds |
//! | `links.rs` | `target/libtorch`, the folder of links that is linked |
//! | `onnxruntime.rs` | the ONNX Runtime library |
//! | `venv.rs` | the tests' virtual environment |

mod libtorch;
mod links;
mod machine;
mod onnxruntime;
mod parts;
mod venv;
mod version;

pub(crate) use parts::{Parts, set_up};
