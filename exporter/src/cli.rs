//! The command line of `gqn-export`: flags first, what they stand for second.

#![allow(rustdoc::broken_intra_doc_links, reason = "help texts, in which shapes stand in brackets")]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use gqn_exporter::{
    Calibration, ExportOptions, ForeignPorts, PrepareOptions, Target, TritonOptions, Winograd,
};
use gqn_formats::{Precision, Variant};
use gqn_scenes::{PoseEncoding, World};
use gqn_system::Overwrite;

/// Held-out views that an export may measure on: hours of them for a large model.
const MOST_VIEWS: i64 = 100_000;

/// Turn a trained checkpoint into a package of ONNX graphs, and look into packages and checkpoints.
#[derive(Debug, Parser)]
#[command(name = "gqn-export", version)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What `gqn-export` does.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a package: representation.onnx, generator.onnx, drawing.onnx, manifest, sample and model card
    Export(ExportFlags),
    /// Write a package of two ONNX graphs from elsewhere, such as torch.onnx's, checked on ONNX Runtime
    Adopt(AdoptFlags),
    /// Print sizes, ports, operators and multiply-adds of a package or a checkpoint
    Inspect(InspectFlags),
    /// Copy a package to the place of a run's best one, unless the package there has a smaller error on held-out scenes
    Keep(KeepFlags),
    /// Write a package as a model repository of Triton's, with a manifest for KServe
    Triton(TritonFlags),
}

/// Flags of `gqn-export export`.
#[derive(Debug, Args)]
pub(crate) struct ExportFlags {
    /// A run folder of gqn-train, or a checkpoint
    #[arg(value_name = "RUN_OR_CHECKPOINT")]
    pub(crate) source: PathBuf,
    /// Folder to write the package into
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) out: PathBuf,
    /// The trainer's outputs for this checkpoint [default: golden.safetensors beside the checkpoint]
    #[arg(long, value_name = "FILE")]
    pub(crate) sample: Option<PathBuf>,
    /// Which graphs to write
    #[arg(long, value_enum, default_value_t)]
    variant: VariantFlag,
    /// Whether the recurrent convolution is Winograd's
    #[arg(long, value_enum, default_value_t)]
    winograd: WinogradFlag,
    /// What the graphs are to run on
    #[arg(long, value_enum, default_value_t)]
    target: TargetFlag,
    /// How numbers are stored, and computed where the target does
    #[arg(long, value_enum, default_value_t)]
    precision: PrecisionFlag,
    /// With fp16: round weights to multiples of a power of two near an N-th of their standard deviation; 8 takes half off
    /// a compressed package
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    grain: Option<u16>,
    /// From the numbers that int8 is calibrated on to its ranges
    #[arg(long, value_enum, default_value_t)]
    calibration: CalibrationFlag,
    /// Export the first K of the trained DRAW steps: faster, coarser
    #[arg(long, alias = "steps", value_name = "K")]
    draw_steps: Option<usize>,
    /// Put the quality of every number of DRAW steps into the model card, measured on `--measure` views
    #[arg(long)]
    quality: bool,
    /// A world, a data set or a folder with a views.json to calibrate and to measure on [default: the world that the model was trained on]
    #[arg(long, value_name = "WORLD_OR_DIR")]
    scenes: Option<String>,
    /// Held-out views to measure the error of a precision and the quality of DRAW steps on; 0 measures nothing
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u32).range(..=MOST_VIEWS))]
    measure: u32,
    /// ONNX Runtime to calibrate and to measure with: its file or folder [default: as gqn-run looks for it]
    #[arg(long, value_name = "PATH")]
    ort: Option<PathBuf>,
    /// Replace a package that is there already; other folders are never replaced
    #[arg(long)]
    force: bool,
}

/// Flags of `gqn-export adopt`.
#[derive(Debug, Args)]
pub(crate) struct AdoptFlags {
    /// The graph from pictures and cameras to a scene
    #[arg(long, value_name = "ONNX")]
    pub(crate) representation: PathBuf,
    /// The graph from a scene, cameras and noise to pictures
    #[arg(long, value_name = "ONNX")]
    pub(crate) generator: PathBuf,
    /// Folder to write the package into
    #[arg(long, value_name = "PACKAGE")]
    pub(crate) out: PathBuf,
    /// Input of the representation graph: pictures [views,3,S,S], values from 0 to 1
    #[arg(long, value_name = "PORT", default_value = "frames")]
    frames: String,
    /// Input of the representation graph: cameras [views,7]
    #[arg(long, value_name = "PORT", default_value = "poses")]
    poses: String,
    /// Output of the representation graph: the scene, [1,R,1,1] or [1,R,h,h]
    #[arg(long, value_name = "PORT", default_value = "scene")]
    scene: String,
    /// The representation graph gives one representation for each view: let it sum them
    #[arg(long)]
    per_view: bool,
    /// Input of the generator graph: the scene
    #[arg(long, value_name = "PORT", default_value = "scene")]
    query_scene: String,
    /// Input of the generator graph: cameras [queries,7]
    #[arg(long, value_name = "PORT", default_value = "poses")]
    query_poses: String,
    /// Input of the generator graph: normal noise [queries or 1,L,Z,h,h]
    #[arg(long, value_name = "PORT", default_value = "noise")]
    noise: String,
    /// Output of the generator graph: pictures [queries,3,S,S], values from 0 to 1
    #[arg(long, value_name = "PORT", default_value = "frames")]
    picture: String,
    /// How the graphs expect cameras: xyz-cos-sin (position, then cosine and sine of yaw and of pitch) or xyz-sin-cos
    #[arg(long, value_name = "ENCODING", default_value = "xyz-cos-sin")]
    pub(crate) pose_encoding: PoseEncoding,
    /// World whose rendered pictures are the package's sample
    #[arg(long, value_name = "WORLD", default_value = "rooms-ring-camera")]
    pub(crate) world: World,
    /// ONNX Runtime to check with: its file or folder [default: as gqn-run looks for it]
    #[arg(long, value_name = "PATH")]
    pub(crate) ort: Option<PathBuf>,
    /// Replace a package that is there already; other folders are never replaced
    #[arg(long)]
    force: bool,
}

