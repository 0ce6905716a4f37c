//! Flags of the oracle.

use std::path::PathBuf;

use clap::Args;
use gqn_trainer::device::DeviceChoice;
use gqn_trainer::model::{ComputeType, StepVariant};

#[derive(Debug, Args)]
pub(crate) struct OracleFlags {
    /// Numbers of the reference or of the second implementation, as safetensors files
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Variant of the step: fused or reference
    #[arg(long, alias = "form", default_value = "fused")]
    pub(crate) variant: StepVariant,
    /// Whether the fused variant's large convolutions go by Winograd's algorithm, as they do where a CPU trains shared cores
    #[arg(long, value_name = "true|false", default_value_t = true, action = clap::ArgAction::Set)]
    pub(crate) winograd: bool,
    /// Use these weights instead of those that the formula makes: they were imported and are to be the same
    #[arg(long, value_name = "CHECKPOINT")]
    pub(crate) checkpoint: Option<PathBuf>,
    /// Compute type: fp32, tf32 or bf16; the last two may be off by much more
    #[arg(long, default_value = "fp32")]
    pub(crate) precision: ComputeType,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "cpu")]
    pub(crate) device: DeviceChoice,
}
