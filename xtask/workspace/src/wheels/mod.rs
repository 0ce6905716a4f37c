//! Pinned Python wheels, of which only libraries and headers are taken.
//!
//! | file | holds |
//! |---|---|
//! | `platform.rs` | the platforms that wheels are pinned for |
//! | `wheel.rs` | a wheel: fetched by pip, checked by SHA-256 |
//! | `contents.rs` | the wanted entries of wheels, put in place at once |
//! | `onnxruntime.rs` | [`onnxruntime`]: its releases, and the library of each |
//! | `stamp.rs` | what a finished folder held, to see at a glance whether it still does |

mod contents;
pub mod onnxruntime;
mod platform;
mod stamp;
mod wheel;

pub use contents::{Contents, Select};
pub use platform::Platform;
pub use stamp::Stamp;
pub use wheel::Wheel;
