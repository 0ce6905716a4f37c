//! What the user reads while a task runs: the one place that writes to stderr.

use std::io::{self, Write};

use indicatif::{ProgressBar, ProgressStyle};

/// One line. A closed stderr is no error.
pub fn line(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// A heading between the stages of a task.
pub fn heading(text: &str) {
    line(&format!("\n== {text}"));
}

/// A bar that counts bytes; hidden where stderr is no terminal.
pub fn byte_bar(message: &str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::new(total).with_style(style).with_message(message.to_owned())
}

/// A size for people, in powers of ten as downloads are counted.
pub fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    UNITS.iter().find(|(unit, _)| bytes >= *unit).map_or_else(
        || format!("{bytes} B"),
        |(unit, name)| format!("{:.1} {name}", bytes as f64 / *unit as f64),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_counted_in_powers_of_ten() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(530_604_548), "530.6 MB");
        assert_eq!(size(1_200_000_000), "1.2 GB");
    }
}
