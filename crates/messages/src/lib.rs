//! Errors, and text that comes out of files, as people read them.
//!
//! Not a place for errors themselves: each crate has its own. Nothing here does IO, and it builds for wasm.
//!
//! | file | holds |
//! |---|---|
//! | `report.rs` | [`error_report`]: an error with its causes on one line, then the remedies |
//! | `printable.rs` | [`printable`]: text out of a file, fit for a terminal; [`bytes_text`]: sizes |
//!
//! Causes are joined to one line, remedies follow, and nothing in a file's text moves a terminal's cursor:
//!
//! ```
//! use std::io::Error;
//!
//! use gqn_messages::{bytes_text, error_report, printable};
//!
//! let error = Error::other("the disk is full\nhint: --out names another folder");
//! assert_eq!(error_report(&error), "error: the disk is full\nhint: --out names another folder");
//! assert_eq!(printable("a name\u{1b}[2J"), "a name\\u{1b}[2J");
//! assert_eq!(bytes_text(1536), "1.5 KiB");
//! ```

mod printable;
mod report;

pub use printable::{bytes_text, printable};
pub use report::error_report;
