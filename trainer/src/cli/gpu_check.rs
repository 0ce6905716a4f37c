//! Flags of the check of a machine with a GPU.

use std::convert::Infallible;
use std::path::PathBuf;

use clap::Args;
use gqn_trainer::device::DeviceChoice;

use super::parse::minutes;

#[derive(Debug, Args)]
pub(crate) struct GpuCheckFlags {
    /// Folder for what the parts write
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace the files of an earlier check
    #[arg(long)]
    pub(crate) force: bool,
    /// Minutes that all parts may take together; what has not begun by then is left out
    #[arg(long, value_name = "N", default_value_t = 12.0, value_parser = minutes)]
    pub(crate) minutes: f64,
    /// Small sizes, to try the check itself; on a CPU they always are
    #[arg(long)]
    pub(crate) small: bool,
    /// Folder of the repository, of which `tests/golden` and the recipe are read
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) root: PathBuf,
    /// The recipe that is trained for a while: NAME of trainer/configs/NAME.toml
    #[arg(long, value_name = "NAME", default_value = "rooms-ring-camera-edge")]
    pub(crate) recipe: String,
    /// Only these parts, such as oracle-fused or bench-edge-shared [default: all]
    #[arg(long, value_name = "PART", value_parser = part_name)]
    pub(crate) only: Vec<String>,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// CPU threads of every part [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct NcclCheckFlags {
    /// cuda:N
    #[arg(long)]
    pub(crate) device: DeviceChoice,
}

/// The present name of a part that may be called by an earlier one.
#[allow(clippy::unnecessary_wraps, reason = "clap takes parsers that can fail")]
fn part_name(name: &str) -> Result<String, Infallible> {
    let name = match name {
        "oracle-fast" => "oracle-fused",
        "oracle-plain" => "oracle-reference",
        name => name,
    };
    Ok(name.to_owned())
}
