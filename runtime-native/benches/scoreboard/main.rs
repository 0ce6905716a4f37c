//! The scoreboard: every graph the exporter writes, on every engine that runs on this machine, in one run.
//!
//! `cargo bench -p gqn-runtime-native --bench scoreboard -- --only paper --json bench.json --chart bench.svg`. Weights are random:
//! time does not depend on them. All graphs of a preset take turns, so that whatever else the machine does falls on all
//! of them alike; medians are reported.
//!
//! | file | holds |
//! |---|---|
//! | `case.rs` | what is measured: presets, variants, random weights |
//! | `measure.rs` | loading and timing a graph, and the machine's peak by the same engine |
//! | `report.rs` | rows, the table, the chart |

mod case;
mod measure;
mod report;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::Parser;

use case::{Case, Size};
use measure::Measured;
use report::Row;

/// Time what the exporter writes.
#[derive(Debug, Parser)]
#[command(name = "scoreboard")]
struct Flags {
    /// Only these models [default: tiny, edge, paper with a shared core]
    #[arg(long, value_enum)]
    only: Vec<Size>,
    /// Threads of ONNX Runtime; tract has one
    #[arg(long, default_value_t = 1)]
    threads: usize,
    /// How often every graph runs
    #[arg(long, default_value_t = 15)]
    rounds: usize,
    /// Queries of one run, several by commas
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8])]
    queries: Vec<usize>,
    /// Write the rows as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Draw the rows of one query as an SVG
    #[arg(long, value_name = "FILE")]
    chart: Option<PathBuf>,
    /// Write the graphs that are timed into a folder
    #[arg(long, value_name = "DIR")]
    dump: Option<PathBuf>,
    /// Cargo says so; it changes nothing
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<()> {
    let flags = Flags::parse();
    let sizes = if flags.only.is_empty() { Size::USUAL.to_vec() } else { flags.only.clone() };
    let mut rows: Vec<Row> = Vec::new();
    for size in sizes {
        let cases = Case::of(size);
        if let Some(folder) = &flags.dump {
            cases.iter().try_for_each(|case| case.dump(folder))?;
        }
        let mut measured = Measured::load(&cases, flags.threads)?;
        for &queries in &flags.queries {
            say(&format!("{size:?}, {queries} queries: {} graphs take turns", measured.len()));
            rows.extend(measure::run(&mut measured, queries, flags.rounds, flags.threads)?);
        }
    }
    print(&report::table(&rows));
    if let Some(path) = &flags.json {
        write(path, &serde_json::to_vec_pretty(&rows)?)?;
    }
    if let Some(path) = &flags.chart {
        write(path, report::chart(&rows).as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    gqn_formats::write_atomic(path, content, gqn_formats::Overwrite::Force)
        .with_context(|| path.display().to_string())
}

fn print(text: &str) {
    // Whoever reads the table may stop reading.
    let _ = io::stdout().lock().write_all(text.as_bytes());
}

fn say(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}
