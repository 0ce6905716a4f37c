//! The files of a package, checked against its manifest.

#[cfg(not(target_arch = "wasm32"))]
mod folder;
mod zipped;

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::FormatError;
use crate::external_data::external_locations;
use crate::manifest::{Manifest, plain_name, sha256_hex};
use crate::parameter::parameters;
use crate::ports::names;

/// No manifest comes near it.
const MOST_MANIFEST_BYTES: u64 = 1 << 24;
/// What a file of a package may have beside its model's weights, and how many times these: transformed kernels are up to
/// three times as large as the kernels, and cores that steps share may be written once a step.
const MOST_OTHER_BYTES: u64 = 1 << 28;
const MOST_TIMES_WEIGHTS: u64 = 16;

/// The files of a package, each with the length and the checksum that the manifest says.
#[derive(Debug, Clone)]
pub struct Package {
    /// The contract.
    pub manifest: Manifest,
    files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// Checks files against their manifest, which is one of them, and the graphs for numbers that they keep in files which
    /// the manifest does not list.
    ///
    /// # Errors
    /// [`FormatError`]: no manifest, one that is refused, a file that is missing or whose length or checksum differs, a
    /// graph that is no ONNX file or reaches beyond the package.
    pub fn from_files(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, FormatError> {
        let manifest =
            files.remove(names::MANIFEST_FILE).ok_or_else(|| missing(names::MANIFEST_FILE))?;
        let manifest = Manifest::from_json(&manifest)?;
        for name in [names::REPRESENTATION_FILE, names::GENERATOR_FILE, names::SAMPLE_FILE] {
            if !manifest.files.contains_key(name) {
                return Err(missing(name));
            }
        }
        for (name, entry) in &manifest.files {
            let content = files.get(name).ok_or_else(|| missing(name))?;
            check_length(name, content.len() as u64, entry.bytes)?;
            let found = sha256_hex(content);
            if found != entry.sha256 {
                return Err(FormatError::Checksum {
                    name: name.clone(),
                    found,
                    expected: entry.sha256.clone(),
                });
            }
        }
        files.retain(|name, _| manifest.files.contains_key(name));
        let is_graph = |name: &str| {
            Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx"))
        };
        for (name, content) in files.iter().filter(|(name, _)| is_graph(name)) {
            check_graph(name, content, |location| manifest.files.contains_key(location))?;
        }
        Ok(Self { manifest, files })
    }

    /// A file of the package.
    ///
    /// # Errors
    /// [`FormatError::MissingFile`] if the manifest does not name it.
    pub fn file(&self, name: &str) -> Result<&[u8], FormatError> {
        self.files.get(name).map(Vec::as_slice).ok_or_else(|| missing(name))
    }

    /// Files and their contents, without the manifest.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, content)| (name.as_str(), content.as_slice()))
    }
}

fn missing(name: &str) -> FormatError {
    FormatError::MissingFile { name: name.to_owned() }
}

fn check_length(name: &str, found: u64, expected: u64) -> Result<(), FormatError> {
    if found == expected {
        return Ok(());
    }
    Err(FormatError::Length { name: name.to_owned(), found, expected })
}

/// Refuses a graph that is no ONNX file, or keeps numbers in a file that is not `listed`.
fn check_graph(
    name: &str,
    content: &[u8],
    listed: impl Fn(&str) -> bool,
) -> Result<(), FormatError> {
    let graph = name.to_owned();
    let locations = match external_locations(content) {
        Ok(locations) => locations,
        Err(reason) => return Err(FormatError::Graph { graph, reason }),
    };
    match locations.into_iter().find(|location| !listed(location)) {
        Some(location) => Err(FormatError::ExternalData { graph, location }),
        None => Ok(()),
    }
}

