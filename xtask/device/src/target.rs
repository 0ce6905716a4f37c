//! The two systems that archives are made for.

use clap::ValueEnum;
use xtask_workspace::wheels::Platform;

/// A target of the compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// 64-bit ARM: Jetson, Raspberry Pi, ARM servers.
    #[value(name = "aarch64-unknown-linux-gnu")]
    Aarch64,
    /// 64-bit x86.
    #[value(name = "x86_64-unknown-linux-gnu")]
    X86_64,
}

impl Target {
    /// As rustc writes it.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::X86_64 => "x86_64-unknown-linux-gnu",
        }
    }

    /// That of its wheels.
    pub(crate) fn platform(self) -> Platform {
        match self {
            Self::Aarch64 => Platform::LinuxAarch64,
            Self::X86_64 => Platform::LinuxX86_64,
        }
    }

    /// As qemu and Debian's compilers write it.
    pub(crate) fn architecture(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64",
            Self::X86_64 => "x86_64",
        }
    }

    /// Whether this machine runs its programs as they are.
    pub(crate) fn is_native(self) -> bool {
        cfg!(target_os = "linux") && std::env::consts::ARCH == self.architecture()
    }
}
