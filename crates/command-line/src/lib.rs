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

mod outcome;
mod output;
mod progress;

pub use outcome::conclude;
pub use output::{print, print_json, print_line, say};
pub use progress::{progress_bar, spinner};
