//! A zip of a package.

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, SeekFrom};

use gqn_system::read_at_most;
use zip::ZipArchive;

use super::{MOST_MANIFEST_BYTES, Package, check_plausible, missing};
use crate::error::FormatError;
use crate::foreign::Foreign;
use crate::manifest::Manifest;
use crate::ports::names;

/// What any zip may unpack to, and how many times its own length: weights are hardly compressible.
const MOST_UNPACKED: u64 = 1 << 29;
const MOST_TIMES_PACKED: u64 = 16;

impl Package {
    /// Reads the package from the bytes of a zip of its folder, with or without the folder itself. What lies there
    /// beside it is left alone.
    ///
    /// # Errors
    /// [`FormatError::Zip`], [`FormatError::ZipNames`] and [`FormatError::Implausible`], otherwise as
    /// [`Package::from_files`].
    pub fn from_zip(bytes: &[u8]) -> Result<Self, FormatError> {
        Self::from_zip_reader(Cursor::new(bytes))
    }

    /// As [`Package::from_zip`], of a file that is not in memory.
    ///
    /// # Errors
    /// As [`Package::from_zip`].
    pub fn from_zip_reader(mut zip: impl Read + Seek) -> Result<Self, FormatError> {
        let failed = |source| FormatError::Zip { source };
        let (start, length) = start_of(&mut zip).map_err(|error| failed(error.into()))?;
        let mut archive = ZipArchive::new(zip).map_err(|source| match Foreign::of(&start) {
            Some(foreign) if !start.starts_with(b"PK") => foreign.error("the package", "a zip"),
            None if !start.starts_with(b"PK") => NO_ZIP.error("the package", "a folder or a zip"),
            _ => failed(source),
        })?;
        if archive.has_duplicate_names() {
            return Err(FormatError::ZipNames);
        }
        let places = places(&archive)?;
        // What a zip unpacks to is bounded by what its manifest says, which is bounded by what can be.
        let mut unpack = |name: &str, most: u64| {
            let index = *places.get(name).ok_or_else(|| missing(name))?;
            let entry = archive.by_index(index).map_err(failed)?;
            let content = read_at_most(entry, most).map_err(|source| failed(source.into()))?;
            content.ok_or_else(|| FormatError::TooLarge { name: name.to_owned(), expected: most })
        };
        let manifest_bytes = unpack(names::MANIFEST_FILE, MOST_MANIFEST_BYTES)?;
        let manifest = Manifest::from_json(&manifest_bytes)?;
        check_plausible(&manifest)?;
        let most = length.saturating_mul(MOST_TIMES_PACKED).max(MOST_UNPACKED);
        let mut all = 0_u64;
        let mut files = BTreeMap::from([(names::MANIFEST_FILE.to_owned(), manifest_bytes)]);
        for (name, entry) in &manifest.files {
            all = all.saturating_add(entry.bytes);
            if all > most {
                let name = name.clone();
                return Err(FormatError::Implausible { name, found: entry.bytes, most });
            }
            files.insert(name.clone(), unpack(name, entry.bytes)?);
        }
        Self::from_files(files)
    }
}

/// A file of a kind that nobody knows.
const NO_ZIP: Foreign = Foreign {
    found: "another kind of file",
    hint: "a package is a folder that `gqn-export export` writes, or one zip of it",
};

/// The first bytes of a file, and its length.
fn start_of(file: &mut (impl Read + Seek)) -> std::io::Result<(Vec<u8>, u64)> {
    let mut start = Vec::new();
    file.by_ref().take(1024).read_to_end(&mut start)?;
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    Ok((start, length))
}

/// Where the files are that lie beside the manifest, by name; the manifest is the one that is least deep in folders.
/// Some systems write `\\` between folder and file.
///
/// # Errors
/// [`FormatError::TwoPackages`]: two manifests are equally deep, and nothing says which of them is meant.
fn places<R: Read + Seek>(archive: &ZipArchive<R>) -> Result<BTreeMap<String, usize>, FormatError> {
    let mut entries = Vec::new();
    for index in 0..archive.len() {
        if let Some(Ok(name)) = archive.name_for_index(index) {
            let name = name.replace('\\', "/");
            let (folder, file) = name.rsplit_once('/').unwrap_or(("", &name));
            entries.push((folder.to_owned(), file.to_owned(), index));
        }
    }
    let manifests = entries.iter().filter(|(_, file, _)| file == names::MANIFEST_FILE);
    let depth = |folder: &str| folder.split('/').filter(|part| !part.is_empty()).count();
    let mut folders: Vec<String> = manifests.map(|(folder, ..)| folder.clone()).collect();
    folders.sort_by_key(|folder| depth(folder));
    folders.dedup();
    if let [one, other, ..] = &folders[..]
        && depth(one) == depth(other)
    {
        return Err(FormatError::TwoPackages { one: one.clone(), other: other.clone() });
    }
    let beside = entries.into_iter().filter(|(of, ..)| Some(of) == folders.first());
    Ok(beside.map(|(_, file, index)| (file, index)).collect())
}
