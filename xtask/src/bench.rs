//! The scoreboard, called with its flags.

use std::ffi::OsStr;

use anyhow::{Context, Result};
use xtask_workspace::{Workspace, call, scoreboard};

use crate::cli::BenchOptions;
use crate::passed;
use crate::setup::{Parts, set_up};

/// Runs the scoreboard.
pub(crate) fn run(workspace: &Workspace, bench: &BenchOptions) -> Result<()> {
    set_up(workspace, Parts { libtorch: false, onnxruntime: true, python: false })?;
    let mut flags: Vec<String> = Vec::new();
    if bench.web {
        let found = workspace.target().join("bench/rows.json");
        let rounds = bench.rounds.to_string();
        let mut options: Vec<&OsStr> =
            ["--queries", &bench.queries, "--rounds", &rounds, "--rows"].map(OsStr::new).to_vec();
        options.push(found.as_os_str());
        options.extend(bench.only.iter().flat_map(|model| ["--only", model]).map(OsStr::new));
        passed::BENCH_WEB.check(workspace, &options)?;
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
    call(scoreboard(workspace).args(flags))
}
