//! The one place where programs write to the terminal: results to stdout, messages to stderr.

use std::io::{self, ErrorKind, Write};

use anyhow::{Context, Result};
use gqn_messages::printable;

/// Writes data to stdout as it is. That its reader went away is no error: the command goes on, and its exit code says what
/// it found.
///
/// # Errors
/// Stdout takes nothing, as a file on a full disk.
pub fn print(text: &str) -> Result<()> {
    match write(text) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.context(FAILED),
    }
}

/// Writes a line to stdout.
///
/// # Errors
/// As [`print()`]; also when its reader went away, so that a command which writes line by line ends with the first that
/// nobody reads. [`conclude`](crate::conclude) makes success of that.
pub fn print_line(line: &str) -> Result<()> {
    write(&format!("{line}\n")).context(FAILED)
}

/// Writes JSON to stdout. What a terminal would act on stands as JSON's own escapes, so that it reads back as it was.
///
/// # Errors
/// As [`print()`].
pub fn print_json(value: &impl serde::Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value).context("could not write JSON")?;
    let lines: Vec<String> = text.lines().map(escaped).collect();
    print(&format!("{}\n", lines.join("\n")))
}

/// Writes a message to stderr, as one line. A closed stderr is no error.
pub fn say(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

const FAILED: &str = "could not write to stdout";

fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
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
