use std::error::Error;

/// What a command line prints of an error: its message and those of its sources on one line, then the remedies
/// (lines that start with `hint:`) on lines of their own.
pub fn error_report(error: &(dyn Error + 'static)) -> String {
    let (mut messages, mut hints) = (Vec::new(), Vec::new());
    let mut next = Some(error);
    while let Some(error) = next {
        next = error.source();
        let text = error.to_string();
        for (index, line) in text.lines().enumerate() {
            if line.starts_with("hint:") {
                hints.push(line.to_owned());
            } else if index == 0 {
                messages.push(line.to_owned());
            } else if let Some(last) = messages.last_mut() {
                last.push(' ');
                last.push_str(line.trim());
            }
        }
    }
    let mut lines = vec![format!("error: {}", messages.join(": "))];
    lines.append(&mut hints);
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::FormatError;

    #[test]
    fn the_hint_comes_after_the_cause() {
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        let cause = source.to_string();
        let error = FormatError::Write { path: PathBuf::from("a"), source };
        let hint = "hint: the disk is full; free some space and run the command again";
        assert_eq!(error_report(&error), format!("error: could not write a: {cause}\n{hint}"));
    }
}
