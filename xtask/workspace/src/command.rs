//! Commands that are run to their end.

use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Error, Result, bail};

use crate::error::failure;

/// Runs a command to its end; its output passes through.
///
/// # Errors
/// It cannot be started, or fails.
pub fn call(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|error| cannot_run(command, &error))?;
    if status.success() {
        return Ok(());
    }
    bail!("`{}` failed ({status})", words(command))
}

/// Runs a command to its end and returns its stdout.
///
/// # Errors
/// It cannot be started, or fails; then with the last line of its stderr.
pub fn read(command: &mut Command) -> Result<Vec<u8>> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    bail!("`{}` failed ({}): {}", words(command), output.status, last_line(&output.stderr))
}

/// Runs a command to its end, whatever that is.
///
/// # Errors
/// It cannot be started.
pub fn output(command: &mut Command) -> Result<Output> {
    command.output().map_err(|error| cannot_run(command, &error))
}

/// The last line of some text that is not empty.
pub fn last_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("no reason given").to_owned()
}

/// The last part of a path, for messages.
pub fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
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
    use crate::error::describe;

    #[test]
    fn what_a_command_said_last_is_in_its_error() {
        let error = read(Command::new("sh").args(["-c", "echo so >&2; exit 3"])).unwrap_err();
        assert!(error.to_string().ends_with("(exit status: 3): so"), "{error}");
        let missing = read(&mut Command::new("/nonexistent/tool")).unwrap_err();
        assert!(describe(&missing).contains("hint: is tool installed"), "{missing}");
    }
}
