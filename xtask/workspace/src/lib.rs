//! What the programs of `xtask` share: where things lie in the workspace, how its programs are called, and what is
//! said on the console. Nothing here knows a model, a page or a test.
//!
//! | file | holds |
//! |---|---|
//! | `workspace.rs` | [`Workspace`]: where things lie, and commands that find what was set up |
//! | `programs.rs` | [`Programs`]: the project's programs, built and run; [`scoreboard`] |
//! | `command.rs` | [`call`]: a command to its end |
//! | `debian.rs` | [`debian`]: programs from Debian's packages, installed, or listed with `--no-system` |
//! | `files.rs` | [`remove`]: whatever lies at a path |
//! | `error.rs` | [`failure`]: an error with a remedy, and how errors are printed |
//! | `console.rs` | [`console`]: lines, headings and bars on stderr |

mod command;
pub mod console;
pub mod debian;
mod error;
mod files;
mod programs;
mod workspace;

pub use command::call;
pub use debian::SystemPackages;
pub use error::{describe, failure};
pub use files::remove;
pub use programs::{Programs, scoreboard};
pub use workspace::Workspace;
