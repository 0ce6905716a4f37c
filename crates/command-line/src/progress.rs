//! How far a command is.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar on stderr, or nothing where that is no terminal; without colours. `what` is what is done, such as "rendering".
pub fn progress_bar(what: &'static str, total: usize) -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg:16} {bar:30} {pos}/{len}, {per_sec}, {eta} left");
    ProgressBar::new(total as u64)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        .with_message(what)
}

/// Something that moves on stderr where that is a terminal, for what takes its time and says nothing. It goes with
/// [`ProgressBar::finish_and_clear`].
pub fn spinner(message: &'static str) -> ProgressBar {
    let spinner = ProgressBar::new_spinner().with_message(message);
    spinner.enable_steady_tick(Duration::from_millis(200));
    spinner
}
