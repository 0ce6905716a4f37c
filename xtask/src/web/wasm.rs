//! The engine in wasm: compiled, bound to JavaScript, made small.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::node;
use crate::failure::failure;
use crate::talk;
use crate::workspace::{self, Workspace};

const TARGET: &str = "wasm32-unknown-unknown";
const PACKAGE: &str = "gqn-runtime-wasm";
/// Every browser since 2023 has these vectors. Relaxed ones gain less than what varies between two runs.
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
    require_target(workspace)?;
    // A target folder of its own: these flags would make cargo compile everything again, here and back there.
    let target = workspace.target().join("wasm");
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", PACKAGE, "--target", TARGET, "--profile", build.profile()]);
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

/// Adds the target to the toolchain if it is missing.
fn require_target(workspace: &Workspace) -> Result<()> {
    let library = workspace
        .command("rustc")
        .args(["--print", "target-libdir", "--target", TARGET])
        .stderr(Stdio::null())
        .output();
    let folder = library.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    if folder.is_ok_and(|folder| !folder.is_empty() && Path::new(&folder).is_dir()) {
        return Ok(());
    }
    talk::line(&format!("adding the target {TARGET} to the toolchain"));
    let status = workspace.command("rustup").args(["target", "add", TARGET]).status();
    if status.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    Err(failure(
        format!("the toolchain has no standard library for {TARGET}, and rustup could not add it"),
        format!(
            "`rustup target add {TARGET}`; without rustup, your system's package (Debian: libstd-rust-dev-wasm32, Fedora: rust-std-static-{TARGET})"
        ),
    ))
}
