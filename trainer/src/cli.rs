//! Flags first, built values second: the only place that knows clap.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use gqn_formats::{Preset, RepresentationKind, UpsampleR};
use gqn_scenes::World;
use gqn_trainer::config::schedule::{GenerationSteps, LinearSchedule};
use gqn_trainer::config::{ConfigError, data_keys};
use gqn_trainer::device::DeviceChoice;
use gqn_trainer::model::{ComputeType, StepVariant};
use toml::{Table, Value};

pub(crate) use self::bench::{BenchFlags, ProbeFlags};
pub(crate) use self::curves::CurvesFlags;
pub(crate) use self::gpu_check::{GpuCheckFlags, NcclCheckFlags};
pub(crate) use self::oracle::OracleFlags;
use self::parse::{collect, minutes, representation, upsample_r, value};
use self::voxel::VoxelFlags;
pub(crate) use self::weights::{
    CheckpointFlags, EvalFlags, GoldenFlags, ImportFlags, SummaryFlags,
};

mod bench;
mod curves;
mod gpu_check;
mod oracle;
mod parse;
mod voxel;
mod weights;

/// Train Generative Query Networks: observe a scene from a few cameras, render it from any other.
#[derive(Debug, Parser)]
#[command(name = "gqn-train", bin_name = "gqn-train", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant, reason = "there is one, made once")]
pub(crate) enum Command {
    /// Train a model and write a run folder: configuration, checkpoint, state, log, evaluation
    Train(Box<TrainFlags>),
    /// Measure a checkpoint on held-out scenes; prints JSON
    Eval(EvalFlags),
    /// Say what the evaluation at the end of a run found; exit code 1 if the model learned nothing
    Summary(SummaryFlags),
    /// Draw the curves of a run, or of several beside one another
    Curves(CurvesFlags),
    /// Write the inputs and libtorch's outputs that let any runtime verify an exported checkpoint
    Golden(GoldenFlags),
    /// Write a checkpoint anew, such as in half precision: half the bytes, for keeping; every command reads either
    Checkpoint(CheckpointFlags),
    /// Turn weights of torch-gqn, as torch.save writes them, into a checkpoint
    Import(ImportFlags),
    /// Check this program against the reference's numbers (docs/oracles.md); exit code 1 if any quantity is off
    Oracle(OracleFlags),
    /// Measure the training step on synthetic data: steps a second and memory of the reference variant, the fused one, and the
    /// fused one with activation checkpointing
    Bench(BenchFlags),
    /// What a machine with a GPU is to show, in one call: oracles, a sample, an interrupted run, NCCL, the suite of
    /// `bench`; writes a line and a JSON file for each part, exit code 1 if any fails
    GpuCheck(GpuCheckFlags),
    /// NCCL with one process: gradients averaged over it are what they were
    #[command(hide = true)]
    NcclCheck(NcclCheckFlags),
    #[command(hide = true)]
    BenchProbe(ProbeFlags),
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "switches of a command line")]
pub(crate) struct TrainFlags {
    /// Folder of the run
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Sizes and settings to start from: paper, edge, tiny, edge-tower or tiny-tower
    /// [default: the file's, otherwise tiny]
    #[arg(long)]
    pub(crate) preset: Option<Preset>,
    /// TOML file whose keys replace the preset's; a run's own config.toml repeats the run
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// World of the scenes, such as rooms-ring-camera
    #[arg(long)]
    pub(crate) world: Option<World>,
    /// Train on files instead: a folder with `train` and `test` in the layout of `DeepMind`'s data sets; with --resume, the
    /// folder that the run's data has moved to
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Leave damaged scenes of the files out, and count them, instead of stopping
    #[arg(long, requires = "data")]
    pub(crate) skip_damaged: bool,
    /// Scenes to render and train on, or of the files [default: all of the files]
    #[arg(long, value_name = "N")]
    pub(crate) scenes: Option<u32>,
    /// Rendered scenes in memory at a time; the others follow after an epoch of them [default: all, or as many as fit]
    #[arg(long, value_name = "N", conflicts_with = "data")]
    pub(crate) resident_scenes: Option<u32>,
    /// Training steps
    #[arg(long, value_name = "N")]
    pub(crate) steps: Option<u32>,
    /// Plan as many steps as fit into that many minutes on this machine; the plan follows the pace of the run
    #[arg(long, value_name = "M", conflicts_with_all = ["steps", "resume"], value_parser = minutes)]
    pub(crate) minutes: Option<f64>,
    /// Evaluate, save and stop after that many minutes of training; --resume goes on with the plan where it stopped
    #[arg(long, value_name = "M", conflicts_with = "minutes", value_parser = minutes)]
    pub(crate) slice: Option<f64>,
    /// Begin with the weights of a checkpoint, or of a run folder's, which must be of the same model; Adam begins anew
    #[arg(long, value_name = "CHECKPOINT", conflicts_with = "resume")]
    pub(crate) init: Option<PathBuf>,
    /// Scenes in a batch of a process
    #[arg(long, value_name = "B")]
    pub(crate) batch: Option<u32>,
    #[command(flatten)]
    pub(crate) sizes: SizeFlags,
    #[command(flatten)]
    pub(crate) voxel: VoxelFlags,
    #[command(flatten)]
    pub(crate) method: MethodFlags,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: DeviceChoice,
    /// CPU threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Seed of scenes, weights, batches and noise
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u32>,
    /// Go on with the run in the folder; only --steps, --slice, --data, --device and --threads may be given along
    #[arg(long, conflicts_with_all = [
        "preset", "config", "world", "scenes", "resident_scenes", "batch", "model_sizes", "voxel_geometry", "method", "seed",
        "force",
    ])]
    pub(crate) resume: bool,
    /// Replace the run in the folder
    #[arg(long)]
    pub(crate) force: bool,
    /// Write no event files for `TensorBoard`
    #[arg(long)]
    pub(crate) no_tensorboard: bool,
}