/// Refuses lengths that the package's model cannot have, before memory is taken for them.
fn check_plausible(manifest: &Manifest) -> Result<(), FormatError> {
    let numbers = parameters(&manifest.config).into_iter().map(|parameter| {
        let sizes = parameter.shape.iter().map(|size| *size as u64);
        sizes.fold(1, u64::saturating_mul)
    });
    let weights = numbers.fold(0, u64::saturating_add).saturating_mul(4);
    let most = weights.saturating_mul(MOST_TIMES_WEIGHTS).saturating_add(MOST_OTHER_BYTES);
    for (name, entry) in &manifest.files {
        plain_name(names::MANIFEST_FILE, name)?;
        if entry.bytes > most {
            let name = name.clone();
            return Err(FormatError::Implausible { name, found: entry.bytes, most });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use super::*;
    use crate::manifest::{FileEntry, tests::manifest};

    /// A model of nothing but its producer's name, field 2.
    fn content(name: &str) -> Vec<u8> {
        [&[2 << 3 | 2, name.len() as u8], name.as_bytes()].concat()
    }

    pub(super) fn files() -> BTreeMap<String, Vec<u8>> {
        let names = [names::REPRESENTATION_FILE, names::GENERATOR_FILE, names::SAMPLE_FILE];
        with_manifest(names.map(|name| (name.to_owned(), content(name))).into())
    }

    fn with_manifest(mut files: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
        let entries =
            files.iter().map(|(name, content)| (name.clone(), FileEntry::of(content))).collect();
        files.insert(names::MANIFEST_FILE.to_owned(), manifest(entries).to_json());
        files
    }

    #[test]
    fn a_flipped_byte_is_found() {
        Package::from_files(files()).expect("a package");
        let mut flipped = files();
        flipped.get_mut(names::GENERATOR_FILE).expect("a graph")[3] ^= 1;
        let error = Package::from_files(flipped).expect_err("a flipped byte");
        assert!(
            matches!(&error, FormatError::Checksum { name, .. } if name == names::GENERATOR_FILE),
            "{error}"
        );
    }

    #[test]
    fn a_missing_file_is_named() {
        for name in files().into_keys() {
            let mut fewer = files();
            fewer.remove(&name);
            assert!(
                matches!(Package::from_files(fewer), Err(FormatError::MissingFile { name: found }) if found == name)
            );
        }
    }

    fn zipped(files: &BTreeMap<String, Vec<u8>>) -> Vec<u8> {
        zip_of(files.iter().map(|(name, content)| (format!("package/{name}"), content.as_slice())))
    }

    fn zip_of<'a>(entries: impl IntoIterator<Item = (String, &'a [u8])>) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in entries {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(name, options).expect("an entry");
            writer.write_all(content).expect("its content");
        }
        writer.finish().expect("a zip").into_inner()
    }

    #[test]
    fn what_the_manifest_does_not_name_is_left_alone() {
        let (files, more) = (files(), [1, 2, 3]);
        for folder in ["", "package/", "a/b/", "package\\", "Pakete\\Küche\\"] {
            let mut entries: Vec<(String, &[u8])> = vec![
                (format!("{folder}my notes.txt"), &more),
                (format!("{folder}Übersicht.txt"), &more),
                ("__MACOSX/package/._manifest.json".to_owned(), &more),
                (format!("{folder}older/manifest.json"), &more),
                (format!("{folder}older/{}", names::GENERATOR_FILE), &more),
                (format!("{folder}.DS_Store"), &more),
            ];
            entries.extend(
                files.iter().map(|(name, content)| (format!("{folder}{name}"), content.as_slice())),
            );
            entries.push((format!("zz/{}", names::GENERATOR_FILE), &more));
            let package = Package::from_zip(&zip_of(entries)).expect(folder);
            assert_eq!(package.files().count(), 3, "{folder}");
        }
    }

    #[test]
    fn of_two_packages_none_is_chosen() {
        let files = files();
        let in_folder = |folder: &str| -> Vec<(String, &[u8])> {
            let name = |name: &String| format!("{folder}/{name}");
            files.iter().map(|(file, content)| (name(file), content.as_slice())).collect()
        };
        let both = zip_of([in_folder("a"), in_folder("b")].concat());
        let error = Package::from_zip(&both).expect_err("two packages").to_string();
        assert!(error.contains("`a` and in `b`") && error.contains("hint:"), "{error}");
        let older = zip_of([in_folder("a"), in_folder("b/older")].concat());
        Package::from_zip(&older).expect("the less deep one");
    }

    #[test]
    fn two_entries_of_one_name_are_refused_as_such() {
        // The names are of one length, so that one can be made the other's in the finished zip.
        let more = ("package/generator.onnX".to_owned(), &b"old"[..]);
        let entries = files();
        let entries = entries.iter().map(|(n, c)| (format!("package/{n}"), c.as_slice()));
        let mut zip = zip_of(entries.chain([more]));
        while let Some(at) = zip.windows(4).position(|bytes| bytes == b"onnX") {
            zip[at + 3] = b'x';
        }
        assert!(matches!(Package::from_zip(&zip), Err(FormatError::ZipNames)));
    }

    #[test]
    fn claims_take_no_memory() {
        let claiming = |bytes: u64| {
            let mut files = files();
            let manifest = files.get_mut(names::MANIFEST_FILE).expect("a manifest");
            let mut value: serde_json::Value = serde_json::from_slice(manifest).expect("JSON");
            value["files"][names::SAMPLE_FILE]["bytes"] = bytes.into();
            *manifest = serde_json::to_vec(&value).expect("JSON");
            files
        };
        for bytes in [1 << 32, u64::MAX] {
            let error = Package::from_zip(&zipped(&claiming(bytes))).expect_err("a large claim");
            assert!(matches!(error, FormatError::Implausible { .. }), "{error}");
        }
        // What has another length than the manifest says, whatever its checksum.
        let error = Package::from_files(claiming(7)).expect_err("another length");
        assert!(matches!(error, FormatError::Length { expected: 7, .. }), "{error}");
    }

    #[test]
    fn graphs_reach_for_no_file_that_the_manifest_does_not_list() {
        // ModelProto.graph.initializer.external_data with the key `location`.
        let field = |number: u8, content: &[u8]| {
            [&[number << 3 | 2, content.len() as u8], content].concat()
        };
        let reaching = |location: &str| {
            let entry = [field(1, b"location"), field(2, location.as_bytes())].concat();
            field(7, &field(5, &field(13, &entry)))
        };
        let with = |location: &str| {
            let mut files = files();
            files.remove(names::MANIFEST_FILE);
            files.insert("generator.onnx.data".to_owned(), vec![0; 4]);
            files.insert(names::GENERATOR_FILE.to_owned(), reaching(location));
            Package::from_files(with_manifest(files))
        };
        with("generator.onnx.data").expect("a file of the package");
        for location in ["secret", "../generator.onnx.data", "/etc/passwd", "*/_ORT_MEM_ADDR_/*"] {
            let error = with(location).expect_err(location);
            assert!(
                matches!(&error, FormatError::ExternalData { location: found, .. } if found == location),
                "{error}"
            );
        }
        let mut files = files();
        files.remove(names::MANIFEST_FILE);
        files.insert(names::GENERATOR_FILE.to_owned(), b"no graph".to_vec());
        let error = Package::from_files(with_manifest(files)).expect_err("no graph");
        assert!(matches!(error, FormatError::Graph { .. }), "{error}");
    }

    #[test]
    fn a_zip_unpacks_to_no_more_than_its_manifest_says() {
        let mut large = files();
        large.insert(names::SAMPLE_FILE.to_owned(), vec![0; 1 << 20]);
        let error = Package::from_zip(&zipped(&large)).expect_err("a larger file");
        let expected = content(names::SAMPLE_FILE).len() as u64;
        assert!(
            matches!(&error, FormatError::TooLarge { name, expected: found } if name == names::SAMPLE_FILE && *found == expected),
            "{error}"
        );
        // What the manifest does not name is not unpacked at all.
        let mut more = files();
        more.insert("other.bin".to_owned(), vec![0; 1 << 20]);
        let package = Package::from_zip(&zipped(&more)).expect("a package");
        assert!(package.file("other.bin").is_err());
    }

    #[test]
    fn folder_and_zip_hold_the_same() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in files() {
            std::fs::write(folder.path().join(&name), &content).expect("a file");
        }
        let zip = zipped(&files());
        let from_folder = Package::open(folder.path()).expect("a folder");
        let from_zip = Package::from_zip(&zip).expect("a zip");
        assert_eq!(from_folder.files, from_zip.files);
        assert!(matches!(Package::from_zip(&zip[..zip.len() / 2]), Err(FormatError::Zip { .. })));
    }
}
