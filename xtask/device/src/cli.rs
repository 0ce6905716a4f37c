//! The command line of `xtask-device`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use xtask_workspace::SystemFlag;

use crate::target::Target;

/// What is shipped to devices.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) system: SystemFlag,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write gqn-run-VERSION-TARGET.tar.gz into target/dist: program, C library, service, manual, licences
    Dist(Dist),
    /// Run `gqn-run verify` on ONNX Runtime's OpenVINO provider, and on its WebGPU provider with and without a driver
    Providers(Providers),
}

#[derive(Debug, Args)]
pub(crate) struct Providers {
    /// A package to verify with [default: web-demo/models/rooms-ring-camera-edge]
    #[arg(long = "package", value_name = "DIR")]
    pub(crate) packages: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Dist {
    /// The system that the archive is for
    #[arg(long, value_enum)]
    pub(crate) target: Target,
    /// Run `gqn-run verify` and the example in C out of the archive on ONNX Runtime 1.20.1, 1.23.2 and 1.32.0; on
    /// another architecture under qemu
    #[arg(long)]
    pub(crate) verify: bool,
    /// A package to verify with [default: those in web-demo/models]
    #[arg(long = "package", value_name = "DIR", requires = "verify")]
    pub(crate) packages: Vec<PathBuf>,
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
    fn targets_are_named_by_their_triples() {
        let parse = |target: &str| Cli::try_parse_from(["x", "dist", "--target", target]);
        parse("aarch64-unknown-linux-gnu").expect("a target");
        parse("x86_64-unknown-linux-gnu").expect("a target");
        assert!(parse("aarch64-apple-darwin").is_err());
    }
}
