//! `cargo xtask gpu-check`: builds the trainer and runs its own check. Where there is no Rust, `gqn-train gpu-check` alone
//! does the same (docs/training.md).

use std::ffi::OsString;

use anyhow::{Context, Result};
use xtask_workspace::{Programs, Workspace};

use crate::cli::GpuCheckOptions;
use crate::setup::{Parts, set_up};

pub(crate) fn run(workspace: &Workspace, check: &GpuCheckOptions) -> Result<()> {
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
