//! What the programs of `xtask` share: where things lie in the workspace, how its programs are called, and what is
//! said on the console. Nothing here knows what a model or a page is.
//!
//! | file | holds |
//! |---|---|
//! | `workspace.rs` | [`Workspace`]: where things lie, and commands that find what was set up |
//! | `programs.rs` | [`Programs`]: the project's programs, built and run; [`scoreboard`] |
//! | `command.rs` | [`call`], [`read`]: a command to its end |
//! | `target.rs` | [`add_target`]: targets of the compiler |
//! | `debian.rs` | [`debian`]: programs from Debian's packages, installed, or listed with `--no-system` |
//! | `wheels/` | [`wheels`]: libraries out of pinned Python wheels |
//! | `python.rs` | [`python`]: the machine's own `python3` and its pip, and what their complaints mean |
//! | `files.rs` | [`remove`] whatever lies at a path, [`write()`] a file whole |
//! | `error.rs` | [`failure`]: an error with a remedy, and how errors are printed |
//! | `console.rs` | [`console`]: lines, headings and bars on stderr |

mod command;
pub mod console;
pub mod debian;
mod error;
mod files;
mod programs;
pub mod python;
mod target;
pub mod wheels;
mod workspace;

pub use command::{call, last_line, name_of, output, read};
pub use debian::{SystemFlag, SystemPackages};
pub use error::{describe, ended, failure};
pub use files::{remove, write};
pub use programs::{Programs, scoreboard};
pub use target::add_target;
pub use workspace::Workspace;
