//! How the graphs are run.

use std::fmt;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use crate::provider::Provider;

/// How to run the graphs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrtOptions {
    /// What to run them on.
    pub provider: Provider,
    /// Threads of one run on the CPU, at most [`OrtOptions::MOST_THREADS`]; as many as there are cores if none is given.
    pub threads: Option<NonZeroUsize>,
    /// What threads do between two pieces of work.
    pub spin: Spin,
    /// Queries of one run, at most; [`Provider::default_batch`] if none is given.
    pub batch: Option<NonZeroUsize>,
    /// Bytes of device memory that CUDA's arena and `TensorRT`'s builder may take each.
    pub device_memory: Option<NonZeroU64>,
    /// Folder for engines and timings that a provider builds (`TensorRT`, `OpenVINO`); nothing is kept without one.
    pub cache: Option<PathBuf>,
    /// Whether the CPU's runs are profiled once for [`OrtEngine::placement`](crate::OrtEngine::placement). Those of the other
    /// providers always are.
    pub measure_placement: bool,
}

impl OrtOptions {
    /// ONNX Runtime counts them in 32 bits, and starts each.
    pub const MOST_THREADS: usize = 4096;

    /// Queries of one run, at most.
    pub const MOST_BATCH: usize = 1024;

    /// That provider with that many threads, and otherwise the defaults.
    pub fn on(provider: Provider, threads: Option<NonZeroUsize>) -> Self {
        Self { provider, threads, ..Self::default() }
    }
}

/// What ONNX Runtime's threads do between two pieces of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spin {
    /// Turn in a loop for a while: the next run starts at once, and an idle program keeps its cores busy.
    #[default]
    On,
    /// Sleep: what a program that serves, or shares a robot's processor, wants.
    Off,
}

impl Spin {
    /// The name in flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Spin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Spin {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "on" => Ok(Self::On),
            "off" => Ok(Self::Off),
            _ => Err(format!("unknown value `{name}`, expected on or off")),
        }
    }
}
