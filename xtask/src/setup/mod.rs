//! Fetches what the workspace needs and does not compile itself: into `target/`, once, checked by version and hash.
//!
//! | file | holds |
//! |---|---|
//! | `parts.rs` | which parts there are, one after the other, behind a lock |
//! | `wheel.rs` | a pinned Python wheel: fetched by pip, checked by SHA-256 |
//! | `unpack.rs` | the wanted entries of a wheel, put in place at once |
//! | `stamp.rs` | what a finished folder held, to see at a glance whether it still does |
//! | `python.rs` | the machine's own `python3` and its pip, and their complaints |
//! | `machine.rs` | the platform's name, free space, the C++ compiler |
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
mod python;
mod stamp;
mod unpack;
mod venv;
mod version;
mod wheel;

pub(crate) use parts::{Parts, set_up};
