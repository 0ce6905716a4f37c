//! The releases of ONNX Runtime that an archive is verified with, out of pinned wheels.

use std::path::{Path, PathBuf};

use anyhow::Result;
use xtask_workspace::wheels::{Contents, Platform, Select, Wheel};

/// A release of ONNX Runtime for both targets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Release {
    pub(crate) version: &'static str,
    aarch64: Pinned,
    x86_64: Pinned,
}

/// SHA-256 and bytes of `CPython` 3.11's wheel.
type Pinned = (&'static str, u64);

/// The oldest that runs, one of `JetPack` 6's time, and the one that this project tests with.
pub(crate) const RELEASES: [Release; 3] = [
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
    /// The folder with the library, below `downloads`; fetched if it is not there.
    ///
    /// # Errors
    /// If pip fails, or brought another file than the pinned one.
    pub(crate) fn fetch(&self, platform: Platform, downloads: &Path) -> Result<PathBuf> {
        let (sha256, bytes) = match platform {
            Platform::LinuxAarch64 => self.aarch64,
            Platform::LinuxX86_64 => self.x86_64,
        };
        let wheel = Wheel { package: "onnxruntime", version: self.version, sha256, bytes };
        let wheels = [(wheel, library as Select)];
        let contents = Contents { wheels: &wheels, links: &[] };
        let name = format!("onnxruntime-{}-{}", self.version, platform.wheel_arch());
        let folder = downloads.join(name);
        contents.ensure(platform, downloads, &folder)?;
        Ok(folder)
    }
}

fn library(name: &str) -> Option<PathBuf> {
    let file = name.strip_prefix("onnxruntime/capi/")?;
    file.starts_with("libonnxruntime.so.").then(|| file.into())
}
