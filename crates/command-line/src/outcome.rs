//! How a program ends.

use std::io;
use std::process::ExitCode;

use gqn_messages::error_report;

use crate::output::say;

/// The exit code of a command: its own; 0 where the reader of stdout went away, who has read enough; otherwise 1, with the
/// report of the error on stderr. Wrong flags end with 2 before any command begins.
pub fn conclude(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            say(&error_report(&*error));
            ExitCode::FAILURE
        }
    }
}

fn is_closed_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        assert!(is_closed_pipe(&closed().into()));
        let in_context = Err::<(), _>(closed()).context("could not write to stdout");
        assert!(is_closed_pipe(&in_context.expect_err("an error")));
        assert!(!is_closed_pipe(&io::Error::from(io::ErrorKind::StorageFull).into()));
        assert!(!is_closed_pipe(&anyhow::anyhow!("broken pipe")));
    }
}
