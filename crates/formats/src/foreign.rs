//! What a file is that was expected to be another kind.

use crate::error::FormatError;

/// Bytes at the beginning of a file that tell what it is.
const LOOKED_AT: usize = 1024;

/// What a file is where another kind was expected, and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// Such as "an HTML page".
    pub found: &'static str,
    /// The remedy.
    pub hint: &'static str,
}

impl Foreign {
    /// Recognises what is often found in the place of a data file; looked at when a file was refused, for its beginning or
    /// all of it.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let start = &bytes[..bytes.len().min(LOOKED_AT)];
        let of = |found, hint| Some(Self { found, hint });
        if start.is_empty() {
            return of("empty", "its copy or download was cut off; get it again");
        }
        if start.starts_with(b"version https://git-lfs.github.com/spec/") {
            return of("a Git LFS pointer", "run `git lfs pull` where it was cloned");
        }
        if is_html(start) {
            return of(
                "an HTML page",
                "a server answered with a page, not with the file; download it again",
            );
        }
        if start.starts_with(b"PK\x03\x04") {
            return of(
                "a zip, as torch.save writes them too",
                "weights of PyTorch go through `gqn-train import`",
            );
        }
        if start.starts_with(&[0x1F, 0x8B]) {
            return of("compressed", "unpack it with `gzip -d`");
        }
        if start.starts_with(b"\x89HDF\r\n\x1a\n") {
            return of("an HDF5 file", "data sets go through `gqn-data convert`");
        }
        if start.starts_with(&[0x80, 2]) {
            return of("a Python pickle", "weights of PyTorch go through `gqn-train import`");
        }
        if bytes.len() >= LOOKED_AT && start.iter().all(|byte| *byte == 0) {
            return of("full of zeros", "its copy or download was cut off; get it again");
        }
        None
    }

    /// The error of a file that was expected to be something else.
    pub fn error(self, what: &str, expected: &'static str) -> FormatError {
        let Self { found, hint } = self;
        FormatError::Foreign { what: what.to_owned(), found, expected, hint }
    }
}

fn is_html(start: &[u8]) -> bool {
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start).trim_ascii_start();
    ["<!doctype html", "<html", "<head", "<body"].iter().any(|tag| {
        start.get(..tag.len()).is_some_and(|found| found.eq_ignore_ascii_case(tag.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_the_place_of_data_is_named() {
        let lfs = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
        for (bytes, found) in [
            (&b""[..], "empty"),
            (lfs, "a Git LFS pointer"),
            (b"\n<!DOCTYPE HTML><title>404</title>", "an HTML page"),
            (b"<html>", "an HTML page"),
            (b"\x1F\x8B\x08", "compressed"),
            (&[0; 2000], "full of zeros"),
        ] {
            assert_eq!(Foreign::of(bytes).map(|foreign| foreign.found), Some(found));
        }
        for bytes in [&b"\0"[..], b"htm", b"{\"format\": 1}", &[0, 1, 2, 3]] {
            assert_eq!(Foreign::of(bytes), None, "{bytes:?}");
        }
    }
}
