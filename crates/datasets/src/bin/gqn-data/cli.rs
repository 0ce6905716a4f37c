//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gqn_datasets::Resize;
use gqn_scenes::{Split, World};

/// Data sets of scenes: render them, read `DeepMind`'s, look into them, check and convert them.
#[derive(Debug, Parser)]
#[command(name = "gqn-data", version, arg_required_else_help = true, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Render a data set of a procedural world, in the layout of `DeepMind`'s
    Render(Render),
    /// Say what a data set holds: counts, sizes, ranges of cameras, a geometry for voxel models; prints JSON
    Inspect(Inspect),
    /// Read every record and decode every frame; lists all damage, exit code 1 if there is any
    Verify(Verify),
    /// Turn other forms of data sets into shards, or shards into HDF5 files of the gqn-dataset-renderer
    Convert(Convert),
    /// Measure how many scenes a second are read and decoded
    Bench(Bench),
    /// Write pictures of one procedural scene and their cameras (`views.json`) into a folder
    Scene(Scene),
    /// Write one picture of many: scenes by rows, views by columns
    Sheet(Sheet),
}

#[derive(Debug, Args)]
pub(crate) struct Render {
    #[command(flatten)]
    pub(crate) what: What,
    /// Scenes for training, in `train`
    #[arg(long, value_name = "N", default_value_t = 2000)]
    pub(crate) train: u32,
    /// Held-out scenes, in `test`; no seed belongs to both
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(crate) test: u32,
    /// Scenes of a file
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) per_shard: u32,
    /// Pictures of each scene [default: as many as the world's data sets have]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) views: Option<u32>,
    /// Quality of the JPEG files
    #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// The folder to write to; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    #[command(flatten)]
    pub(crate) from: From,
    /// How many scenes' cameras to look at
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) sample: u32,
    /// Also write a picture of many: scenes by rows, views by columns
    #[arg(long, value_name = "FILE.png")]
    pub(crate) sheet: Option<PathBuf>,
    /// Replace that file if it is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) from: From,
}

#[derive(Debug, Args)]
pub(crate) struct Convert {
    /// A file or a folder of them, or the one above its `train` and `test`: shards, HDF5 files, or what `PyTorch` ports
    /// saved (`.pt`, `.pt.gz`)
    pub(crate) data: PathBuf,
    /// Which of both, read and written: train or test
    #[arg(long, default_value = "train", value_parser = split)]
    pub(crate) split: Split,
    /// What to make
    #[arg(long, value_enum)]
    pub(crate) to: Target,
    /// Scenes of a file that is written
    #[arg(long, value_name = "N", default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) per_file: u32,
    /// Quality of the JPEG files, where pictures become such
    #[arg(long, default_value_t = 95, value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) quality: u8,
    /// The folder to write to; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

/// What `convert` makes.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Target {
    /// `DeepMind`'s record files, of HDF5 files or of what `PyTorch` ports saved
    Tfrecord,
    /// Files of the gqn-dataset-renderer, of shards
    Hdf5,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) from: From,
    /// Threads that read and decode, one measurement each
    #[arg(long, value_name = "N", value_delimiter = ',', default_value = "1,2", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Vec<u16>,
    /// Width and height that the frames are brought to, in pixels
    #[arg(long, value_name = "S", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2048))]
    pub(crate) size: u32,
    /// How they are brought to it: area or bilinear
    #[arg(long, default_value_t)]
    pub(crate) resize: Resize,
    /// Views that are decoded of each scene [default: all]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) views: Option<u32>,
    /// Scenes of a batch
    #[arg(long, value_name = "B", default_value_t = 36, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) batch: u32,
    /// Seconds of each round
    #[arg(long, default_value_t = 2.0)]
    pub(crate) seconds: f64,
    /// Rounds, of which the median counts; numbers of threads by turns
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) rounds: u32,
}

#[derive(Debug, Args)]
pub(crate) struct Scene {
    #[command(flatten)]
    pub(crate) what: What,
    /// How many pictures [default: as many as the world's data sets have]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) views: Option<u32>,
    /// The folder to write to; it is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace files that are there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sheet {
    #[command(flatten)]
    pub(crate) what: What,
    /// How many scenes, with seeds counting up from the one given
    #[arg(long, value_name = "R", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) scenes: u32,
    /// How many pictures of each
    #[arg(long, value_name = "C", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) views: u32,
    /// The PNG file to write
    #[arg(long, value_name = "FILE.png")]
    pub(crate) out: PathBuf,
    /// Replace the file if it is there
    #[arg(long)]
    pub(crate) force: bool,
}

/// A procedural scene, or the first of many.
#[derive(Debug, Args)]
pub(crate) struct What {
    /// World of the scenes, such as rooms-ring-camera
    #[arg(long)]
    pub(crate) world: World,
    /// The scene, every seed below 2^63 being of the held-out half; of a data set its base, below 2^31
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Width and height of each picture, in pixels
    #[arg(long, value_name = "S", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2048))]
    pub(crate) size: u32,
}

/// A data set on disk.
#[derive(Debug, Args)]
pub(crate) struct From {
    /// Folder of the shards, or the one above its `train` and `test`
    pub(crate) data: PathBuf,
    /// Which of both: train or test
    #[arg(long, default_value = "train", value_parser = split)]
    pub(crate) split: Split,
}

fn split(name: &str) -> Result<Split, String> {
    match name {
        "train" => Ok(Split::Train),
        "test" => Ok(Split::Test),
        _ => Err("expected train or test".to_owned()),
    }
}
