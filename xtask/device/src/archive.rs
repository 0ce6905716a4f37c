//! A tar file whose bytes depend on its contents only: sorted, one time, one owner.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use xtask_workspace::read;

/// One file of an archive.
#[derive(Debug)]
pub(crate) struct File {
    /// Below the archive's folder.
    pub(crate) path: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Data,
    Program,
}

/// Packs `files` below a folder `name`, all of them `time` seconds after 1970 old.
pub(crate) fn pack(name: &str, files: &[File], time: u64) -> Result<Vec<u8>> {
    let mut sorted: Vec<&File> = files.iter().collect();
    sorted.sort_by(|a, b| a.path.cmp(&b.path));
    // The operating system is named in the header, too.
    let gzip =
        GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut archive = tar::Builder::new(gzip);
    for File { path, bytes, kind } in sorted {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(if *kind == Kind::Program { 0o755 } else { 0o644 });
        header.set_mtime(time);
        header.set_uid(0);
        header.set_gid(0);
        header.set_username("root").and_then(|()| header.set_groupname("root"))?;
        archive
            .append_data(&mut header, format!("{name}/{path}"), bytes.as_slice())
            .with_context(|| format!("cannot pack {path}"))?;
    }
    let gzip = archive.into_inner().context("cannot finish the archive")?;
    gzip.finish().context("cannot compress the archive")
}

/// `SOURCE_DATE_EPOCH`, or the time of the last commit, or 1 January 1980.
pub(crate) fn time(root: &Path) -> u64 {
    let told = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    let committed = || {
        let mut git = Command::new("git");
        let stdout = read(git.args(["log", "-1", "--format=%ct"]).current_dir(root)).ok()?;
        String::from_utf8(stdout).ok()?.trim().parse().ok()
    };
    told.or_else(committed).unwrap_or(315_532_800)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    fn file(path: &str, kind: Kind) -> File {
        File { path: path.to_owned(), bytes: path.as_bytes().to_vec(), kind }
    }

    #[test]
    fn the_same_files_make_the_same_bytes_in_any_order() {
        let [a, b] = ["bin/a", "README.md"].map(|path| file(path, Kind::Data));
        let first = pack("x", &[a, b], 1_700_000_000).unwrap();
        let [a, b] = ["README.md", "bin/a"].map(|path| file(path, Kind::Data));
        assert_eq!(first, pack("x", &[a, b], 1_700_000_000).unwrap());
        assert_ne!(first, pack("x", &[file("README.md", Kind::Data)], 1_700_000_000).unwrap());
    }

    #[test]
    fn files_come_out_as_they_went_in() {
        let files = [file("share/b", Kind::Data), file("bin/a", Kind::Program)];
        let packed = pack("x-1", &files, 86_400).unwrap();
        let mut archive = tar::Archive::new(GzDecoder::new(packed.as_slice()));
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let mut bytes = String::new();
            entry.read_to_string(&mut bytes).unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.mtime().unwrap()), (0, 86_400));
            found.push((
                entry.path().unwrap().display().to_string(),
                header.mode().unwrap(),
                bytes,
            ));
        }
        let expected = [("x-1/bin/a", 0o755, "bin/a"), ("x-1/share/b", 0o644, "share/b")];
        assert_eq!(found, expected.map(|(path, mode, text)| (path.into(), mode, text.into())));
    }
}
