//! Who compiles for wasm: the toolchain that runs us, or Debian's.

use std::path::Path;
use std::process::Command;

use anyhow::Result;
use xtask_workspace::{Workspace, add_target, console, debian, failure};

pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// Debian keeps a recent compiler for its browsers: compiler, cargo, the standard library's source, and a linker for
/// wasm. Its programs lie beside those of rustup without being in their way.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld"];
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_LINKER: &str = "/usr/bin/wasm-ld";
/// What the standard library is built from; older versions had no edition of their own there.
const DEBIAN_SOURCE: &str = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";

/// A compiler that has, or builds, the standard library for wasm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The one that runs us; it has the library.
    Own,
    /// Debian's, which has its source.
    Debian,
}

impl Toolchain {
    /// Adds the target to the toolchain if it is missing; where nobody can, takes Debian's.
    pub(crate) fn find(workspace: &Workspace) -> Result<Self> {
        if add_target(workspace, TARGET) {
            return Ok(Self::Own);
        }
        if is_complete() || (debian::install(workspace, &DEBIAN_PACKAGES)? && is_complete()) {
            console::line("the library for wasm is built from Debian's source");
            return Ok(Self::Debian);
        }
        Err(failure(
            format!(
                "the toolchain has no standard library for {TARGET}, and rustup could not add it"
            ),
            format!(
                "`rustup target add {TARGET}`; without rustup, your system's package (Fedora: rust-std-static-{TARGET}; Debian: {})",
                DEBIAN_PACKAGES.join(", ")
            ),
        ))
    }

    /// `cargo build`, with what it needs to have the library.
    pub(crate) fn cargo_build(self, workspace: &Workspace) -> Command {
        match self {
            Self::Own => {
                let mut cargo = workspace.cargo();
                cargo.arg("build");
                cargo
            }
            Self::Debian => {
                let mut cargo = workspace.command(DEBIAN_CARGO);
                cargo.args(["build", "-Z", "build-std=std,panic_abort"]);
                cargo.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                cargo.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", DEBIAN_LINKER);
                // Those of the cargo that runs us would be asked instead.
                cargo.env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
                cargo
            }
        }
    }
}

fn is_complete() -> bool {
    [DEBIAN_CARGO, DEBIAN_RUSTC, DEBIAN_LINKER, DEBIAN_SOURCE]
        .iter()
        .all(|path| Path::new(path).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debians_cargo_builds_the_library_with_debians_compiler() {
        let workspace = Workspace::at(Path::new("/"));
        let cargo = Toolchain::Debian.cargo_build(&workspace);
        assert_eq!(cargo.get_program(), DEBIAN_CARGO);
        let arguments: Vec<_> = cargo.get_args().collect();
        assert_eq!(arguments, ["build", "-Z", "build-std=std,panic_abort"]);
        let environment: Vec<_> = cargo.get_envs().collect();
        for (name, value) in [("RUSTC", DEBIAN_RUSTC), ("RUSTC_BOOTSTRAP", "1")] {
            assert!(
                environment.contains(&(name.as_ref(), Some(value.as_ref()))),
                "{environment:?}"
            );
        }
    }
}
