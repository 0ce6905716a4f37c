//! The scoreboard, called with its flags.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::browser::{self, BenchWeb};
use crate::setup::{Parts, set_up};
use crate::web::Build;
use crate::workspace::{self, Workspace};

/// The scoreboard: presets, variants and engines.
#[derive(Debug)]
pub(crate) struct Bench {
    /// Models to time; all if there are none.
    pub(crate) only: Vec<String>,
    pub(crate) threads: String,
    pub(crate) queries: String,
    pub(crate) rounds: usize,
    /// Whether a browser takes part.
    pub(crate) web: bool,
    pub(crate) json: Option<PathBuf>,
    /// The bar chart; `docs/scoreboard.svg` without one, if all models are timed.
    pub(crate) chart: Option<PathBuf>,
}

/// Runs the scoreboard.
pub(crate) fn run(workspace: &Workspace, bench: &Bench) -> Result<()> {
    set_up(workspace, Parts { libtorch: false, onnxruntime: true, python: false })?;
    let mut flags: Vec<String> = Vec::new();
    if bench.web {
        let found = browser::measure(
            workspace,
            &BenchWeb {
                only: bench.only.clone(),
                queries: bench.queries.clone(),
                rounds: bench.rounds,
                build: Build::Full,
                json: None,
            },
        )?;
        flags.extend(["--with".to_owned(), found.display().to_string()]);
    }
    flags.extend(["--threads".to_owned(), bench.threads.clone()]);
    flags.extend(["--queries".to_owned(), bench.queries.clone()]);
    flags.extend(["--rounds".to_owned(), bench.rounds.to_string()]);
    flags.extend(bench.only.iter().flat_map(|model| ["--only".to_owned(), model.clone()]));
    let usual = bench.only.is_empty().then(|| workspace.root().join("docs/scoreboard.svg"));
    let files = [("--json", &bench.json), ("--chart", &bench.chart.clone().or(usual))];
    for (flag, file) in files {
        let Some(file) = file else { continue };
        // Cargo runs it in the folder of its crate.
        let file = std::path::absolute(file).context("cannot tell the working folder")?;
        flags.extend([flag.to_owned(), file.display().to_string()]);
    }
    workspace::run(scoreboard(workspace).args(flags))
}

/// The program that builds and times graphs.
pub(super) fn scoreboard(workspace: &Workspace) -> std::process::Command {
    let mut cargo = workspace.cargo();
    // Of the whole workspace, so that features are those of the tests and nothing compiles twice.
    cargo.args(["bench", "--quiet", "--workspace", "--bench", "scoreboard"]);
    cargo.arg("--");
    // Weights and values in huge pages, for all engines alike (README, "Huge pages").
    if std::env::var_os("GLIBC_TUNABLES").is_none() {
        cargo.env("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    }
    cargo
}
