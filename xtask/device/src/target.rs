//! The two systems that archives are made for.

use clap::ValueEnum;

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

    /// As wheels, qemu and Debian's compilers write it.
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
