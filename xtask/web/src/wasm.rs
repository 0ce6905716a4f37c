//! Modules in wasm, the engine and its peer: compiled, bound to JavaScript, made small.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use xtask_workspace::{Workspace, call, console};

use crate::bindgen;
use crate::node;
use crate::toolchain::{TARGET, Toolchain};

/// Every browser since 2023 has these vectors. Fused multiply-adds are asked for when the module starts.
const FLAGS: &str = "-C target-feature=+simd128";

/// How much time to take for a small and fast engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// The whole program is optimised as one: minutes.
    Full,
    /// For working on the page.
    Quick,
}

/// What can be built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Module {
    /// The engine of the page.
    Engine,
    /// The same bindings with tract as the engine: graphs that the page's own engine does not know.
    Tract,
    /// rten, to be timed beside them: as fast as can be, whatever its size.
    Rten,
}

impl Module {
    fn package(self) -> &'static str {
        match self {
            Self::Engine | Self::Tract => "gqn-runtime-wasm",
            Self::Rten => "gqn-bench-rten",
        }
    }

    /// Where its glue goes.
    fn folder(self) -> &'static str {
        match self {
            Self::Engine => "glue",
            Self::Tract => "glue-tract",
            Self::Rten => "glue-rten",
        }
    }

    fn profile(self, build: Build) -> &'static str {
        match (self, build) {
            (Self::Engine, Build::Full) => "wasm",
            (Self::Tract | Self::Rten, Build::Full) => "wasm-fast",
            (_, Build::Quick) => "wasm-quick",
        }
    }
}

/// Builds a module; the folder with `gqn.js`, `gqn.d.ts` and `gqn_bg.wasm`.
pub(crate) fn build(workspace: &Workspace, module: Module, build: Build) -> Result<PathBuf> {
    let (package, profile) = (module.package(), module.profile(build));
    let toolchain = Toolchain::find(workspace)?;
    // A target folder of its own: these flags would make cargo compile everything again, here and back there.
    let target = workspace.target().join("wasm");
    let mut cargo = toolchain.cargo_build(workspace);
    cargo.args(["--package", package, "--target", TARGET, "--profile", profile]);
    if module == Module::Tract {
        cargo.args(["--features", "tract"]);
    }
    cargo.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", FLAGS);
    cargo.env_remove("CARGO_ENCODED_RUSTFLAGS");
    call(&mut cargo)?;
    let name = format!("{}.wasm", package.replace('-', "_"));
    // Tract's module has the name of the engine's, whose place it takes: each is bound before the next is built.
    let compiled = target.join(TARGET).join(profile).join(name);
    bind(workspace, build, &compiled, &target.join(module.folder()).join(profile))
}

/// Makes the glue, and the module small, unless they were made from the same module already.
fn bind(workspace: &Workspace, build: Build, compiled: &Path, glue: &Path) -> Result<PathBuf> {
    let bytes =
        fs::read(compiled).with_context(|| format!("cannot open {}", compiled.display()))?;
    let source = format!("{:x?}", Sha256::digest(&bytes));
    let stamp = glue.join("made-from");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == source) {
        return Ok(glue.to_owned());
    }
    let _ = fs::remove_dir_all(glue);
    bindgen::bind(compiled, glue)?;
    if build == Build::Full {
        optimise(workspace, &glue.join("gqn_bg.wasm"))?;
    }
    fs::write(&stamp, source).with_context(|| format!("cannot write {}", stamp.display()))?;
    Ok(glue.to_owned())
}

fn optimise(workspace: &Workspace, module: &Path) -> Result<()> {
    let small = module.with_extension("small");
    let mut command = Command::new(node::tool(workspace, "wasm-opt")?);
    command.arg(module).arg("--output").arg(&small);
    // What the compiler uses today: the module itself says which of them it needs, where the optimiser reads that.
    let features = [
        "--enable-simd",
        "--enable-bulk-memory",
        "--enable-bulk-memory-opt",
        "--enable-call-indirect-overlong",
        "--enable-mutable-globals",
        "--enable-multivalue",
        "--enable-nontrapping-float-to-int",
        "--enable-reference-types",
        "--enable-sign-ext",
    ];
    call(command.args(features).args(["-O3", "--strip-debug", "--strip-producers"]))?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let (before, after) = (console::size(size(module)), console::size(size(&small)));
    console::line(&format!("the module has {after}, before optimisation {before}"));
    fs::rename(&small, module).with_context(|| format!("cannot write {}", module.display()))
}
