//! Errors with a remedy, talk on stderr, and commands that are run to their end.

use std::fmt;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Error, Result, bail};

/// What went wrong and what the user can do about it.
#[derive(Debug)]
struct Failure {
    message: String,
    hint: String,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// An error that `describe` prints with its remedy below it.
pub(crate) fn failure(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Failure { message: message.into(), hint: hint.into() }.into()
}

/// The whole chain on one line, and the remedy, if any, on a second.
pub(crate) fn describe(error: &Error) -> String {
    let hint = error.chain().filter_map(|cause| cause.downcast_ref::<Failure>()).last();
    let hint = hint.map_or_else(String::new, |failure| format!("\nhint: {}", failure.hint));
    format!("error: {error:#}{hint}")
}

/// One line of talk. A closed stderr is no error.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// The last part of a path, for messages.
pub(crate) fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Runs a command to its end; its output passes through.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| cannot_run(command, &error))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", words(command))
}

/// Runs a command to its end and returns its stdout.
///
/// # Errors
/// With the last line of its stderr, if it fails.
pub(crate) fn read(command: &mut Command) -> Result<Vec<u8>> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    bail!("`{}` failed ({}): {}", words(command), output.status, last_line(&output.stderr))
}

/// Runs a command to its end, whatever that is.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command.output().map_err(|error| cannot_run(command, &error))
}

/// The last line of some text that is not empty.
pub(crate) fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given").to_owned()
}

fn cannot_run(command: &Command, error: &std::io::Error) -> Error {
    let program = command.get_program().to_string_lossy();
    failure(
        format!("cannot run {program}: {error}"),
        format!("is {} installed and on the PATH?", name_of(Path::new(program.as_ref()))),
    )
}

/// A command's name and first arguments.
fn words(command: &Command) -> String {
    let name = name_of(Path::new(command.get_program()));
    let arguments = command.get_args().take(3).map(|argument| argument.to_string_lossy());
    std::iter::once(name.into()).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_survives_the_context_around_it() {
        let error = failure("no zig", "install it").context("cannot link");
        assert_eq!(describe(&error), "error: cannot link: no zig\nhint: install it");
    }

    #[test]
    fn what_a_command_said_last_is_in_its_error() {
        let error = read(Command::new("sh").args(["-c", "echo so >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("(exit status: 3): so"), "{error}");
        let missing = read(&mut Command::new("/nonexistent/tool")).unwrap_err();
        assert!(describe(&missing).contains("hint: is tool installed"), "{missing}");
    }
}
