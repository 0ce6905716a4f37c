//! The one place that writes to the terminal: data to stdout, talk to stderr.

use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Writes data to stdout. A reader that went away has seen enough.
pub(crate) fn data(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("could not write to stdout"),
    }
}

/// Writes JSON to stdout.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<()> {
    data(&format!("{}\n", serde_json::to_string_pretty(value).context("could not write JSON")?))
}

/// Says something on stderr; that nobody listens is no error.
pub(crate) fn talk(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}

/// Progress on stderr, shown on terminals only; without colours.
pub(crate) fn progress(what: &'static str, length: usize) -> ProgressBar {
    let bar = ProgressBar::new(length as u64).with_message(what);
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {eta}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
