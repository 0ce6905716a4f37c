//! The scoreboard: every graph the exporter writes, on every engine that runs on this machine, in one run.
//!
//! `cargo bench --workspace --bench scoreboard -- --only paper --json bench.json --chart bench.svg`;
//! `cargo xtask bench` calls it. Weights are random:
//! time does not depend on them. All graphs of a preset take turns of a tenth of a second, so that background load
//! affects all of them equally; medians are reported.
//!
//! | file | holds |
//! |---|---|
//! | `case.rs` | what is measured: presets, variants, random weights |
//! | `rten.rs` | rten as an engine |
//! | `measure.rs` | loading and timing a graph, and the machine's peak by the same engine |
//! | `report.rs` | rows, the table |
//! | `chart.rs` | the chart, drawn as `gqn-train curves` draws its own |

mod case;
mod chart;
mod measure;
mod report;
mod rten;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};

use case::{Case, Size};
use gqn_command_line::{print, say};
use gqn_exporter::Target;
use measure::{Measured, ONNX_RUNTIME, PURE_RUST, RTEN};
use report::{Browser, Row};

/// Time what the exporter writes.
#[derive(Debug, Parser)]
#[command(name = "scoreboard")]
struct Flags {
    /// Only these models [default: all]
    #[arg(long, value_enum)]
    only: Vec<Size>,
    /// Threads of ONNX Runtime and rten, several by commas; the others have one
    #[arg(long, value_delimiter = ',', default_values_t = [1])]
    threads: Vec<usize>,
    /// How many turns every graph has: a run that does not count, and as many as take a tenth of a second
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Queries of one run, several by commas
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8])]
    queries: Vec<usize>,
    /// Write the rows as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the rows of one query on the first number of threads as an SVG
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// Write what would be timed as packages with an index into a folder, and time nothing
    #[arg(long, value_name = "DIR")]
    write: Option<PathBuf>,
    /// Put the rows that a browser's run wrote into the table too
    #[arg(long, value_name = "FILE")]
    with: Option<PathBuf>,
    /// Cargo says so; it changes nothing
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let flags = Flags::parse();
    let sizes =
        if flags.only.is_empty() { Size::value_variants().to_vec() } else { flags.only.clone() };
    if let Some(folder) = &flags.write {
        return write_packages(folder, &sizes);
    }
    let mut rows: Vec<Row> = Vec::new();
    for size in sizes {
        let [for_cpu, for_wasm] = [Target::Cpu, Target::Wasm].map(|target| Case::of(size, target));
        for (index, &threads) in flags.threads.iter().enumerate() {
            let mut engines = vec![ONNX_RUNTIME];
            let (mut measured, _) = Measured::load(&for_cpu, ONNX_RUNTIME, threads)?;
            // Those that have one thread take part once.
            let mut not_run = Vec::new();
            let once = PURE_RUST.into_iter().filter(|_| index == 0);
            for engine in once.chain([RTEN]) {
                engines.push(engine);
                let (loaded, refused) = Measured::load(&for_wasm, engine, threads)?;
                measured.extend(loaded);
                for &queries in &flags.queries {
                    not_run.extend(refused.iter().map(|row| Row { queries, ..row.clone() }));
                }
            }
            for &queries in &flags.queries {
                let graphs = measured.len();
                say(&format!(
                    "{size:?}, {queries} queries, {threads} threads: {graphs} graphs take turns"
                ));
                rows.extend(measure::run(&mut measured, &engines, queries, flags.rounds, threads)?);
            }
            rows.extend(not_run);
        }
    }
    if let Some(path) = &flags.with {
        let text = std::fs::read(path).with_context(|| path.display().to_string())?;
        let browser: Browser =
            serde_json::from_slice(&text).with_context(|| path.display().to_string())?;
        rows.extend(browser.rows.into_iter().map(Row::from));
    }
    print(&report::table(&rows))?;
    if let Some(path) = &flags.json {
        write(path, &serde_json::to_vec_pretty(&rows)?)?;
    }
    if let Some(path) = &flags.chart {
        write(path, chart::chart(&rows)?.as_bytes())?;
    }
    Ok(())
}

fn write_packages(folder: &Path, sizes: &[Size]) -> Result<()> {
    let mut index = Vec::new();
    for &size in sizes {
        for case in Case::of(size, Target::Wasm) {
            say(&format!("writing {}", case.package()));
            index.push(case.write(folder)?);
        }
    }
    write(&folder.join("index.json"), &serde_json::to_vec_pretty(&index)?)
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    gqn_system::write_atomic(path, content, gqn_system::Overwrite::Force)
        .with_context(|| path.display().to_string())
}
