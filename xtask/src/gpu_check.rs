//! `cargo xtask gpu-check`: builds the trainer and runs its own check. Where there is no Rust, `gqn-train gpu-check` alone
//! does the same (docs/training.md).

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::setup::{Parts, set_up};
use crate::workspace::{Programs, Workspace};

/// How the check is run, as `gqn-train gpu-check` takes it.
#[derive(Debug)]
pub(crate) struct GpuCheck {
    pub(crate) minutes: f64,
    pub(crate) small: bool,
    pub(crate) device: String,
    pub(crate) threads: Option<u16>,
    /// Only these parts; all if there are none.
    pub(crate) only: Vec<String>,
    /// The recipe that is trained for a while, unless it is the trainer's default.
    pub(crate) recipe: Option<String>,
    /// Folder of the results, instead of `out/gpu-check`, whose files are those of earlier checks.
    pub(crate) out: Option<PathBuf>,
    /// Whether files in that folder are replaced.
    pub(crate) force: bool,
}

pub(crate) fn run(workspace: &Workspace, check: &GpuCheck) -> Result<()> {
    let out = match &check.out {
        Some(out) => std::path::absolute(out).context("cannot tell the working folder")?,
        None => workspace.root().join("out/gpu-check"),
    };
    let programs = Programs::beside_us(workspace)?;
    set_up(workspace, Parts { libtorch: true, onnxruntime: false, python: false })?;
    programs.build(&["gqn-trainer"])?;
    let mut arguments: Vec<OsString> = vec!["gpu-check".into()];
    arguments.extend(["--minutes".into(), check.minutes.to_string().into()]);
    arguments.extend(["--device".into(), check.device.clone().into()]);
    arguments.extend(["--root".into(), workspace.root().into(), "--out".into(), out.into()]);
    if check.force || check.out.is_none() {
        arguments.push("--force".into());
    }
    if check.small {
        arguments.push("--small".into());
    }
    if let Some(threads) = check.threads {
        arguments.extend(["--threads".into(), threads.to_string().into()]);
    }
    for part in &check.only {
        arguments.extend(["--only".into(), part.into()]);
    }
    if let Some(recipe) = &check.recipe {
        arguments.extend(["--recipe".into(), recipe.into()]);
    }
    programs.run("gqn-train", &arguments)
}
