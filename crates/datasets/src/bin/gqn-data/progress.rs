//! How far it is.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, or nothing where that is no terminal.
pub(crate) fn progress(total: usize, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {msg}, {per_sec}, {eta} left")
        .expect("a valid template");
    ProgressBar::new(total as u64).with_style(style).with_message(what)
}
