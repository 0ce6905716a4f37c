//! What the programs `gqn-train`, `gqn-export`, `gqn-run` and `gqn-data` do alike at the command line: data goes to stdout
//! and everything else to stderr, a reader that goes away is no error, an error ends in its report and exit code 1.
//!
//! Not a place for flags: each program has its own `cli.rs`. Libraries do not write to a terminal, and use nothing of this.
//!
//! | file | holds |
//! |---|---|
//! | `output.rs` | [`print`](fn@print), [`print_line`], [`print_json`], [`say`] |
//! | `progress.rs` | [`progress_bar`], [`spinner`] |
//! | `outcome.rs` | [`conclude`]: from what a command returns to the exit code |
//!
//! A command returns what it found, or an error with its context; `main` ends with [`conclude`]:
//!
//! ```
//! use std::process::ExitCode;
//!
//! use anyhow::Context;
//! use gqn_command_line::{conclude, print_line};
//!
//! fn count(path: &str) -> anyhow::Result<ExitCode> {
//!     let text = std::fs::read_to_string(path).with_context(|| format!("could not read {path}"))?;
//!     print_line(&text.lines().count().to_string())?;
//!     Ok(ExitCode::SUCCESS)
//! }
//!
//! // On stderr: `error: could not read no/such/file: No such file or directory (os error 2)`.
//! assert_eq!(conclude(count("no/such/file")), ExitCode::FAILURE);
//! ```

mod outcome;
mod output;
mod progress;

pub use outcome::conclude;
pub use output::{print, print_json, print_line, say};
pub use progress::{progress_bar, spinner};