/// What two sets of weights must have in common.
#[derive(Debug, Args)]
#[command(next_help_heading = "The model")]
#[group(id = "model_sizes", multiple = true)]
pub(crate) struct SizeFlags {
    /// S: side of the pictures in pixels
    #[arg(long, value_name = "S")]
    image_size: Option<u32>,
    /// Representation network: pyramid, tower, pool or voxel
    #[arg(long, value_parser = representation)]
    representation: Option<RepresentationKind>,
    /// R: channels of the representation
    #[arg(long, value_name = "R")]
    representation_channels: Option<u32>,
    /// Z: channels of a step's latent; many make training collapse
    #[arg(long, value_name = "Z")]
    latent_channels: Option<u32>,
    /// H: channels of the hidden states
    #[arg(long, value_name = "H")]
    hidden_channels: Option<u32>,
    /// U: channels of the canvas
    #[arg(long, value_name = "U")]
    canvas_channels: Option<u32>,
    /// L: DRAW steps
    #[arg(long, value_name = "L")]
    layers: Option<u32>,
    /// Whether the DRAW steps share one core of either kind
    #[arg(long, value_name = "true|false")]
    shared_core: Option<bool>,
    /// Whether the DRAW steps share one inference core [default: as --shared-core]
    #[arg(long, value_name = "true|false")]
    shared_inference_core: Option<bool>,
    /// How a 1×1 representation reaches the cores' size: learned or tile
    #[arg(long, value_parser = upsample_r)]
    upsample_r: Option<UpsampleR>,
}

