//! The command line of `gqn-export`: flags first, what they stand for second.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gqn_formats::{Overwrite, Variant};

use crate::build::{ExportOptions, Target, Winograd};

/// Turn a trained checkpoint into a package of ONNX graphs, and look into packages and checkpoints.
#[derive(Debug, Parser)]
#[command(name = "gqn-export", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What `gqn-export` does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a package: representation.onnx, generator.onnx, manifest, sample and model card
    Export(ExportFlags),
    /// Print sizes, ports, operators and multiply-adds of a package or a checkpoint
    Inspect(InspectFlags),
}

/// Flags of `gqn-export export`.
#[derive(Debug, Args)]
pub struct ExportFlags {
    /// A run folder of gqn-train, or a checkpoint
    #[arg(value_name = "RUN_OR_CHECKPOINT")]
    pub source: PathBuf,
    /// Folder to write the package into
    #[arg(long, value_name = "PACKAGE")]
    pub out: PathBuf,
    /// The trainer's outputs for this checkpoint [default: golden.safetensors beside the checkpoint]
    #[arg(long, value_name = "FILE")]
    pub sample: Option<PathBuf>,
    /// Which graphs to write
    #[arg(long, value_enum, default_value_t)]
    variant: VariantFlag,
    /// Whether the recurrent convolution is Winograd's
    #[arg(long, value_enum, default_value_t)]
    winograd: WinogradFlag,
    /// What the graphs are to run on
    #[arg(long, value_enum, default_value_t)]
    target: TargetFlag,
    /// Replace a package that is there already; other folders are never replaced
    #[arg(long)]
    force: bool,
}

/// Flags of `gqn-export inspect`.
#[derive(Debug, Args)]
pub struct InspectFlags {
    /// A package (folder or zip), a graph inside one, a checkpoint, or a run folder
    #[arg(value_name = "PACKAGE_OR_ONNX_OR_CHECKPOINT")]
    pub path: PathBuf,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum VariantFlag {
    /// The direct translation of the trained graph
    Reference,
    /// The same function with a fraction of the arithmetic
    #[default]
    Optimised,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum WinogradFlag {
    /// On CPUs, where the model is large enough
    #[default]
    Auto,
    /// F(4×4, 5×5)
    On,
    /// F(2×2, 5×5): slower, with about 40 % of the rounding errors
    Fine,
    Off,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum TargetFlag {
    Cpu,
    Wasm,
    Cuda,
    Tensorrt,
    #[default]
    All,
}

impl ExportFlags {
    /// What the flags choose about the graphs.
    pub fn options(&self) -> ExportOptions {
        let variant = match self.variant {
            VariantFlag::Reference => Variant::Reference,
            VariantFlag::Optimised => Variant::Optimised,
        };
        let winograd = match self.winograd {
            WinogradFlag::Auto => Winograd::Auto,
            WinogradFlag::On => Winograd::On,
            WinogradFlag::Fine => Winograd::Fine,
            WinogradFlag::Off => Winograd::Off,
        };
        let target = match self.target {
            TargetFlag::Cpu => Target::Cpu,
            TargetFlag::Wasm => Target::Wasm,
            TargetFlag::Cuda => Target::Cuda,
            TargetFlag::Tensorrt => Target::TensorRt,
            TargetFlag::All => Target::All,
        };
        ExportOptions { variant, winograd, target, ..ExportOptions::default() }
    }

    /// Whether an existing package may be replaced.
    pub fn overwrite(&self) -> Overwrite {
        if self.force { Overwrite::Force } else { Overwrite::Refuse }
    }
}
