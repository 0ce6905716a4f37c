//! What a command line prints of an error.

use std::error::Error;

use crate::printable::printable;

/// What a command line prints of an error: its message and those of its sources on one line, then the remedies
/// (lines that start with `hint:`) on lines of their own. A message that the one before it ends with already, and a
/// remedy that was given already, are left out; control characters stand as [`printable`] shows them.
pub fn error_report(error: &(dyn Error + 'static)) -> String {
    let (mut messages, mut hints) = (Vec::<String>::new(), Vec::<String>::new());
    let mut next = Some(error);
    while let Some(error) = next {
        next = error.source();
        let mut message = String::new();
        for line in error.to_string().lines() {
            let line = printable(line.trim_end());
            if line.starts_with("hint:") {
                if !hints.iter().any(|hint| *hint == line) {
                    hints.push(line.into_owned());
                }
            } else {
                let gap = if message.is_empty() { "" } else { " " };
                message.push_str(gap);
                message.push_str(line.trim_start());
            }
        }
        let is_said = messages.last().is_some_and(|last| last.ends_with(&message));
        if !is_said {
            messages.push(message);
        }
    }
    let mut lines = vec![format!("error: {}", messages.join(": "))];
    lines.append(&mut hints);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};
    use std::path::PathBuf;

    use super::*;
    use crate::FormatError;

    #[test]
    fn the_hint_comes_after_the_cause() {
        let source = Error::from(ErrorKind::StorageFull);
        let cause = source.to_string();
        let error = FormatError::Write { path: PathBuf::from("a"), source };
        let hint = "hint: the disk is full; free some space and run the command again";
        assert_eq!(error_report(&error), format!("error: could not write a: {cause}\n{hint}"));
    }

    #[test]
    fn a_cause_is_told_once() {
        let source = zip::result::ZipError::Io(Error::new(ErrorKind::InvalidData, "bad block"));
        let report = error_report(&FormatError::Zip { source });
        assert_eq!(report.matches("bad block").count(), 1, "{report}");
    }

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        let name = "a\u{1b}]0;title\u{7}\nhint: run this".to_owned();
        let report = error_report(&FormatError::FileName { what: "zip", name });
        assert!(!report.contains(['\u{1b}', '\u{7}']), "{report:?}");
        assert!(report.lines().all(|line| !line.starts_with("hint: run this")), "{report:?}");
    }
}