impl AdoptFlags {
    /// What the graphs' ports are called.
    pub(crate) fn ports(&self) -> ForeignPorts {
        ForeignPorts {
            frames: self.frames.clone(),
            poses: self.poses.clone(),
            scene: self.scene.clone(),
            per_view: self.per_view,
            query_scene: self.query_scene.clone(),
            query_poses: self.query_poses.clone(),
            noise: self.noise.clone(),
            picture: self.picture.clone(),
        }
    }

    /// Whether a package is replaced.
    pub(crate) fn overwrite(&self) -> Overwrite {
        Overwrite::forced(self.force)
    }
}

/// Flags of `gqn-export inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectFlags {
    /// A package (folder or zip), a graph inside one, a checkpoint, or a run folder
    #[arg(value_name = "PACKAGE_OR_ONNX_OR_CHECKPOINT")]
    pub(crate) path: PathBuf,
}

/// Flags of `gqn-export keep`.
#[derive(Debug, Args)]
pub(crate) struct KeepFlags {
    /// The new package
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: PathBuf,
    /// Folder of the best package so far; replaced as a whole
    #[arg(long, value_name = "DIR")]
    pub(crate) best: PathBuf,
    /// The run's curves, as `gqn-train curves` draws them: copied along as training.svg
    #[arg(long, value_name = "FILE")]
    pub(crate) curves: Option<PathBuf>,
    /// Refuse a package with more bytes, all files together
    #[arg(long, value_name = "N")]
    pub(crate) most_bytes: Option<u64>,
}

/// Flags of `gqn-export triton`.
#[derive(Debug, Args)]
pub(crate) struct TritonFlags {
    /// A package (folder or zip)
    #[arg(value_name = "PACKAGE")]
    pub(crate) package: PathBuf,
    /// Folder to write the model repository into; it must not be there
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Let TensorRT run what it takes, with its engines cached in this folder of the server
    #[arg(long, value_name = "DIR")]
    tensorrt_cache: Option<String>,
    /// Queries of one run that TensorRT's engines are built for, at most
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1024))]
    batch: u32,
    /// Instances of each graph
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    instances: u32,
    /// Where KServe finds the repository
    #[arg(long, value_name = "URI", default_value = "pvc://models/gqn")]
    storage_uri: String,
}

impl TritonFlags {
    /// How the repository is written.
    pub(crate) fn options(&self) -> TritonOptions {
        TritonOptions {
            tensorrt_cache: self.tensorrt_cache.clone(),
            batch: self.batch,
            instances: self.instances,
            storage_uri: self.storage_uri.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum VariantFlag {
    /// The direct translation of the trained graph
    Reference,
    /// The same function with a fraction of the arithmetic
    #[default]
    Optimised,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum WinogradFlag {
    /// On CPUs, where the model is large enough
    #[default]
    Auto,
    /// F(4×4, 5×5)
    On,
    /// F(2×2, 5×5): slower, with about 40 % of the rounding errors
    Fine,
    Off,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum PrecisionFlag {
    /// Single precision
    #[default]
    Fp32,
    /// Weights in half precision; computed in half for cuda and tensorrt
    Fp16,
    /// The recurrent convolution in eight-bit integers, calibrated on whole rollouts
    Int8,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum CalibrationFlag {
    /// The largest number
    Minmax,
    /// The largest but for one in ten thousand
    #[default]
    Percentile,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum TargetFlag {
    Cpu,
    Wasm,
    Cuda,
    Tensorrt,
    #[default]
    All,
}

impl ExportFlags {
    /// What the flags choose about the graphs.
    pub(crate) fn options(&self) -> ExportOptions {
        let variant = match self.variant {
            VariantFlag::Reference => Variant::Reference,
            VariantFlag::Optimised => Variant::Optimised,
        };
        let winograd = match self.winograd {
            WinogradFlag::Auto => Winograd::Auto,
            WinogradFlag::On => Winograd::On,
            WinogradFlag::Fine => Winograd::Fine,
            WinogradFlag::Off => Winograd::Off,
        };
        let target = match self.target {
            TargetFlag::Cpu => Target::Cpu,
            TargetFlag::Wasm => Target::Wasm,
            TargetFlag::Cuda => Target::Cuda,
            TargetFlag::Tensorrt => Target::TensorRt,
            TargetFlag::All => Target::All,
        };
        let precision = match self.precision {
            PrecisionFlag::Fp32 => Precision::Fp32,
            PrecisionFlag::Fp16 => Precision::Fp16,
            PrecisionFlag::Int8 => Precision::Int8,
        };
        let grain = self.grain;
        ExportOptions { variant, winograd, target, precision, grain, ..ExportOptions::default() }
    }

    /// What the flags ask to calibrate and to measure.
    pub(crate) fn prepare_options(&self) -> PrepareOptions {
        let calibration = match self.calibration {
            CalibrationFlag::Minmax => Calibration::MinMax,
            CalibrationFlag::Percentile => Calibration::Percentile,
        };
        PrepareOptions {
            draw_steps: self.draw_steps,
            calibration,
            views: self.measure as usize,
            quality: self.quality,
            scenes: self.scenes.clone(),
            library: self.ort.clone(),
        }
    }

    /// Whether an existing package may be replaced.
    pub(crate) fn overwrite(&self) -> Overwrite {
        Overwrite::forced(self.force)
    }
}
