//! The release programs, compiled by cargo and linked by zig, which links against the glibc that it is told, whatever the
//! machine's own is. cargo-zigbuild joins the two; both come from the Python package index, in pinned versions.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use xtask_workspace::wheels::Stamp;
use xtask_workspace::{Workspace, add_target, call, console, failure, python, read};

use crate::glibc::Glibc;
use crate::target::Target;

/// That of Debian 11 and of Ubuntu 20.04, which `JetPack` 5 is made of.
pub(crate) const GLIBC: Glibc = Glibc::new(2, 31);

const ZIGBUILD: &str = "cargo-zigbuild";
const TOOLS: [&str; 2] = ["cargo-zigbuild==0.24.1", "ziglang==0.17.1"];

/// What was compiled.
#[derive(Debug)]
pub(crate) struct Built {
    /// `gqn-run`
    pub(crate) program: PathBuf,
    /// `libgqn.so`
    pub(crate) library: PathBuf,
    /// The folder of zig, parts of which are linked.
    pub(crate) zig: PathBuf,
}

/// Compiles program and C library below `folder`.
pub(crate) fn build(workspace: &Workspace, folder: &Path, target: Target) -> Result<Built> {
    require_target(workspace, target)?;
    let tools = Tools::set_up(folder)?;
    let build = folder.join("build");
    let mut command = tools.zigbuild();
    command.args(["zigbuild", "--profile=dist", "--locked", "--bin=gqn-run", "--lib"]);
    command.args(["--package=gqn-runtime-native", "--package=gqn-capi", "--target"]);
    command.arg(format!("{}.{GLIBC}", target.triple())).arg("--target-dir").arg(&build);
    // Messages of panics then name no folder of this machine.
    let home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cargo")));
    let mut flags = vec![format!("--remap-path-prefix={}=/gqn", workspace.root().display())];
    flags.extend(home.map(|home| format!("--remap-path-prefix={}=/cargo", home.display())));
    command.current_dir(workspace.root()).env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f"));
    call(&mut command)?;
    let out = build.join(target.triple()).join("dist");
    Ok(Built { program: out.join("gqn-run"), library: out.join("libgqn.so"), zig: tools.zig()? })
}

/// The toolchain must have the target's standard library.
fn require_target(workspace: &Workspace, target: Target) -> Result<()> {
    let triple = target.triple();
    if add_target(workspace, triple) {
        return Ok(());
    }
    Err(failure(
        format!("the toolchain has no standard library for {triple}, and rustup could not add it"),
        format!("`rustup target add {triple}`; without rustup, your system's package"),
    ))
}

/// A virtual environment of Python with the tools in it.
#[derive(Debug)]
struct Tools {
    folder: PathBuf,
    /// Where pip puts programs when it is told where to put packages.
    scripts: PathBuf,
}

impl Tools {
    fn set_up(folder: &Path) -> Result<Self> {
        let environment = folder.join("tools");
        let source: Vec<String> = TOOLS.iter().map(|&tool| tool.to_owned()).collect();
        let is_there = Stamp::holds(&environment, &source);
        if !is_there {
            console::line(&format!("setting up {}", TOOLS.join(" and ")));
            let arguments = [&["--no-deps", "--only-binary=:all:"], &TOOLS[..]].concat();
            python::make_environment(&environment, &arguments, &folder.join("tools.temporary"))?;
        }
        let scripts = Path::new(&python::site_packages(&environment)?).join("bin");
        if !is_there {
            let program = scripts.join(ZIGBUILD);
            let found = std::fs::metadata(&program)
                .with_context(|| format!("the wheels left no {}", program.display()))?;
            Stamp { source, files: vec![(program, found.len())] }.write(&environment)?;
        }
        Ok(Self { folder: environment, scripts })
    }

    /// cargo-zigbuild, which finds zig.
    fn zigbuild(&self) -> Command {
        let mut command = Command::new(self.scripts.join(ZIGBUILD));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let ours = [self.scripts.clone(), self.folder.join("bin")];
        let folders = ours.into_iter().chain(std::env::split_paths(&path));
        if let Ok(path) = std::env::join_paths(folders) {
            command.env("PATH", path);
        }
        command
    }

    fn zig(&self) -> Result<PathBuf> {
        let script = "import os, ziglang; print(os.path.dirname(ziglang.__file__))";
        let python = self.folder.join("bin/python");
        let stdout = read(Command::new(python).args(["-c", script]))?;
        Ok(PathBuf::from(String::from_utf8_lossy(&stdout).trim()))
    }
}
