//! Errors, and text that comes out of files, as people read them.
//!
//! Not a place for errors themselves: each crate has its own. Nothing here does IO, and it builds for wasm.
//!
//! | file | holds |
//! |---|---|
//! | `report.rs` | [`error_report`]: an error with its causes on one line, then the remedies |
//! | `printable.rs` | [`printable`]: text out of a file, fit for a terminal; [`bytes_text`]: sizes |

mod printable;
mod report;

pub use printable::{bytes_text, printable};
pub use report::error_report;
