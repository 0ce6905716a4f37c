//! The command line.

mod engine;
mod measure;
mod serve;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use gqn_scenes::World;

pub(crate) use self::engine::EngineFlags;
pub(crate) use self::measure::{Bench, Completions, Doctor, WarmUp};
#[cfg(feature = "serve")]
pub(crate) use self::serve::Serve;

/// With stronger noise no number of a network means anything, and then none is finite.
const MOST_TEMPERATURE: f32 = 100.0;

/// Runs a package with ONNX Runtime: shows it a few pictures of a scene and renders what other cameras would see.
#[derive(Debug, Parser)]
#[command(name = "gqn-run", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say what a package holds, where it comes from, and what would run it here.
    Info(Info),
    /// Check a package's files, and that it renders here what it rendered where it was made.
    Verify(Verify),
    /// Render what cameras would see, beside the truth where that is known.
    Render(Render),
    /// Render a closed path of cameras as an animated GIF.
    Orbit(Orbit),
    /// Render the way from one observed camera to another.
    Interpolate(Interpolate),
    /// Mental rotation: show the model one view of an object, and render it from all around.
    Rotate(Strip),
    /// Add and subtract scenes, and render what is left.
    Arithmetic(Arithmetic),
    /// Render one scene with several packages, below one another.
    Compare(Compare),
    /// Show what more views bring: the mean picture, and where samples of it differ, after one view, two, and so on.
    Uncertainty(Uncertainty),
    /// Measure what a picture costs here, and compare it with an earlier measurement.
    Bench(Bench),
    /// Prepare a provider ahead of the first picture: compile, build engines, fill the cache.
    Warmup(WarmUp),
    /// Serve a package over HTTP: scenes with views to observe and to render, and the Open Inference Protocol.
    #[cfg(feature = "serve")]
    Serve(Serve),
    /// Say which libraries of ONNX Runtime, CUDA and TensorRT are here, which are missing, and what to install.
    Doctor(Doctor),
    /// Print a shell's completions of this command line.
    Completions(Completions),
    /// Print this command line's manual page.
    #[command(hide = true)]
    Manual,
}

#[derive(Debug, Args)]
pub(crate) struct Info {
    #[command(flatten)]
    pub(crate) what: What,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) what: What,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Render {
    #[command(flatten)]
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) input: Input,
    /// How many pictures to render: of a world, its next cameras after the context; of a folder, cameras along a closed
    /// path through those given [default: 5].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000), conflicts_with = "cameras")]
    pub(crate) queries: Option<u32>,
    /// Render the cameras of this file (laid out as views.json; pictures it names are not read).
    #[arg(long, value_name = "FILE.json")]
    pub(crate) cameras: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) rendering: RenderFlags,
    /// The folder to write to; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Print metrics.json too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Orbit {
    #[command(flatten)]
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) input: Input,
    /// How many pictures the path has.
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub(crate) frames: u32,
    /// Put the truth beside the prediction (needs --world).
    #[arg(long, conflicts_with = "views")]
    pub(crate) truth: bool,
    #[command(flatten)]
    pub(crate) rendering: RenderFlags,
    /// The GIF to write.
    #[arg(long, value_name = "FILE.gif")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Interpolate {
    #[command(flatten)]
    pub(crate) strip: Strip,
    /// The view to start from, counted from 0; of a world, any of its cameras.
    #[arg(long, value_name = "I", default_value_t = 0, value_parser = clap::value_parser!(u32).range(..10_000))]
    pub(crate) from: u32,
    /// The view to end at.
    #[arg(long, value_name = "J", default_value_t = 1, value_parser = clap::value_parser!(u32).range(..10_000))]
    pub(crate) to: u32,
}

