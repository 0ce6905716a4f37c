//! A pinned Python wheel: fetched by pip from the index the user's pip knows, checked by SHA-256.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::platform::Platform;
use crate::error::failure;
use crate::{console, python};

/// One file of a Python package index. The interpreter's tag is pinned too (`CPython` 3.11), so that the file and its hash
/// do not depend on the Python of the machine: only libraries and headers are taken out of it.
#[derive(Clone, Copy, Debug)]
pub struct Wheel {
    /// Its name in the index.
    pub package: &'static str,
    /// Its version, pinned.
    pub version: &'static str,
    /// Lower-case hexadecimal.
    pub sha256: &'static str,
    /// Size of the file, for the user.
    pub bytes: u64,
}

impl Wheel {
    /// Fetches the wheel into its own folder below `downloads`, or takes the one an interrupted call left there.
    ///
    /// # Errors
    /// When pip fails, or what it brought has another hash.
    pub fn fetch(&self, platform: Platform, downloads: &Path) -> Result<PathBuf> {
        let folder = self.folder(downloads);
        if let Ok(path) = only_wheel(&folder)
            && self.check(&path).is_ok()
        {
            return Ok(path);
        }
        self.discard(downloads)?;
        let temporary = folder.join("temporary");
        fs::create_dir_all(&temporary)
            .with_context(|| format!("cannot make {}", temporary.display()))?;
        console::line(&format!(
            "fetching {} {} ({})",
            self.package,
            self.version,
            console::size(self.bytes)
        ));
        self.download(platform, &folder, &temporary)
            .with_context(|| format!("cannot fetch {} {}", self.package, self.version))?;
        let path = only_wheel(&folder)?;
        if let Err(error) = self.check(&path) {
            self.discard(downloads)?;
            return Err(error);
        }
        Ok(path)
    }

    /// Removes what `fetch` left: a wheel is of no use once it is unpacked.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub fn discard(&self, downloads: &Path) -> Result<()> {
        let folder = self.folder(downloads);
        if folder.exists() {
            fs::remove_dir_all(&folder)
                .with_context(|| format!("cannot remove {}", folder.display()))?;
        }
        Ok(())
    }

    fn folder(&self, downloads: &Path) -> PathBuf {
        downloads.join(format!("{}-{}.wheel", self.package, self.version))
    }

    fn download(&self, platform: Platform, folder: &Path, temporary: &Path) -> Result<()> {
        const GLIBC_TAGS: [&str; 7] =
            ["_2_28", "_2_27", "_2_26", "_2_25", "_2_24", "_2_17", "2014"];
        let platforms: Vec<String> = GLIBC_TAGS
            .iter()
            .map(|tag| format!("--platform=manylinux{tag}_{}", platform.wheel_arch()))
            .collect();
        let destination = format!("--dest={}", folder.display());
        let requirement = format!("{}=={}", self.package, self.version);
        let mut arguments = vec![
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--python-version=3.11",
            "--implementation=cp",
            "--abi=cp311",
            "--abi=none",
        ];
        arguments.extend(platforms.iter().map(String::as_str));
        arguments.extend([destination.as_str(), requirement.as_str()]);
        python::pip(&arguments, temporary)
    }

    fn check(&self, path: &Path) -> Result<()> {
        let found = sha256(path)?;
        if found == self.sha256 {
            return Ok(());
        }
        Err(failure(
            format!(
                "sha256 of {} {} is {found}, expected {}",
                self.package, self.version, self.sha256
            ),
            "the download was damaged, or a mirror serves another file; call again, or try without the mirror",
        ))
    }
}

/// SHA-256 of a file, lower-case hexadecimal.
pub(super) fn sha256(path: &Path) -> Result<String> {
    let mut file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => hasher.update(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        }
    }
    Ok(hasher.finalize().iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}")))
}

fn only_wheel(folder: &Path) -> Result<PathBuf> {
    fs::read_dir(folder)
        .with_context(|| format!("cannot open {}", folder.display()))?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .find(|path| path.extension().is_some_and(|extension| extension == "whl"))
        .with_context(|| format!("pip left no wheel in {}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SHA-256 of "abc", from FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    const WHEEL: Wheel = Wheel { package: "abc", version: "1", sha256: ABC, bytes: 3 };

    #[test]
    fn a_flipped_byte_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc-1.whl");
        fs::write(&path, b"abc").unwrap();
        WHEEL.check(&path).unwrap();
        fs::write(&path, b"abb").unwrap();
        let message = WHEEL.check(&path).unwrap_err().to_string();
        assert!(message.contains("sha256 of abc 1 is ") && message.ends_with(ABC), "{message}");
    }

    #[test]
    fn a_wheel_left_by_an_interrupted_call_is_taken() {
        let downloads = tempfile::tempdir().unwrap();
        let folder = WHEEL.folder(downloads.path());
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("abc-1-py3-none-any.whl"), b"abc").unwrap();
        let path = WHEEL.fetch(Platform::LinuxX86_64, downloads.path()).unwrap();
        assert_eq!(fs::read(path).unwrap(), b"abc");
        WHEEL.discard(downloads.path()).unwrap();
        assert!(!folder.exists());
    }
}
