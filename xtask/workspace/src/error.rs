//! Errors with a remedy, and how errors are printed.

use std::fmt;
use std::process::ExitCode;

use anyhow::{Error, Result};

use crate::console;

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
pub fn failure(message: impl Into<String>, hint: impl Into<String>) -> Error {
    Failure { message: message.into(), hint: hint.into() }.into()
}

/// The whole chain on one line, and the innermost remedy, if any, on a second.
pub fn describe(error: &Error) -> String {
    let mut text = format!("error: {error:#}");
    if let Some(failure) = error.chain().filter_map(|cause| cause.downcast_ref::<Failure>()).last()
    {
        text.push_str("\nhint: ");
        text.push_str(&failure.hint);
    }
    text
}

/// How a program ends: with an exit code, or with its error on stderr.
pub fn ended(result: Result<ExitCode>) -> ExitCode {
    result.unwrap_or_else(|error| {
        console::line(&describe(&error));
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_survives_the_context_around_it() {
        let error =
            failure("no python3 on the PATH", "install Python 3").context("cannot fetch torch");
        assert_eq!(
            describe(&error),
            "error: cannot fetch torch: no python3 on the PATH\nhint: install Python 3"
        );
    }

    #[test]
    fn an_error_without_remedy_is_one_line() {
        assert_eq!(describe(&anyhow::anyhow!("odd")), "error: odd");
    }
}