/// What is shown, and what is rendered of it in a row.
#[derive(Debug, Args)]
pub(crate) struct Strip {
    #[command(flatten)]
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) input: Input,
    /// How many pictures to render along the way, both its ends or the whole round among them.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub(crate) frames: u32,
    #[command(flatten)]
    pub(crate) rendering: RenderFlags,
    /// The strip (PNG) or animation (GIF) to write.
    #[arg(long, value_name = "FILE.png|FILE.gif")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Arithmetic {
    #[command(flatten)]
    pub(crate) what: What,
    /// A generated world, such as `shepard-metzler-5` or `rooms-ring-camera`.
    #[arg(long, value_name = "NAME", help_heading = "Scene")]
    pub(crate) world: World,
    /// Seeds of the scenes that are added.
    #[arg(
        long,
        value_name = "SEED,…",
        required = true,
        value_delimiter = ',',
        help_heading = "Scene"
    )]
    pub(crate) add: Vec<u64>,
    /// Seeds of the scenes that are subtracted.
    #[arg(long, value_name = "SEED,…", value_delimiter = ',', help_heading = "Scene")]
    pub(crate) subtract: Vec<u64>,
    /// How many views of each scene the model gets to see, all scenes from the same cameras [default: as many as in
    /// training].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Scene")]
    pub(crate) context: Option<u32>,
    /// How many pictures to render.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) queries: u32,
    #[command(flatten)]
    pub(crate) rendering: RenderFlags,
    /// The labelled sheet (PNG) to write, or an animation (GIF).
    #[arg(long, value_name = "FILE.png|FILE.gif")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Packages; the pictures of all are shown as large as the largest.
    #[arg(required = true, value_name = "PACKAGE")]
    pub(crate) packages: Vec<PathBuf>,
    /// What the sheet calls them [default: their paths].
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) engine: EngineFlags,
    #[command(flatten)]
    pub(crate) input: Input,
    /// How many cameras to render, the same for all packages.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) queries: u32,
    #[command(flatten)]
    pub(crate) rendering: RenderFlags,
    /// The labelled sheet (PNG) to write, or an animation (GIF).
    #[arg(long, value_name = "FILE.png|FILE.gif")]
    pub(crate) out: PathBuf,
}

impl Compare {
    /// One of the packages, and what runs it.
    pub(crate) fn what(&self, package: &std::path::Path) -> What {
        What { package: package.to_owned(), engine: self.engine.clone() }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Uncertainty {
    #[command(flatten)]
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) source: Source,
    /// The world's scene; every seed below 2^63 is of the held-out half.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        conflicts_with = "views",
        help_heading = "Scene"
    )]
    pub(crate) seed: u64,
    /// How many views the model gets to see, one row of pictures each.
    #[arg(long, value_name = "K,…", default_value = "1,2,3,5", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Scene")]
    pub(crate) context: Vec<u32>,
    /// Cut a folder's pictures to a square and resize them to what the model expects.
    #[arg(long, conflicts_with = "world", help_heading = "Scene")]
    pub(crate) resize: bool,
    /// How many cameras to render, the same for all rows; never one of those shown.
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) queries: u32,
    /// Samples of each picture.
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub(crate) samples: u32,
    /// Standard deviation of values in 0..1 that the maps show as white.
    #[arg(long, value_name = "STD", default_value_t = gqn_runtime::FULL_STD_DEV, value_parser = positive)]
    pub(crate) white: f32,
    /// Seed of the first sample's noise.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) noise_seed: u64,
    /// Enlarge the pictures this many times.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) scale: u32,
    /// Replace a file that is there.
    #[arg(long)]
    pub(crate) force: bool,
    /// The labelled sheet (PNG) to write, or an animation (GIF).
    #[arg(long, value_name = "FILE.png|FILE.gif")]
    pub(crate) out: PathBuf,
    /// Print the figures as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The package and what runs it.
#[derive(Debug, Clone, Args)]
pub(crate) struct What {
    /// A package: its folder, or one zip of it.
    pub(crate) package: PathBuf,
    #[command(flatten)]
    pub(crate) engine: EngineFlags,
}

