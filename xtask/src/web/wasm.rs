//! The engine in wasm: compiled, bound to JavaScript, made small.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::node;
use super::toolchain::{TARGET, Toolchain};
use crate::talk;
use crate::workspace::{self, Workspace};

const PACKAGE: &str = "gqn-runtime-wasm";
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

impl Build {
    fn profile(self) -> &'static str {
        match self {
            Self::Full => "wasm",
            Self::Quick => "release",
        }
    }
}

/// Builds the engine; the folder with `gqn.js`, `gqn.d.ts` and `gqn_bg.wasm`.
pub(super) fn build(workspace: &Workspace, build: Build) -> Result<PathBuf> {
    let toolchain = Toolchain::find(workspace)?;
    // A target folder of its own: these flags would make cargo compile everything again, here and back there.
    let target = workspace.target().join("wasm");
    let mut cargo = toolchain.cargo_build(workspace);
    cargo.args(["--package", PACKAGE, "--target", TARGET, "--profile", build.profile()]);
    cargo.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", FLAGS);
    cargo.env_remove("CARGO_ENCODED_RUSTFLAGS");
    workspace::run(&mut cargo)?;
    let compiled = target.join(TARGET).join(build.profile()).join("gqn_runtime_wasm.wasm");
    bind(workspace, build, &compiled, &target.join("glue").join(build.profile()))
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
    let mut cargo = workspace.cargo();
    cargo.args(["run", "--quiet", "--release", "--package", "xtask-bindgen", "--"]);
    workspace::run(cargo.arg(compiled).arg(glue))?;
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
    workspace::run(command.args(features).args(["-O3", "--strip-debug", "--strip-producers"]))?;
    let size = |path: &Path| fs::metadata(path).map_or(0, |found| found.len());
    let (before, after) = (talk::size(size(module)), talk::size(size(&small)));
    talk::line(&format!("the engine has {after}, before optimisation {before}"));
    fs::rename(&small, module).with_context(|| format!("cannot write {}", module.display()))
}
