//! The one place that writes to the terminal: data to stdout, talk to stderr.

use std::io::{ErrorKind, Write, stderr, stdout};

use anyhow::{Context, Result};
use gqn_messages::printable;
use indicatif::{ProgressBar, ProgressStyle};

/// Writes data to stdout. A reader that went away has seen enough.
pub(crate) fn data(text: &str) -> Result<()> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context("could not write to stdout"),
    }
}

/// Writes JSON to stdout. What a terminal would act on stands as JSON's own escapes, so that it reads back as it was.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).context("could not write JSON")?;
    let lines: Vec<String> = text.lines().map(escaped).collect();
    data(&format!("{}\n", lines.join("\n")))
}

/// A line of JSON. Control characters and marks of direction stand in its strings alone, and none is beyond U+FFFF.
fn escaped(line: &str) -> String {
    let escaped = |letter: char| {
        let mut text = [0; 4];
        if printable(letter.encode_utf8(&mut text)).len() == letter.len_utf8() {
            letter.to_string()
        } else {
            format!("\\u{:04x}", u32::from(letter))
        }
    };
    line.chars().map(escaped).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_commands_no_terminal_and_reads_back() {
        let text = "\u{9b}31m\u{202e}Küche\u{7f}";
        let json = serde_json::to_string(text).expect("JSON");
        let escaped = escaped(&json);
        assert_eq!(escaped, "\"\\u009b31m\\u202eKüche\\u007f\"");
        assert_eq!(serde_json::from_str::<String>(&escaped).expect("JSON"), text);
    }
}