/// What the model gets to see.
#[derive(Debug, Args)]
pub(crate) struct Input {
    #[command(flatten)]
    pub(crate) source: Source,
    /// The world's scene; every seed below 2^63 is of the held-out half.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        conflicts_with = "views",
        help_heading = "Scene"
    )]
    pub(crate) seed: u64,
    /// How many views the model gets to see [default: of a world, as many as in training; of a folder, all].
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..=1000), help_heading = "Scene")]
    pub(crate) context: Option<u32>,
    /// Cut a folder's pictures to a square and resize them to what the model expects.
    #[arg(long, conflicts_with = "world", help_heading = "Scene")]
    pub(crate) resize: bool,
}

/// Where its views come from.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Source {
    /// A folder of pictures with a views.json that names them and their cameras.
    #[arg(long, value_name = "DIR", help_heading = "Scene")]
    pub(crate) views: Option<PathBuf>,
    /// A generated world, such as `shepard-metzler-5` or `rooms-ring-camera`.
    #[arg(long, value_name = "NAME", help_heading = "Scene")]
    pub(crate) world: Option<World>,
}

/// How to render and to write.
#[derive(Debug, Args)]
pub(crate) struct RenderFlags {
    /// Strength of the noise: 0 renders the mean picture, 1 a sample of what the model thinks possible.
    #[arg(long, value_name = "T", default_value_t = 0.0, value_parser = temperature)]
    pub(crate) temperature: f32,
    /// Seed of the noise, one for all pictures.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) noise_seed: u64,
    /// Enlarge the pictures of sheets and GIFs this many times.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=16))]
    pub(crate) scale: u32,
    /// Replace files that are there.
    #[arg(long)]
    pub(crate) force: bool,
}

fn temperature(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if (0.0..=MOST_TEMPERATURE).contains(&value) => Ok(value),
        _ => Err(format!("expected a number from 0 to {MOST_TEMPERATURE}")),
    }
}

fn positive(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(value) if value.is_finite() && value > 0.0 => Ok(value),
        _ => Err("expected a number above 0".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn one_source_of_views_is_required() {
        let parse = |text: &str| Cli::try_parse_from(text.split(' '));
        parse("gqn-run render p --world rooms-ring-camera --out o").expect("a world");
        parse("gqn-run render p --world rooms-ring-camera --seed 1 --context 3 --out o")
            .expect("a scene");
        parse("gqn-run orbit p --views v --out o.gif --resize").expect("a folder");
        for text in [
            "gqn-run render p --out o",
            "gqn-run render p --views v --world rooms-ring-camera --out o",
            "gqn-run render p --world rooms --out o",
            "gqn-run render p --world rooms-ring-camera --resize --out o",
            "gqn-run render p --views v --seed 1 --out o",
            "gqn-run orbit p --views v --truth --out o.gif",
            "gqn-run arithmetic p --world rooms-ring-camera --subtract 1 --out o.png",
            "gqn-run arithmetic p --add 1 --out o.png",
            "gqn-run rotate p --world shepard-metzler-5 --frames 1 --out o.png",
            "gqn-run render p --views v --out o --temperature -1",
            "gqn-run render p --views v --out o --temperature 1e30",
            "gqn-run render p --views v --out o --threads 0",
            "gqn-run render p --views v --out o --threads 100000",
            "gqn-run render p --views v --out o --threads 4294967296",
            "gqn-run render p --views v --out o --provider gpu",
            "gqn-run compare --world rooms-ring-camera --out o.png",
            "gqn-run uncertainty p --world rooms-ring-camera --samples 1 --out o.png",
            "gqn-run uncertainty p --world rooms-ring-camera --context 0,2 --out o.png",
            "gqn-run uncertainty p --world rooms-ring-camera --white 0 --out o.png",
        ] {
            assert_eq!(parse(text).expect_err(text).exit_code(), 2, "{text}");
        }
    }
}
