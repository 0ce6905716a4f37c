//! What runs a package: the flags that every command has.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;

use clap::Args;
use gqn_runtime_native::{IoBinding, OrtOptions, Provider, Spin};

/// What runs a package.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineFlags {
    /// ONNX Runtime's library, or the folder it is in [default: `ORT_DYLIB_PATH`, else beside this program, else where
    /// `cargo xtask setup` puts it, else the system's].
    #[arg(long, value_name = "PATH")]
    pub(crate) ort: Option<PathBuf>,
    /// What to run on: auto, cpu, cuda, tensorrt, openvino or webgpu.
    #[arg(long, value_name = "NAME", default_value_t = Provider::Auto)]
    pub(crate) provider: Provider,
    /// Fail, and name the nodes, unless all nodes of the graphs run on the provider that --provider names.
    #[arg(long)]
    pub(crate) strict: bool,
    /// Threads of a run on the CPU, at most four a core [default: one a core].
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Whether threads that wait for work spin (on) or sleep (off) [default: on; off when serving].
    #[arg(long, value_name = "on|off")]
    pub(crate) spin: Option<Spin>,
    /// Queries of one run of the generator, at most [default: 4 on the CPU, otherwise 8].
    #[arg(long, value_name = "N", value_parser = batch)]
    pub(crate) batch: Option<NonZeroUsize>,
    /// Megabytes of device memory that CUDA's arena and TensorRT's builder may take each.
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u32).range(64..))]
    pub(crate) device_memory: Option<u32>,
    /// Whether a scene stays in the provider's memory between queries; auto: with providers that have their own.
    #[arg(long, value_name = "auto|on|off", default_value_t = IoBinding::Auto)]
    pub(crate) io_binding: IoBinding,
    /// Private folder for what TensorRT builds [default: gqn in `XDG_CACHE_HOME` or ~/.cache].
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

impl EngineFlags {
    /// The library's options. The placement of the CPU's nodes is measured for those who ask.
    pub(crate) fn options(&self, spin: Spin) -> OrtOptions {
        let cache = || match self.provider {
            Provider::TensorRt => default_cache(),
            _ => None,
        };
        OrtOptions {
            provider: self.provider,
            threads: self.threads,
            spin: self.spin.unwrap_or(spin),
            batch: self.batch,
            device_memory: self.device_memory.and_then(|mb| NonZeroU64::new(u64::from(mb) << 20)),
            io_binding: self.io_binding,
            cache: self.cache.clone().or_else(cache),
            measure_placement: self.strict,
        }
    }
}

/// Where the user's programs keep what they can make again.
fn default_cache() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let base = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
    Some(base.join("gqn"))
}

/// More threads than that only wait for one another, and starting a thousand takes a minute.
fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let most = 4 * std::thread::available_parallelism().map_or(1, NonZeroUsize::get).max(4);
    match text.parse::<NonZeroUsize>() {
        Ok(threads) if threads.get() <= most => Ok(threads),
        _ => Err(format!("expected a number from 1 to {most} on this machine")),
    }
}

fn batch(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<NonZeroUsize>() {
        Ok(batch) if batch.get() <= OrtOptions::MOST_BATCH => Ok(batch),
        _ => Err(format!("expected a number from 1 to {}", OrtOptions::MOST_BATCH)),
    }
}
