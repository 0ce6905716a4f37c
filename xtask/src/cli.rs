//! The command line of `cargo xtask`.

use clap::{Args, Parser, Subcommand};

use crate::setup::Parts;

/// The chores of the workspace: set-up, demonstration and tests.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch libtorch, ONNX Runtime and the tests' Python packages into target/, each once
    Setup(SetupOptions),
}

/// Without a flag, all three parts.
#[derive(Debug, Args)]
pub(crate) struct SetupOptions {
    /// What the trainer links: libtorch, from PyTorch's wheel or from your own LIBTORCH
    #[arg(long)]
    libtorch: bool,
    /// What the native runtime loads: ONNX Runtime, unless `ORT_DYLIB_PATH` names your own
    #[arg(long)]
    onnxruntime: bool,
    /// What the tests check exported graphs with: Python's onnx in a virtual environment
    #[arg(long)]
    python: bool,
}

impl SetupOptions {
    pub(crate) fn parts(&self) -> Parts {
        let all = !(self.libtorch || self.onnxruntime || self.python);
        Parts {
            libtorch: all || self.libtorch,
            onnxruntime: all || self.onnxruntime,
            python: all || self.python,
        }
    }
}
