//! The engines of a browser, timed in Chromium.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value;
use xtask_workspace::{Workspace, scoreboard, write};

use super::table::table;
use crate::browsers;
use crate::node;
use crate::wasm::{self, Build, Module};

/// Where in `xtask` the part in JavaScript lies, with what it takes from npm.
const FOLDER: &str = "xtask/bench";

/// The models that a tab's memory holds in every variant.
const USUAL: [&str; 5] = ["tiny", "edge", "tiny-tower", "edge-tower", "paper"];

/// A run of Chromium.
#[derive(Debug)]
pub(crate) struct BenchWeb {
    /// Models to time; the usual ones if there are none.
    pub(crate) only: Vec<String>,
    pub(crate) queries: String,
    /// How often every engine paints, of which the median counts.
    pub(crate) rounds: usize,
    pub(crate) build: Build,
    pub(crate) output: Output,
}

/// What becomes of rows and sizes.
#[derive(Debug)]
pub(crate) enum Output {
    /// A table on stdout, and a file if one is named.
    Table { json: Option<PathBuf> },
    /// A file alone: `cargo xtask bench --web` puts them into its own table.
    Rows(PathBuf),
}

/// Times the engines, and prints the table or writes the rows.
pub(crate) fn run(workspace: &Workspace, bench: &BenchWeb) -> Result<()> {
    let found = measure(workspace, bench)?;
    let text = fs::read(&found).with_context(|| format!("cannot open {}", found.display()))?;
    let file = match &bench.output {
        Output::Rows(file) => Some(file),
        Output::Table { json } => {
            let rows: Value = serde_json::from_slice(&text)
                .with_context(|| format!("{} is not what web.js writes", found.display()))?;
            // Whoever reads the table may stop reading.
            let _ = io::stdout().lock().write_all(table(&rows).as_bytes());
            json.as_ref()
        }
    };
    if let Some(path) = file {
        write(path, &text)?;
    }
    Ok(())
}

/// Builds engine and packages, and times them; the file of rows and sizes.
fn measure(workspace: &Workspace, bench: &BenchWeb) -> Result<PathBuf> {
    let browser = browsers::chromium(workspace)?;
    let folder = workspace.root().join(FOLDER);
    node::install(&folder)?;
    let glue = wasm::build(workspace, Module::Engine, bench.build)?;
    let tract = wasm::build(workspace, Module::Tract, bench.build)?;
    let rten = wasm::build(workspace, Module::Rten, bench.build)?;
    let (packages, found) =
        (workspace.target().join("bench/packages"), workspace.target().join("bench/web.json"));
    let models: Vec<&str> = match &bench.only[..] {
        [] => USUAL.to_vec(),
        only => only.iter().map(String::as_str).collect(),
    };
    let only = models.into_iter().flat_map(|model| ["--only", model]);
    let mut write = scoreboard(workspace);
    xtask_workspace::call(write.arg("--write").arg(&packages).args(only.clone()))?;
    let mut node = workspace.command("node");
    node.current_dir(&folder).arg("web.js").arg(&packages).args([glue, tract, rten]).arg(&found);
    node.args(only);
    node.args(["--rounds", &bench.rounds.to_string(), "--queries", &bench.queries]);
    xtask_workspace::call(node.env("CHROMIUM", browser))?;
    Ok(found)
}
