//! Why the operating system's files or memory are not to be had.

use std::path::PathBuf;

use gqn_messages::bytes_text;
use thiserror::Error;

/// Why a file was not read or written, a folder not taken, or work not begun.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum SystemError {
    #[error("could not read {}{}", path.display(), read_hint(source))]
    Read { path: PathBuf, source: std::io::Error },
    #[error("could not write {}{}", path.display(), write_hint(source))]
    Write { path: PathBuf, source: std::io::Error },
    #[error("{} is {found}, expected a regular file\nhint: nothing else is read or replaced; name another place", path.display())]
    NotRegular { path: PathBuf, found: &'static str },
    #[error("{} is too large for what it is to be, expected at most {most} bytes", path.display())]
    FileTooLarge { path: PathBuf, most: u64 },
    #[error("another process is writing to {}\nhint: wait for its end, stop it, or name another folder", path.display())]
    Locked { path: PathBuf },
    #[error("{} would be replaced, and is one of the files that are read\nhint: name another place", path.display())]
    IsInput { path: PathBuf },
    #[error("{} exists\nhint: name another place, or replace it with --force", path.display())]
    Exists { path: PathBuf },
    #[error(
        "{what} needs {}, and this machine has {} left\nhint: {hint}",
        bytes_text(*needed), bytes_text(*available)
    )]
    Memory { what: String, needed: u64, available: u64, hint: String },
}

/// A remedy for a file that could not be read, on a line of its own; empty if there is none to name.
pub fn read_hint(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::NotFound => "\nhint: is the path right?",
        Kind::PermissionDenied => "\nhint: you may not read it",
        Kind::IsADirectory => "\nhint: a file is expected here, not a folder",
        Kind::NotADirectory => "\nhint: a part of the path is a file, not a folder",
        _ => "",
    }
}

fn write_hint(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as Kind;
    match error.kind() {
        Kind::StorageFull | Kind::QuotaExceeded => {
            "\nhint: the disk is full; free some space and run the command again"
        }
        Kind::PermissionDenied => "\nhint: you may not write there; name another place",
        Kind::ReadOnlyFilesystem => {
            "\nhint: that file system can only be read; name a place on another one"
        }
        Kind::NotADirectory | Kind::AlreadyExists => {
            "\nhint: a part of the path is a file, not a folder; name another place"
        }
        Kind::IsADirectory => "\nhint: a folder is there; name a file",
        Kind::InvalidFilename => {
            "\nhint: the name is too long, or has letters that cannot be in one"
        }
        Kind::FileTooLarge => {
            "\nhint: that file system takes no file of this size; name a place on another one"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn hints_are_of_the_kind_of_the_error() {
        let written = |kind: ErrorKind| {
            let path = PathBuf::from("a");
            SystemError::Write { path, source: kind.into() }.to_string()
        };
        for (kind, hint) in [
            (ErrorKind::ReadOnlyFilesystem, "can only be read"),
            (ErrorKind::PermissionDenied, "you may not write there"),
            (ErrorKind::NotADirectory, "is a file, not a folder"),
            (ErrorKind::InvalidFilename, "the name is too long"),
            (ErrorKind::StorageFull, "the disk is full"),
        ] {
            assert!(written(kind).contains("\nhint: ") && written(kind).contains(hint), "{kind}");
        }
        assert_eq!(written(ErrorKind::Interrupted), "could not write a", "no remedy is known");
        assert_eq!(read_hint(&ErrorKind::UnexpectedEof.into()), "", "the path is right");
    }
}
