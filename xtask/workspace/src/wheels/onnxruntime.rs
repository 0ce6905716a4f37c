//! ONNX Runtime: the one library file out of its wheel, in the releases that something is tested with.

use std::path::{Path, PathBuf};

use anyhow::Result;

use super::contents::Contents;
use super::platform::Platform;
use super::wheel::Wheel;

/// A release of ONNX Runtime for both targets.
#[derive(Debug, Clone, Copy)]
pub struct Release {
    /// As the wheel and the library's name have it.
    pub version: &'static str,
    aarch64: Pinned,
    x86_64: Pinned,
}

/// SHA-256 and bytes of `CPython` 3.11's wheel.
type Pinned = (&'static str, u64);

/// The one that this project tests with and `cargo xtask setup` fetches.
pub const RELEASE: Release = RELEASES[2];

/// The oldest that runs, one of `JetPack` 6's time, and [`RELEASE`].
pub const RELEASES: [Release; 3] = [
    Release {
        version: "1.20.1",
        aarch64: ("f6243e34d74423bdd1edf0ae9596dd61023b260f546ee17d701723915f06a9f7", 11_955_227),
        x86_64: ("5eec64c0269dcdb8d9a9a53dc4d64f87b9e0c19801d9321246a53b7eb5a7d1bc", 13_331_703),
    },
    Release {
        version: "1.23.2",
        aarch64: ("bbfd2fca76c855317568c1b36a885ddea2272c13cb0e395002c402f2360429a6", 15_220_095),
        x86_64: ("da44b99206e77734c5819aa2142c69e64f3b46edc3bd314f6a45a932defc0b3e", 17_372_080),
    },
    Release {
        version: "1.32.0",
        aarch64: ("2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c", 23_195_070),
        x86_64: ("5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d", 27_773_237),
    },
];

impl Release {
    /// Its wheel.
    pub fn wheel(&self, platform: Platform) -> Wheel {
        let (sha256, bytes) = match platform {
            Platform::LinuxAarch64 => self.aarch64,
            Platform::LinuxX86_64 => self.x86_64,
        };
        Wheel { package: "onnxruntime", version: self.version, sha256, bytes }
    }

    /// The folder with the library, below `downloads`; fetched if it is not there.
    ///
    /// # Errors
    /// If pip fails, or brought another file than the pinned one.
    pub fn fetch(&self, platform: Platform, downloads: &Path) -> Result<PathBuf> {
        let wheels = [(self.wheel(platform), library as _)];
        let contents = Contents { wheels: &wheels, links: &[] };
        let name = format!("onnxruntime-{}-{}", self.version, platform.wheel_arch());
        let folder = downloads.join(name);
        contents.ensure(platform, downloads, &folder)?;
        Ok(folder)
    }
}

/// Takes the library out of a wheel, and nothing else.
pub fn library(name: &str) -> Option<PathBuf> {
    let file = name.strip_prefix("onnxruntime/capi/")?;
    file.starts_with("libonnxruntime.so.").then(|| file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_library_is_taken() {
        assert_eq!(
            library("onnxruntime/capi/libonnxruntime.so.1.32.0"),
            Some("libonnxruntime.so.1.32.0".into())
        );
        assert_eq!(library("onnxruntime/capi/libonnxruntime_providers_shared.so"), None);
        assert_eq!(library("onnxruntime/__init__.py"), None);
    }
}
