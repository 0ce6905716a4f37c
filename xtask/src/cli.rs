//! The command line of `cargo xtask`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::bench::{Bench, BenchWeb};
use crate::demo::Demo;
use crate::fuzz::Fuzz;
use crate::gpu_check::GpuCheck;
use crate::release::Release;
use crate::setup::Parts;
use crate::web::{Addresses, Build, Web};

/// The chores of the workspace: set-up, demonstration and tests.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Install no packages of the system, as root otherwise does on Debian: list those that are missing, and how to
    /// install them
    #[arg(long, global = true)]
    pub(crate) no_system: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch libtorch, ONNX Runtime and the tests' Python packages into target/, each once
    Setup(SetupOptions),
    /// Train a small model on rendered scenes, export and verify it, and paint views that no camera took
    Demo(DemoOptions),
    /// Train a recipe for a while longer, export it, and keep the best package for the page
    TrainRelease(ReleaseOptions),
    /// Build the trainer and run its check of a machine with a GPU: oracles, a sample, an interrupted run, NCCL, speed
    GpuCheck(GpuCheckOptions),
    /// Build the page, its engine in wasm and the models as a static folder, web-demo/dist
    Web(WebOptions),
    /// The scoreboard: what a picture costs, for every model, variant and engine
    Bench(BenchOptions),
    /// The engine in wasm beside onnxruntime-web, in one run of Chromium
    BenchWeb(BenchWebOptions),
    /// Give every parser of bytes from outside mutated ones, and look for panics, aborts, memory and time
    Fuzz(FuzzOptions),
    /// Build gqn-run, C library, service and manual as an archive for devices; `dist --help` has the options
    #[command(disable_help_flag = true)]
    Dist(DistOptions),
    /// The quick part of `test`: format check, lints, types of the page, unit tests; minutes when it is built already
    Check,
    /// Format check, lints, all tests, documentation: what continuous integration runs
    Test(TestOptions),
}

/// Those of `xtask-device dist`.
#[derive(Debug, Args)]
pub(crate) struct DistOptions {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "OPTION")]
    pub(crate) arguments: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct TestOptions {
    /// Only these stages: format, lints, tests, fuzz, documentation, page, processes [default: all]
    #[arg(long, value_name = "STAGE", value_parser = crate::test::stage_names())]
    pub(crate) only: Vec<String>,
}

