//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use gqn_scenes::World;

/// Pictures of procedural scenes.
#[derive(Debug, Parser)]
#[command(name = "gqn-data", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write pictures of one scene and their cameras (`views.json`) into a folder.
    Render(Render),
    /// Write one picture of many: scenes by rows, views by columns.
    Sheet(Sheet),
}

#[derive(Debug, Args)]
pub(crate) struct Render {
    #[command(flatten)]
    pub(crate) what: What,
    /// How many pictures [default: as many as the world's data sets have].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) views: Option<u32>,
    /// The folder to write to; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Replace files that are there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Sheet {
    #[command(flatten)]
    pub(crate) what: What,
    /// How many scenes, with seeds counting up from the one given.
    #[arg(long, value_name = "R", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) scenes: u32,
    /// How many pictures of each.
    #[arg(long, value_name = "C", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) views: u32,
    /// The PNG file to write.
    #[arg(long, value_name = "FILE.png")]
    pub(crate) out: PathBuf,
    /// Replace the file if it is there.
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct What {
    /// `shepard-metzler-5`, `shepard-metzler-7` or `rooms-ring-camera`.
    #[arg(long)]
    pub(crate) world: World,
    /// The scene; every seed below 2^63 is of the held-out half.
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Width and height of each picture, in pixels.
    #[arg(long, value_name = "S", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=2048))]
    pub(crate) size: u32,
}
