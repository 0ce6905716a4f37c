//! What a command line prints of an error.

use std::error::Error;

use crate::printable::printable;

/// Letters of a message that are shown: several lines of a terminal, and more than any message of ours has. Text out of a
/// file can be of any length.
const LONGEST: usize = 1000;

/// What a command line prints of an error: its message and those of its sources on one line, then the remedies
/// (lines that start with `hint:`) on lines of their own. A message that the one before it ends with already, and a
/// remedy that was given already, are left out; control characters stand as [`printable`] shows them, and the middle of a
/// message of more than a thousand letters is left out.
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
        let message = cut(message);
        let is_said = messages.last().is_some_and(|last| last.ends_with(&message));
        if !is_said {
            messages.push(message);
        }
    }
    let mut lines = vec![format!("error: {}", messages.join(": "))];
    lines.append(&mut hints);
    lines.join("\n")
}

/// The message without its middle, if it is too long to read.
fn cut(message: String) -> String {
    let letters = message.chars().count();
    if letters <= LONGEST {
        return message;
    }
    let part = |from: usize| message.chars().skip(from).take(LONGEST / 2).collect::<String>();
    format!("{} … {}", part(0), part(letters - LONGEST / 2))
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use super::*;

    #[derive(Debug)]
    struct Told(&'static str, Option<Box<Told>>);

    impl fmt::Display for Told {
        fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str(self.0)
        }
    }

    impl Error for Told {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            self.1.as_deref().map(|source| source as _)
        }
    }

    #[track_caller]
    fn check(messages: &[&'static str], expected: &str) {
        let chain = messages
            .iter()
            .rev()
            .fold(None, |source, message| Some(Box::new(Told(message, source))));
        assert_eq!(error_report(&*chain.expect("a message")), expected);
    }

    #[test]
    fn the_hint_comes_after_the_cause() {
        check(
            &["could not write a\nhint: free some space", "no space left"],
            "error: could not write a: no space left\nhint: free some space",
        );
    }

    #[test]
    fn causes_and_remedies_are_told_once() {
        check(
            &["outer: bad block\nhint: copy it", "bad block\nhint: copy it"],
            "error: outer: bad block\nhint: copy it",
        );
    }

    #[test]
    fn escapes_do_not_reach_the_terminal() {
        check(&["a\u{1b}]0;title\u{7}"], "error: a\\u{1b}]0;title\\u{7}");
    }

    #[test]
    fn messages_of_any_length_fit_on_a_terminal() {
        let long: &'static str = Box::leak(format!("begin{}end", "ä".repeat(200_000)).into());
        let report = error_report(&Told(long, None));
        assert!(report.starts_with("error: begin") && report.ends_with("end"), "{report}");
        assert_eq!(report.chars().count(), "error: ".len() + LONGEST + " … ".chars().count());
    }
}
