//! The parts of the set-up, one after the other.

use std::fs::{self, File};

use anyhow::{Context, Result};
use xtask_workspace::{Workspace, console};

use super::{libtorch, onnxruntime, venv};

/// Which parts to set up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts {
    pub(crate) libtorch: bool,
    pub(crate) onnxruntime: bool,
    pub(crate) python: bool,
}

impl Parts {
    pub(crate) const ALL: Self = Self { libtorch: true, onnxruntime: true, python: true };
}

/// Sets up the parts that are not there yet. Two calls at once wait for one another.
pub(crate) fn set_up(workspace: &Workspace, parts: Parts) -> Result<()> {
    let downloads = workspace.downloads();
    fs::create_dir_all(&downloads)
        .with_context(|| format!("cannot make {}", downloads.display()))?;
    let lock =
        File::create(downloads.join("lock")).context("cannot make the lock of target/downloads")?;
    if lock.try_lock().is_err() {
        console::line("waiting for another set-up to finish");
        lock.lock().context("cannot lock target/downloads")?;
    }
    if parts.libtorch {
        libtorch::set_up(workspace).context("cannot set up libtorch")?;
    }
    if parts.onnxruntime {
        onnxruntime::set_up(workspace).context("cannot set up ONNX Runtime")?;
    }
    if parts.python {
        venv::set_up(workspace).context("cannot set up the tests' Python")?;
    }
    Ok(())
}
