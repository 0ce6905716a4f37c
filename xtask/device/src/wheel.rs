//! ONNX Runtime's library out of pinned wheels, fetched by pip from the index that the user's pip knows.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use crate::failure::{failure, line, run};
use crate::target::Target;

/// A release of ONNX Runtime for both targets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release {
    pub(crate) version: &'static str,
    /// Lower-case hexadecimal, of `CPython` 3.11's wheel.
    aarch64: &'static str,
    x86_64: &'static str,
}

/// The oldest that runs, one of `JetPack` 6's time, and the one that this project tests with.
pub(crate) const RELEASES: [Release; 3] = [
    Release {
        version: "1.20.1",
        aarch64: "f6243e34d74423bdd1edf0ae9596dd61023b260f546ee17d701723915f06a9f7",
        x86_64: "5eec64c0269dcdb8d9a9a53dc4d64f87b9e0c19801d9321246a53b7eb5a7d1bc",
    },
    Release {
        version: "1.23.2",
        aarch64: "bbfd2fca76c855317568c1b36a885ddea2272c13cb0e395002c402f2360429a6",
        x86_64: "da44b99206e77734c5819aa2142c69e64f3b46edc3bd314f6a45a932defc0b3e",
    },
    Release {
        version: "1.32.0",
        aarch64: "2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c",
        x86_64: "5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d",
    },
];

impl Release {
    /// The folder with the library, below `folder`; fetched if it is not there.
    ///
    /// # Errors
    /// If pip fails, or brought another file than the pinned one.
    pub(crate) fn fetch(&self, target: Target, folder: &Path) -> Result<PathBuf> {
        let architecture = target.architecture();
        let place = folder.join(format!("onnxruntime/{}-{architecture}", self.version));
        let name = format!("libonnxruntime.so.{}", self.version);
        if place.join(&name).is_file() {
            return Ok(place);
        }
        fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
        line(&format!("fetching onnxruntime {} for {architecture}", self.version));
        let mut pip = Command::new("python3");
        pip.args(["-m", "pip", "--disable-pip-version-check", "--quiet", "download", "--no-deps"]);
        pip.args(["--only-binary=:all:", "--python-version=3.11", "--implementation=cp"]);
        for tag in ["2_28", "2_27", "2_17"] {
            pip.arg(format!("--platform=manylinux_{tag}_{architecture}"));
        }
        pip.arg("--dest").arg(&place).arg(format!("onnxruntime=={}", self.version));
        run(&mut pip)?;
        let wheel = only_wheel(&place)?;
        self.unpack(target, &wheel, &place, &name)?;
        fs::remove_file(&wheel).with_context(|| format!("cannot remove {}", wheel.display()))?;
        Ok(place)
    }

    fn unpack(&self, target: Target, wheel: &Path, place: &Path, name: &str) -> Result<()> {
        let bytes = fs::read(wheel).with_context(|| format!("cannot open {}", wheel.display()))?;
        let expected = if target == Target::Aarch64 { self.aarch64 } else { self.x86_64 };
        let found = sha256(&bytes);
        if found != expected {
            let _ = fs::remove_file(wheel);
            return Err(failure(
                format!("sha256 of onnxruntime {} is {found}, expected {expected}", self.version),
                "the download was damaged, or a mirror serves another file; call again",
            ));
        }
        let mut zip = zip::ZipArchive::new(io::Cursor::new(bytes)).context("no wheel")?;
        let mut library = zip
            .by_name(&format!("onnxruntime/capi/{name}"))
            .with_context(|| format!("the wheel holds no {name}"))?;
        let part = place.join("part");
        let mut file = File::create(&part)?;
        io::copy(&mut library, &mut file).context("cannot unpack the wheel")?;
        fs::rename(&part, place.join(name)).context("cannot put the library in place")
    }
}

fn only_wheel(folder: &Path) -> Result<PathBuf> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot open {}", folder.display()))?;
    let mut paths = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "whl");
    paths.find(is_wheel).with_context(|| format!("pip left no wheel in {}", folder.display()))
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_is_refused_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let wheel = folder.path().join("onnxruntime.whl");
        fs::write(&wheel, b"abc").unwrap();
        let error = RELEASES[0].unpack(Target::X86_64, &wheel, folder.path(), "x").unwrap_err();
        // SHA-256 of "abc", from FIPS 180-2, appendix B.1.
        let found = "is ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad, expected";
        assert!(error.to_string().contains(found), "{error}");
        assert!(!wheel.exists());
    }
}
