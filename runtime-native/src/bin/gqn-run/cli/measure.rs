//! Commands that look at the machine: `bench`, `warmup`, `doctor`, and what a shell wants to know.

use std::path::PathBuf;

use clap::Args;
use clap_complete::Shell;

use super::What;

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) what: What,
    /// Seconds of measuring for each batch size, after the warm-up.
    #[arg(long, value_name = "S", default_value_t = 3.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Numbers of queries to measure.
    #[arg(long, value_name = "N,…", default_value = "1,4,8", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub(crate) batches: Vec<u32>,
    /// Also render one view so many times a second, as a robot does, and say what of a core that takes.
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rate: Option<u32>,
    /// An earlier output of `bench --json`; the exit code is 1 if something is slower by more than --tolerance.
    #[arg(long, value_name = "OLD.json")]
    pub(crate) compare: Option<PathBuf>,
    /// How much slower than in the earlier measurement the median may be, in percent.
    #[arg(long, value_name = "PERCENT", default_value_t = 10.0, value_parser = percent, requires = "compare")]
    pub(crate) tolerance: f64,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WarmUp {
    #[command(flatten)]
    pub(crate) what: What,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    #[command(flatten)]
    pub(crate) engine: DoctorEngine,
    /// Look below this folder as if it were the system's root, such as a mounted card of another device.
    #[arg(long, value_name = "DIR", default_value = "/")]
    pub(crate) root: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the doctor looks first.
#[derive(Debug, Args)]
pub(crate) struct DoctorEngine {
    /// ONNX Runtime's library, or the folder it is in [default: as the other commands find it].
    #[arg(long, value_name = "PATH")]
    pub(crate) ort: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell.
    pub(crate) shell: Shell,
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.01..=3600.0).contains(&value) => Ok(value),
        _ => Err("expected a number of seconds from 0.01 to 3600".to_owned()),
    }
}

fn percent(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=10_000.0).contains(&value) => Ok(value),
        _ => Err("expected a percentage from 0 to 10000".to_owned()),
    }
}
