use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use crate::error::FormatError;
use crate::manifest::{Manifest, plain_name, sha256_hex};
use crate::ports::names;

/// No manifest comes near it.
const MOST_MANIFEST_BYTES: u64 = 1 << 24;

/// The files of a package, each with the checksum that the manifest says.
#[derive(Debug, Clone)]
pub struct Package {
    /// The contract.
    pub manifest: Manifest,
    files: BTreeMap<String, Vec<u8>>,
}

impl Package {
    /// Checks files against their manifest, which is one of them.
    ///
    /// # Errors
    /// [`FormatError`]: no manifest, one that is refused, a file that is missing or whose checksum differs.
    pub fn from_files(mut files: BTreeMap<String, Vec<u8>>) -> Result<Self, FormatError> {
        let missing = |name: &str| FormatError::MissingFile { name: name.to_owned() };
        let manifest =
            files.remove(names::MANIFEST_FILE).ok_or_else(|| missing(names::MANIFEST_FILE))?;
        let manifest = Manifest::from_json(&manifest)?;
        for name in [names::REPRESENTATION_FILE, names::GENERATOR_FILE, names::SAMPLE_FILE] {
            if !manifest.files.contains_key(name) {
                return Err(missing(name));
            }
        }
        for (name, entry) in &manifest.files {
            let found = sha256_hex(files.get(name).ok_or_else(|| missing(name))?);
            if found != entry.sha256 {
                return Err(FormatError::Checksum {
                    name: name.clone(),
                    found,
                    expected: entry.sha256.clone(),
                });
            }
        }
        files.retain(|name, _| manifest.files.contains_key(name));
        Ok(Self { manifest, files })
    }

    /// Reads the package from the bytes of a zip of its folder (with or without the folder itself).
    ///
    /// # Errors
    /// [`FormatError::Zip`], otherwise as [`Package::from_files`].
    pub fn from_zip(bytes: &[u8]) -> Result<Self, FormatError> {
        let failed = |source| FormatError::Zip { source };
        let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(failed)?;
        let mut places = BTreeMap::new();
        for index in 0..archive.len() {
            let entry = archive.by_index(index).map_err(failed)?;
            if !entry.is_dir() {
                let name = entry.name().map_err(failed)?;
                let name = name.rsplit('/').next().unwrap_or_default().to_owned();
                plain_name("zip", &name)?;
                places.insert(name, index);
            }
        }
        // What a zip unpacks to is bounded by what its manifest says, and the manifest itself by what one may need.
        let mut unpack = |name: &str, most: u64| {
            let missing = || FormatError::MissingFile { name: name.to_owned() };
            let index = *places.get(name).ok_or_else(missing)?;
            let mut content = Vec::new();
            let entry = archive.by_index(index).map_err(failed)?;
            let read = entry.take(most + 1).read_to_end(&mut content);
            if read.map_err(|source| failed(source.into()))? as u64 > most {
                return Err(FormatError::TooLarge { name: name.to_owned(), expected: most });
            }
            Ok(content)
        };
        let manifest_bytes = unpack(names::MANIFEST_FILE, MOST_MANIFEST_BYTES)?;
        let manifest = Manifest::from_json(&manifest_bytes)?;
        let mut files = BTreeMap::from([(names::MANIFEST_FILE.to_owned(), manifest_bytes)]);
        for (name, entry) in &manifest.files {
            files.insert(name.clone(), unpack(name, entry.bytes)?);
        }
        Self::from_files(files)
    }

    /// A file of the package.
    ///
    /// # Errors
    /// [`FormatError::MissingFile`] if the manifest does not name it.
    pub fn file(&self, name: &str) -> Result<&[u8], FormatError> {
        self.files
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| FormatError::MissingFile { name: name.to_owned() })
    }

    /// Files and their contents, without the manifest.
    pub fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(name, content)| (name.as_str(), content.as_slice()))
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod folder {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::Package;
    use crate::error::FormatError;
    use crate::manifest::Manifest;
    use crate::ports::names;

    impl Package {
        /// Opens a package: a folder, or one zip of it.
        ///
        /// # Errors
        /// [`FormatError::Read`] if there is nothing to read, [`FormatError::NotAPackage`] for another folder,
        /// otherwise as [`Package::from_files`].
        pub fn open(path: &Path) -> Result<Self, FormatError> {
            let read = |path: &Path| {
                std::fs::read(path)
                    .map_err(|source| FormatError::Read { path: path.to_owned(), source })
            };
            if path.is_file() {
                return Self::from_zip(&read(path)?);
            }
            let manifest_path = path.join(names::MANIFEST_FILE);
            if path.is_dir() && !manifest_path.exists() {
                return Err(FormatError::NotAPackage { path: path.to_owned() });
            }
            let manifest_bytes = read(&manifest_path)?;
            let manifest = Manifest::from_json(&manifest_bytes)?;
            let mut files = BTreeMap::from([(names::MANIFEST_FILE.to_owned(), manifest_bytes)]);
            for name in manifest.files.keys() {
                let file = path.join(name);
                if file.exists() {
                    files.insert(name.clone(), read(&file)?);
                }
            }
            Self::from_files(files)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::manifest::{FileEntry, tests::manifest};

    fn files() -> BTreeMap<String, Vec<u8>> {
        let content = [names::REPRESENTATION_FILE, names::GENERATOR_FILE, names::SAMPLE_FILE];
        let mut files: BTreeMap<String, Vec<u8>> =
            content.into_iter().map(|name| (name.to_owned(), name.as_bytes().to_vec())).collect();
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
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            let options = zip::write::SimpleFileOptions::default();
            writer.start_file(format!("package/{name}"), options).expect("an entry");
            writer.write_all(content).expect("its content");
        }
        writer.finish().expect("a zip").into_inner()
    }

    #[test]
    fn a_zip_unpacks_to_no_more_than_its_manifest_says() {
        let mut large = files();
        large.insert(names::SAMPLE_FILE.to_owned(), vec![0; 1 << 20]);
        let error = Package::from_zip(&zipped(&large)).expect_err("a larger file");
        let expected = names::SAMPLE_FILE.len() as u64;
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
