//! The command line of `cargo xtask`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use xtask_workspace::SystemFlag;

use crate::fuzz::Fuzz;
use crate::passed::NO_SYSTEM;
use crate::setup::Parts;

/// The tasks of the workspace: set-up, demonstration and tests.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    system: SystemFlag,
}

impl Cli {
    /// Whether packages of the system are only listed; among options that are passed on, the flag is one of them.
    pub(crate) fn no_system(&self) -> bool {
        let passed: &[OsString] = match &self.command {
            Command::Web(passed)
            | Command::BenchWeb(passed)
            | Command::Dist(passed)
            | Command::Providers(passed) => &passed.options,
            _ => &[],
        };
        self.system.no_system || passed.iter().any(|option| option == NO_SYSTEM)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Fetch libtorch, ONNX Runtime and the tests' Python packages into target/, each once
    Setup(SetupOptions),
    /// Train a small model on rendered scenes, export and verify it, and render views that no camera took
    Demo(DemoOptions),
    /// Train a recipe for a while longer, export it, and keep the best package for the page
    TrainRelease(ReleaseOptions),
    /// Build the trainer and run its check of a machine with a GPU: oracles, a sample, an interrupted run, NCCL, speed
    GpuCheck(GpuCheckOptions),
    /// Build the page, its engine in wasm and the models as a static folder, web-demo/dist
    Web(Passed),
    /// The scoreboard: what a picture costs, for every model, variant and engine
    Bench(BenchOptions),
    /// The engine in wasm beside onnxruntime-web, tract and rten, in one run of Chromium
    BenchWeb(Passed),
    /// Give every parser of bytes from outside mutated ones, and look for panics, aborts, memory and time
    Fuzz(FuzzOptions),
    /// Build gqn-run, C library, service and manual as an archive for devices
    Dist(Passed),
    /// Verify packages on ONNX Runtime's OpenVINO provider, and on its WebGPU provider with a software Vulkan
    Providers(Passed),
    /// The quick part of `test`: format check, lints, types of the page, unit tests; minutes when it is built already
    Check,
    /// Format check, lints, all tests, documentation: what continuous integration runs
    Test(TestOptions),
}

/// Options of a command that another program carries out, which knows them and answers `--help`.
#[derive(Debug, Args)]
#[command(disable_help_flag = true)]
pub(crate) struct Passed {
    /// Those that the command lists after --help
    #[arg(value_name = "OPTION", trailing_var_arg = true, allow_hyphen_values = true)]
    pub(crate) options: Vec<OsString>,
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
    pub(crate) minutes: f64,
    /// Seed of the training scenes, the weights and the noise
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u32,
    /// Folder to write; an earlier demo's files in it are replaced [default: the workspace's out/demo]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write into the folder even if the demo did not make it
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReleaseOptions {
    /// The recipe: NAME of trainer/configs/NAME.toml
    pub(crate) name: String,
    /// Minutes of training in this slice; the next call goes on where it stopped
    #[arg(long, value_name = "N", value_parser = minutes)]
    pub(crate) minutes: f64,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// CPU threads of the trainer [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<u16>,
    /// Write the weights in half precision beside the recipe, as trainer/configs/NAME.safetensors, in place of those of
    /// the last milestone: `gqn-train train --init` begins with them
    #[arg(long)]
    pub(crate) milestone: bool,
    /// Folder of the run and of its newest package [default: the workspace's out/release/NAME]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct GpuCheckOptions {
    /// Minutes that all parts may take together
    #[arg(long, value_name = "N", default_value_t = 12.0, value_parser = minutes)]
    pub(crate) minutes: f64,
    /// Small sizes, to try the check itself; on a CPU they always are
    #[arg(long)]
    pub(crate) small: bool,
    /// Where to compute: auto, cpu or cuda:N
    #[arg(long, default_value = "auto")]
    pub(crate) device: String,
    /// CPU threads of every part [default: one a core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<u16>,
    /// Only these parts, such as oracle-fused or bench-edge-shared [default: all]
    #[arg(long, value_name = "PART")]
    pub(crate) only: Vec<String>,
    /// The recipe that is trained for a while: NAME of trainer/configs/NAME.toml [default: the trainer's]
    #[arg(long, value_name = "NAME")]
    pub(crate) recipe: Option<String>,
    /// Folder for what the parts write [default: the workspace's out/gpu-check]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Replace an earlier check's files in the folder that --out names
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct BenchOptions {
    /// Only these models: tiny, edge, tiny-tower, edge-tower, paper, paper-unshared [default: all; in a browser all but the last]
    #[arg(long, value_name = "MODEL")]
    pub(crate) only: Vec<String>,
    /// Threads of ONNX Runtime, by commas
    #[arg(long, value_name = "N,..", default_value = "1,2")]
    pub(crate) threads: String,
    /// Queries of one run, by commas
    #[arg(long, value_name = "N,..", default_value = "1,8")]
    pub(crate) queries: String,
    /// How many turns every graph has, of a tenth of a second or more; the median of their runs counts
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Time the engines of a browser too
    #[arg(long)]
    pub(crate) web: bool,
    /// Write the rows as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Draw a bar chart [default: docs/scoreboard.svg, unless --only is given]
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_of_the_page_are_passed_on_and_no_system_is_seen_among_them() {
        let parse = |options: &[&str]| {
            let all = ["cargo xtask", "web"].iter().chain(options);
            let cli = Cli::try_parse_from(all).unwrap();
            let no_system = cli.no_system();
            let Command::Web(passed) = cli.command else { panic!("another command") };
            (no_system, passed.options)
        };
        let options = ["--help", "--package", "a", "--serve"];
        assert_eq!(parse(&options), (false, options.map(OsString::from).to_vec()));
        assert!(parse(&["--no-system", "--serve"]).0 && parse(&["--serve", "--no-system"]).0);
    }
}
