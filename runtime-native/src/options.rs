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
    /// Whether scenes stay in the provider's memory between queries.
    pub io_binding: IoBinding,
    /// Private folder for what a provider builds: compiled graphs of `TensorRT` and `OpenVINO`, and `TensorRT`'s engines and
    /// timings; nothing is kept without one.
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

/// Whether a scene stays in the provider's memory between queries (ONNX Runtime's IO binding) or is handed over with each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IoBinding {
    /// With providers that have a memory of their own: CUDA, `TensorRT` and WebGPU.
    #[default]
    Auto,
    /// With every provider; on the CPU, which has nothing to copy, this saves nothing.
    On,
    /// With none.
    Off,
}

impl IoBinding {
    /// The name in flags.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Off => "off",
        }
    }

    pub(crate) fn is_used(self, provider: Provider) -> bool {
        match self {
            Self::Auto => provider.has_device_memory(),
            Self::On => true,
            Self::Off => false,
        }
    }
}

impl fmt::Display for IoBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for IoBinding {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Self::Auto, Self::On, Self::Off];
        let found = all.into_iter().find(|value| value.name() == name);
        found.ok_or_else(|| format!("unknown value `{name}`, expected auto, on or off"))
    }
}