/// How it is trained.
#[derive(Debug, Args)]
#[command(next_help_heading = "The method")]
#[group(id = "method", multiple = true)]
pub(crate) struct MethodFlags {
    /// σ of a pixel: VALUE, or START:END:STEPS, where STEPS may be `run`
    #[arg(long, value_name = "SCHEDULE")]
    pixel_std_dev: Option<LinearSchedule>,
    /// Adam's step size, a schedule as well
    #[arg(long, value_name = "SCHEDULE")]
    learning_rate: Option<LinearSchedule>,
    /// First steps over which the learning rate rises to its schedule
    #[arg(long, value_name = "N")]
    warmup_steps: Option<u32>,
    /// How much the divergence counts, a schedule as well; 0:1:10000 warms up from the first step of the ELBO phase [default: 1]
    #[arg(long, value_name = "SCHEDULE")]
    kl_weight: Option<LinearSchedule>,
    /// Train representation and generator alone at first, for N steps or P% of the run: latents at the prior's mean, no
    /// inference core
    #[arg(long, value_name = "N|P%")]
    generation_steps: Option<GenerationSteps>,
    /// In the ELBO phase, let one step of N maximise the likelihood of the mean picture, as in the generation phase
    #[arg(long, value_name = "N")]
    mean_every: Option<u32>,
    /// Fewest context views of a batch
    #[arg(long, value_name = "M")]
    min_context: Option<u32>,
    /// Most context views of a batch [default: the world's]
    #[arg(long, value_name = "M")]
    max_context: Option<u32>,
    /// Parts that a batch is computed in, one after the other
    #[arg(long, value_name = "N")]
    accumulate: Option<u32>,
    /// Maximum global norm of the gradient
    #[arg(long, value_name = "NORM")]
    clip_gradient: Option<f64>,
    /// Evaluate and export an exponential average of the weights with that decay, such as 0.999
    #[arg(long, value_name = "DECAY")]
    weight_average: Option<f64>,
    /// Variant of the step: fused or reference
    #[arg(long, alias = "form")]
    variant: Option<StepVariant>,
    /// Whether the fused variant's large convolutions go by Winograd's algorithm [default: with shared cores on a CPU]
    #[arg(long, value_name = "true|false")]
    winograd: Option<bool>,
    /// Compute type: fp32, tf32 or bf16
    #[arg(long)]
    precision: Option<ComputeType>,
    /// Activation checkpointing: recompute for the backward pass instead of keeping; less memory, more time
    #[arg(long, alias = "recompute")]
    activation_checkpointing: bool,
}

impl TrainFlags {
    /// The flags that are keys of a configuration, but for those of a resumed run's data.
    pub(crate) fn table(&self) -> Result<Table, ConfigError> {
        let mut table = collect([
            ("world", value(self.world)),
            ("scenes", value(self.scenes)),
            ("resident_scenes", value(self.resident_scenes)),
            ("steps", value(self.steps)),
            ("batch", value(self.batch)),
            ("seed", value(self.seed)),
        ]);
        table.extend(self.method.table());
        let mut model = self.sizes.table();
        let voxel = self.voxel.table();
        if !voxel.is_empty() {
            model.insert("voxel".to_owned(), Value::Table(voxel));
        }
        if let Some(folder) = self.data.as_ref().filter(|_| !self.resume) {
            let mut data = data_keys(folder)?;
            data.insert("skip_damaged".to_owned(), self.skip_damaged.into());
            table.insert("data".to_owned(), data.into());
        }
        if !model.is_empty() {
            table.insert("model".to_owned(), Value::Table(model));
        }
        Ok(table)
    }
}

impl SizeFlags {
    fn table(&self) -> Table {
        collect([
            ("image_size", value(self.image_size)),
            ("representation", value(self.representation)),
            ("representation_channels", value(self.representation_channels)),
            ("latent_channels", value(self.latent_channels)),
            ("hidden_channels", value(self.hidden_channels)),
            ("canvas_channels", value(self.canvas_channels)),
            ("steps", value(self.layers)),
            ("shared_core", value(self.shared_core)),
            ("shared_inference_core", value(self.shared_inference_core)),
            ("upsample_r", value(self.upsample_r)),
        ])
    }
}

impl MethodFlags {
    fn table(&self) -> Table {
        collect([
            ("pixel_std_dev", value(self.pixel_std_dev)),
            ("learning_rate", value(self.learning_rate)),
            ("warmup_steps", value(self.warmup_steps)),
            ("kl_weight", value(self.kl_weight)),
            ("generation_steps", value(self.generation_steps)),
            ("mean_every", value(self.mean_every)),
            ("min_context", value(self.min_context)),
            ("max_context", value(self.max_context)),
            ("accumulate", value(self.accumulate)),
            ("clip_gradient", value(self.clip_gradient)),
            ("weight_average", value(self.weight_average)),
            ("variant", value(self.variant)),
            ("winograd", value(self.winograd)),
            ("precision", value(self.precision)),
            ("activation_checkpointing", value(self.activation_checkpointing.then_some(true))),
        ])
    }
}
