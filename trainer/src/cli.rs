//! Flags first, built values second: the only file that knows clap.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use gqn_formats::{Preset, RepresentationKind};
use gqn_scenes::World;
use gqn_trainer::device::DeviceChoice;
use toml::{Table, Value};

/// Train Generative Query Networks: look at a scene from a few cameras, paint it from any other.
#[derive(Debug, Parser)]
#[command(name = "gqn-train", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a model and write a run folder: configuration, checkpoint, state, log, evaluation
    Train(TrainFlags),
    /// Measure a checkpoint on held-out scenes; prints JSON
    Eval(EvalFlags),
    /// Write the inputs and libtorch's outputs that let any runtime verify an exported checkpoint
    Golden(GoldenFlags),
    /// Check this program against the reference's numbers (docs/oracles.md); exit code 1 if any quantity is off
    Oracle(OracleFlags),
}

#[derive(Debug, Args)]
pub(crate) struct TrainFlags {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Sizes and settings to start from: paper, edge or tiny [default: the file's, otherwise tiny]
    #[arg(long)]
    pub(crate) preset: Option<Preset>,
    /// TOML file whose keys replace the preset's; a run's own config.toml repeats the run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// World of the scenes, such as rooms-ring-camera
    #[arg(long)]
    pub(crate) world: Option<World>,
    /// Train on files instead: a folder with `train` and `test` in the layout of `DeepMind`'s data sets
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Leave damaged scenes of the files out, and count them, instead of stopping
    #[arg(long, requires = "data")]
    pub(crate) skip_damaged: bool,
    /// Scenes to render and train on, or of the files [default: all of the files]
    #[arg(long, value_name = "N")]
    pub(crate) scenes: Option<u32>,
    /// Training steps
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u32>,
    /// Plan as many steps as fit into that many minutes on this machine
    #[arg(long, value_name = "M", conflicts_with_all = ["steps", "resume"], value_parser = minutes)]
    pub(crate) minutes: Option<f64>,
    /// Evaluate, save and stop after that many minutes of training; --resume goes on with the plan where it stopped
    #[arg(long, value_name = "M", conflicts_with = "minutes", value_parser = minutes)]
    pub(crate) slice: Option<f64>,
    /// Scenes in a batch
    #[arg(long, value_name = "B")]
    pub(crate) batch: Option<u32>,
    /// DRAW steps
    #[arg(long, value_name = "L")]
    pub(crate) layers: Option<u32>,
    /// Whether the DRAW steps share one core
    #[arg(long, value_name = "true|false")]
    pub(crate) shared_core: Option<bool>,
    /// Representation network: pyramid, tower or pool
    #[arg(long, value_parser = representation)]
    pub(crate) representation: Option<RepresentationKind>,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// CPU threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Seed of scenes, weights, batches and noise
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Go on with the run in the folder; only --steps, --slice, --device and --threads may be given along
    #[arg(long, conflicts_with_all = [
        "preset", "config", "world", "scenes", "batch", "layers", "shared_core", "representation", "seed", "force",
        "data",
    ])]
    pub(crate) resume: bool,
    /// Replace the run in the folder
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct EvalFlags {
    /// Run folder, or a checkpoint in one
    pub(crate) run: PathBuf,
    /// World of the held-out scenes [default: the run's]
    #[arg(long)]
    pub(crate) world: Option<World>,
    /// Held-out scenes [default: the run's]
    #[arg(long, value_name = "N")]
    pub(crate) scenes: Option<u32>,
    /// Context views; the others are painted [default: the most the run was trained with]
    #[arg(long, value_name = "M")]
    pub(crate) context: Option<u32>,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// CPU threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
}

#[derive(Debug, Args)]
pub(crate) struct GoldenFlags {
    /// Checkpoint file
    pub(crate) checkpoint: PathBuf,
    /// File to write [default: golden.safetensors beside the checkpoint]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// World of the sample views
    #[arg(long, default_value = "rooms-ring-camera")]
    pub(crate) world: World,
    /// Seed of the sample scene and noise
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u32,
    /// Replace an existing file
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OracleFlags {
    /// Numbers of the reference, as a safetensors file
    pub(crate) file: PathBuf,
}

impl TrainFlags {
    /// The flags that are keys of a configuration.
    pub(crate) fn table(&self) -> Table {
        let mut table = Table::new();
        let mut model = Table::new();
        let number = |value: u32| Value::from(i64::from(value));
        let name = |value: &dyn ToString| Value::from(value.to_string());
        let run = [
            ("world", self.world.map(|world| name(&world))),
            ("scenes", self.scenes.map(number)),
            ("steps", self.steps.map(number)),
            ("batch", self.batch.map(number)),
            ("seed", self.seed.map(number)),
        ];
        let sizes = [
            ("steps", self.layers.map(number)),
            ("shared_core", self.shared_core.map(Value::from)),
            (
                "representation",
                self.representation.map(|kind| Value::try_from(kind).expect("a name is TOML")),
            ),
        ];
        table.extend(run.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        model.extend(sizes.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        if let Some(folder) = &self.data {
            let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.clone());
            let mut data = Table::new();
            data.insert("folder".to_owned(), folder.to_string_lossy().into_owned().into());
            data.insert("skip_damaged".to_owned(), self.skip_damaged.into());
            table.insert("data".to_owned(), Value::Table(data));
        }
        if !model.is_empty() {
            table.insert("model".to_owned(), Value::Table(model));
        }
        table
    }
}

fn representation(name: &str) -> Result<RepresentationKind, String> {
    let kind = Value::from(name).try_into();
    kind.map_err(|_: toml::de::Error| {
        format!("unknown representation `{name}`, expected pyramid, tower or pool")
    })
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes| *minutes > 0.0 && *minutes < 1e6);
    minutes.ok_or_else(|| "expected a positive number of minutes".to_owned())
}