/// Without a flag, all three parts.
#[derive(Debug, Args)]
pub(crate) struct SetupOptions {
    /// What the trainer links: libtorch, from `PyTorch`'s wheel or from your own LIBTORCH
    #[arg(long)]
    libtorch: bool,
    /// What the native runtime loads: ONNX Runtime, unless `ORT_DYLIB_PATH` names your own
    #[arg(long)]
    onnxruntime: bool,
    /// What the tests check exported graphs with: Python's onnx in a virtual environment
    #[arg(long)]
    python: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Minutes of training; a few make blurry pictures, thirty make better ones
    #[arg(long, default_value_t = 3.0, value_parser = minutes)]
    minutes: f64,
    /// Seed of the training scenes, the weights and the noise
    #[arg(long, default_value_t = 1)]
    seed: u32,
    /// Folder to write; an earlier demo's files in it are replaced [default: the workspace's out/demo]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Write into the folder even if the demo did not make it
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseOptions {
    /// The recipe: NAME of trainer/configs/NAME.toml
    name: String,
    /// Minutes of training in this slice; the next call goes on where it stopped
    #[arg(long, value_name = "N", value_parser = minutes)]
    minutes: f64,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    device: String,
    /// CPU threads of the trainer [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<u16>,
    /// Write the weights in half precision beside the recipe, as trainer/configs/NAME.safetensors, in place of those of
    /// the last milestone: `gqn-train train --init` begins with them
    #[arg(long)]
    milestone: bool,
    /// Folder of the run and of its newest package [default: the workspace's out/release/NAME]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct GpuCheckOptions {
    /// Minutes that all parts may take together
    #[arg(long, value_name = "N", default_value_t = 12.0, value_parser = minutes)]
    minutes: f64,
    /// Small sizes, to try the check itself; on a CPU they always are
    #[arg(long)]
    small: bool,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    device: String,
    /// CPU threads of every part [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<u16>,
    /// Only these parts, such as oracle-fast or bench-edge-shared [default: all]
    #[arg(long, value_name = "PART")]
    only: Vec<String>,
    /// The recipe that is trained for a while: NAME of trainer/configs/NAME.toml [default: the trainer's]
    #[arg(long, value_name = "NAME")]
    recipe: Option<String>,
    /// Folder for what the parts write [default: the workspace's out/gpu-check]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Replace an earlier check's files in the folder that --out names
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct WebOptions {
    /// A package that the page offers, as DIR or NAME=DIR; the first is the one it opens. Those in web-demo/models
    /// come after it [default: those, and out/demo/package]
    #[arg(long = "package", value_name = "DIR")]
    packages: Vec<String>,
    /// Serve the folder on 127.0.0.1 when it is built
    #[arg(long)]
    serve: bool,
    /// The port to serve on
    #[arg(long, value_name = "N", default_value_t = 8080, requires = "serve")]
    port: u16,
    /// Build the engine fast instead of small and fast: for working on the page
    #[arg(long)]
    quick: bool,
    /// Leave out the second engine, tract, which the page loads for graphs that the first does not know
    #[arg(long)]
    no_tract: bool,
    /// Address at which the page will lie: links to it then show its picture wherever they are posted
    #[arg(long, value_name = "URL")]
    site: Option<String>,
    /// Address of the sources, for the page's link to them
    #[arg(long, value_name = "URL")]
    source: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Only these models: tiny, edge, tiny-tower, edge-tower, paper, paper-unshared [default: all; in a browser all but the last]
    #[arg(long, value_name = "MODEL")]
    only: Vec<String>,
    /// Threads of ONNX Runtime, by commas
    #[arg(long, value_name = "N,..", default_value = "1,2")]
    threads: String,
    /// Queries of one run, by commas
    #[arg(long, value_name = "N,..", default_value = "1,8")]
    queries: String,
    /// How many turns every graph has, of a tenth of a second or more; the median of their runs counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    rounds: usize,
    /// Time the engines of a browser too
    #[arg(long)]
    web: bool,
    /// Write the rows as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw a bar chart [default: docs/scoreboard.svg, unless --only is given]
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct BenchWebOptions {
    /// Only these models: tiny, edge, tiny-tower, edge-tower, paper, paper-unshared [default: all but the last]
    #[arg(long, value_name = "MODEL")]
    only: Vec<String>,
    /// Queries of one run, by commas
    #[arg(long, value_name = "N,..", default_value = "1")]
    queries: String,
    /// How often every engine paints; the median counts
    #[arg(long, value_name = "N", default_value_t = 50)]
    rounds: usize,
    /// Build the engine fast instead of small and fast
    #[arg(long)]
    quick: bool,
    /// Write rows and sizes as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FuzzOptions {
    /// Only these targets: the folders of tests/fuzz/corpus [default: all]
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// Minutes for each target
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,
}

impl From<FuzzOptions> for Fuzz {
    fn from(options: FuzzOptions) -> Self {
        let FuzzOptions { targets, minutes } = options;
        Self { targets, time: Duration::from_secs_f64(60.0 * minutes) }
    }
}

impl From<BenchOptions> for Bench {
    fn from(options: BenchOptions) -> Self {
        let BenchOptions { only, threads, queries, rounds, web, json, chart } = options;
        Self { only, threads, queries, rounds, web, json, chart }
    }
}

impl From<BenchWebOptions> for BenchWeb {
    fn from(options: BenchWebOptions) -> Self {
        let BenchWebOptions { only, queries, rounds, quick, json } = options;
        let build = if quick { Build::Quick } else { Build::Full };
        Self { only, queries, rounds, build, json }
    }
}

impl From<WebOptions> for Web {
    fn from(options: WebOptions) -> Self {
        Self {
            packages: options.packages,
            library: None,
            build: if options.quick { Build::Quick } else { Build::Full },
            out: None,
            tract: !options.no_tract,
            addresses: Addresses { site: options.site, source: options.source },
            port: options.serve.then_some(options.port),
        }
    }
}

impl From<ReleaseOptions> for Release {
    fn from(options: ReleaseOptions) -> Self {
        let ReleaseOptions { name, minutes, device, threads, milestone, out } = options;
        Self { name, minutes, device, threads, milestone, out }
    }
}

impl From<GpuCheckOptions> for GpuCheck {
    fn from(options: GpuCheckOptions) -> Self {
        let GpuCheckOptions { minutes, small, device, threads, only, recipe, out, force } = options;
        Self { minutes, small, device, threads, only, recipe, out, force }
    }
}

impl From<DemoOptions> for Demo {
    fn from(options: DemoOptions) -> Self {
        Self {
            minutes: options.minutes,
            seed: options.seed,
            out: options.out,
            force: options.force,
        }
    }
}

fn minutes(text: &str) -> Result<f64, String> {
    let minutes = text.parse().ok().filter(|minutes| *minutes > 0.0 && *minutes < 1e5);
    minutes.ok_or_else(|| "expected a positive number of minutes".to_owned())
}

impl SetupOptions {
    pub(crate) fn parts(&self) -> Parts {
        let all = !(self.libtorch || self.onnxruntime || self.python);
        Parts {
            libtorch: all || self.libtorch,
            onnxruntime: all || self.onnxruntime,
            python: all || self.python,
        }
    }
}
