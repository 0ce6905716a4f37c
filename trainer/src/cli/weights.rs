//! Flags of what is done with weights that are there.

use std::path::PathBuf;

use clap::Args;
use gqn_formats::RepresentationKind;
use gqn_scenes::{PoseEncoding, World};
use gqn_trainer::device::DeviceChoice;
use gqn_trainer::evaluation::evaluate::TestPlan;

use super::parse::{positive, representation};

/// Scenes of an evaluation, which takes hours for so many.
const MOST_SCENES: i64 = 1_000_000;
/// Views of a scene that any data set may have.
const MOST_VIEWS: i64 = 10_000;

#[derive(Debug, Args)]
pub(crate) struct EvalFlags {
    /// Run folder, or a checkpoint in one
    pub(crate) run: PathBuf,
    /// World of the held-out scenes [default: the run's]
    #[arg(long, conflicts_with = "data")]
    pub(crate) world: Option<World>,
    /// The folder that the run's data has moved to, which holds `train` and `test`
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Leave damaged scenes of the files out, and count them, even if the run did not
    #[arg(long, requires = "data")]
    pub(crate) skip_damaged: bool,
    /// Held-out scenes [default: all of the run's files; of a rendered world as many as the run evaluates]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_SCENES))]
    pub(crate) scenes: Option<u32>,
    /// Context views [default: every number from 1 to the most the run was trained with, each row rendering the same views]
    #[arg(long, value_name = "M", value_parser = clap::value_parser!(u32).range(1..=MOST_VIEWS))]
    pub(crate) context: Option<u32>,
    /// Views rendered of each scene, at most; never one of the context
    #[arg(long, value_name = "N", default_value_t = TestPlan::QUERIES as u32, value_parser = clap::value_parser!(u32).range(1..=MOST_VIEWS))]
    pub(crate) queries: u32,
    /// Samples of each picture. From 2 on, how much two of them differ and the error of the best of all are measured too
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) samples: u32,
    /// Pixel standard deviation of the bound [default: that of the run's last step]
    #[arg(long, value_name = "SIGMA", value_parser = positive)]
    pub(crate) pixel_std_dev: Option<f64>,
    /// Seed of the noise [default: the run's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..1 << 31))]
    pub(crate) seed: Option<u32>,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// CPU threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct SummaryFlags {
    /// Run folder
    pub(crate) run: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct GoldenFlags {
    /// Run folder, or a checkpoint
    pub(crate) run: PathBuf,
    /// File to write [default: golden.safetensors beside the checkpoint]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write nothing: render the sample beside the checkpoint anew, and compare; exit code 1 if it differs
    #[arg(long, conflicts_with_all = ["out", "world", "seed", "force"])]
    pub(crate) check: bool,
    /// Where --check computes: auto, cpu or cuda:N
    #[arg(long, default_value = "cpu", requires = "check")]
    pub(crate) device: DeviceChoice,
    /// World of the sample views [default: that of the run beside the checkpoint, otherwise rooms-ring-camera]
    #[arg(long)]
    pub(crate) world: Option<World>,
    /// Seed of the sample scene and noise
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u32,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckpointFlags {
    /// Run folder, or a checkpoint
    pub(crate) run: PathBuf,
    /// Store the weights in 16 bits, to which they are rounded
    #[arg(long)]
    pub(crate) half: bool,
    /// Write nothing if the checkpoint would have more bytes than that
    #[arg(long, value_name = "N")]
    pub(crate) most_bytes: Option<u64>,
    /// Checkpoint to write
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) out: PathBuf,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImportFlags {
    /// A state dict of torch-gqn as torch.save writes it
    pub(crate) file: PathBuf,
    /// Checkpoint to write; its sample for exporting (golden.safetensors) is written beside it, where there is none
    #[arg(long, value_name = "FILE.safetensors")]
    pub(crate) out: PathBuf,
    /// DRAW steps; needed where one core serves all of them, since the file does not tell
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) layers: Option<u32>,
    /// Representation network; tower and pool have the same tensors [default: as the tensors say, of these two pool]
    #[arg(long, value_parser = representation)]
    pub(crate) representation: Option<RepresentationKind>,
    /// How the model was shown cameras: xyz-cos-sin or xyz-sin-cos
    #[arg(long, value_name = "NAME", default_value_t = PoseEncoding::CosSin)]
    pub(crate) pose_encoding: PoseEncoding,
    /// Training steps taken, for the record
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) step: u32,
    /// What it was trained on, for the record; the sample shows a scene of it
    #[arg(long, default_value = "rooms-ring-camera")]
    pub(crate) world: World,
    /// Replace existing files
    #[arg(long)]
    pub(crate) force: bool,
}
