//! The platforms that wheels are pinned for.

use std::env;

use anyhow::Result;

use crate::error::failure;

/// A platform for which wheels are pinned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Platform {
    /// 64-bit x86.
    LinuxX86_64,
    /// 64-bit ARM.
    LinuxAarch64,
}

impl Platform {
    /// The one that this program runs on.
    ///
    /// # Errors
    /// No wheels are pinned for it.
    pub fn of_this_machine() -> Result<Self> {
        match (env::consts::OS, env::consts::ARCH) {
            ("linux", "x86_64") => Ok(Self::LinuxX86_64),
            ("linux", "aarch64") => Ok(Self::LinuxAarch64),
            (os, arch) => Err(failure(
                format!(
                    "no files are pinned for {os} on {arch}; expected linux on x86_64 or aarch64"
                ),
                "set LIBTORCH to a PyTorch 2.11 folder and ORT_DYLIB_PATH to an ONNX Runtime library of your own",
            )),
        }
    }

    /// The machine's name in a wheel's platform tag.
    pub fn wheel_arch(self) -> &'static str {
        match self {
            Self::LinuxX86_64 => "x86_64",
            Self::LinuxAarch64 => "aarch64",
        }
    }
}
