//! The wanted entries of wheels, put in place at once: a call that is killed midway leaves nothing that looks finished.

use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter, Write};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use zip::ZipArchive;

use super::platform::Platform;
use super::stamp::Stamp;
use super::wheel::Wheel;
use crate::console;
use crate::files::remove;

/// Where an entry of a wheel goes below the folder; `None` for one that is not wanted.
pub type Select = fn(&str) -> Option<PathBuf>;

/// What one folder below `target/` is made of.
#[derive(Debug)]
pub struct Contents<'a> {
    /// Each with the choice of its entries.
    pub wheels: &'a [(Wheel, Select)],
    /// Links to make beside the files: name and what it points to.
    pub links: &'a [(&'a str, &'a str)],
}

impl Contents<'_> {
    /// Versions and hashes, as the stamp holds them.
    pub fn source(&self) -> Vec<String> {
        self.wheels
            .iter()
            .map(|(wheel, _)| format!("{} {} {}", wheel.package, wheel.version, wheel.sha256))
            .collect()
    }

    /// Installs what is not there whole already.
    ///
    /// # Errors
    /// As [`Contents::install`].
    pub fn ensure(&self, platform: Platform, downloads: &Path, folder: &Path) -> Result<()> {
        if Stamp::holds(folder, &self.source()) {
            return Ok(());
        }
        self.install(platform, downloads, folder)
    }

    /// Fetches the wheels and unpacks them into `folder`, replacing what is there.
    ///
    /// # Errors
    /// A wheel cannot be fetched, lacks what a link points to, or cannot be unpacked.
    pub fn install(&self, platform: Platform, downloads: &Path, folder: &Path) -> Result<()> {
        let part = part_of(folder);
        remove(&part)?;
        let mut files = Vec::new();
        for (wheel, select) in self.wheels {
            let path = wheel.fetch(platform, downloads)?;
            files.extend(
                unpack(&path, &part, *select).with_context(|| {
                    format!("cannot unpack {} {}", wheel.package, wheel.version)
                })?,
            );
        }
        for (name, target) in self.links {
            let link = part.join(name);
            symlink(target, &link)
                .with_context(|| format!("cannot make the link {}", link.display()))?;
            let found =
                fs::metadata(&link).with_context(|| format!("the wheels hold no {target}"))?;
            files.push((name.into(), found.len()));
        }
        Stamp { source: self.source(), files }.write(&part)?;
        remove(folder)?;
        fs::rename(&part, folder)
            .with_context(|| format!("cannot put {} in place", folder.display()))?;
        self.wheels.iter().try_for_each(|(wheel, _)| wheel.discard(downloads))
    }
}

/// The unfinished folder, beside the finished one.
fn part_of(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Unpacks the selected entries and returns their paths and sizes.
fn unpack(wheel: &Path, folder: &Path, select: Select) -> Result<Vec<(PathBuf, u64)>> {
    let file = File::open(wheel).with_context(|| format!("cannot open {}", wheel.display()))?;
    let mut archive = ZipArchive::new(BufReader::new(file)).context("not a zip archive")?;
    let wanted: Vec<(usize, PathBuf)> = (0..archive.len())
        .filter_map(|index| Some((index, select(&archive.name_for_index(index)?.ok()?)?)))
        .collect();
    let total = wanted
        .iter()
        .filter_map(|(index, _)| archive.by_index_raw(*index).ok().map(|entry| entry.size()))
        .sum();
    let bar = console::byte_bar("unpacking", total);
    let mut files = Vec::with_capacity(wanted.len());
    for (index, path) in wanted {
        let mut entry = archive.by_index(index)?;
        let destination = folder.join(&path);
        if let Some(parent) = destination.parent() {
            fs::create_dir_all(parent)
                .with_context(|| format!("cannot make {}", parent.display()))?;
        }
        let output = File::create(&destination)
            .with_context(|| format!("cannot make {}", destination.display()))?;
        let mut output = bar.wrap_write(BufWriter::with_capacity(1 << 20, output));
        let bytes = io::copy(&mut entry, &mut output)
            .and_then(|bytes| output.flush().map(|()| bytes))
            .with_context(|| format!("cannot write {}", destination.display()))?;
        files.push((path, bytes));
    }
    bar.finish_and_clear();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(name: &str) -> Option<PathBuf> {
        name.strip_prefix("thing/lib/").map(|file| Path::new("lib").join(file))
    }

    /// Leaves a wheel where an interrupted call would have left it, and pins it.
    fn fetched_wheel(downloads: &Path) -> Wheel {
        let folder = downloads.join("thing-1.wheel");
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join("thing-1-py3-none-any.whl");
        let mut archive = zip::ZipWriter::new(File::create(&path).unwrap());
        for (name, content) in
            [("thing/lib/a.so", b"library".as_slice()), ("thing/b.py", b"script")]
        {
            archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            archive.write_all(content).unwrap();
        }
        archive.finish().unwrap();
        let sha256 = super::super::wheel::sha256(&path).unwrap().leak();
        Wheel { package: "thing", version: "1", sha256, bytes: 1 }
    }

    #[test]
    fn only_the_selected_entries_are_unpacked_and_a_half_done_folder_is_repaired() {
        let downloads = tempfile::tempdir().unwrap();
        let wheels = [(fetched_wheel(downloads.path()), select as Select)];
        let contents = Contents { wheels: &wheels, links: &[("a", "lib/a.so")] };
        let folder = downloads.path().join("thing");
        // What a killed call leaves: a part without a stamp, and an older folder with a short file.
        fs::create_dir_all(part_of(&folder).join("lib")).unwrap();
        fs::create_dir_all(folder.join("lib")).unwrap();
        fs::write(folder.join("lib/a.so"), b"lib").unwrap();
        assert!(!Stamp::holds(&folder, &contents.source()));

        contents.install(Platform::LinuxX86_64, downloads.path(), &folder).unwrap();

        assert!(Stamp::holds(&folder, &contents.source()));
        assert_eq!(fs::read(folder.join("lib/a.so")).unwrap(), b"library");
        assert_eq!(fs::read(folder.join("a")).unwrap(), b"library");
        assert!(!folder.join("b.py").exists());
        assert!(!downloads.path().join("thing-1.wheel").exists());
        assert!(!part_of(&folder).exists());
    }
}
