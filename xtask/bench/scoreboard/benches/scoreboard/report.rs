//! Rows and the table.

use std::fmt::Write;

use gqn_formats::{Preset, Variant};
use serde::{Deserialize, Serialize};

/// One line of the scoreboard.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Row {
    pub(crate) engine: String,
    pub(crate) preset: Preset,
    pub(crate) shared_core: bool,
    pub(crate) variant: Variant,
    pub(crate) winograd: bool,
    pub(crate) precision: String,
    pub(crate) queries: usize,
    pub(crate) threads: usize,
    pub(crate) ms_per_view: f64,
    pub(crate) fastest_ms_per_view: f64,
    pub(crate) gflops: f64,
    /// A product of large matrices by the same engine in the same run; a browser's is not measured.
    pub(crate) peak_gflops: Option<f64>,
    pub(crate) macs_per_view: u64,
    /// Of the generator, with the weights that are not inside.
    pub(crate) bytes: usize,
    /// Of all graphs; a browser's rows do not say.
    pub(crate) package_bytes: Option<usize>,
    pub(crate) load_ms: f64,
    /// Why the engine does not run it; then there are no times.
    pub(crate) refused: Option<String>,
}

/// What `xtask/bench/web.js` writes.
#[derive(Debug, Deserialize)]
pub(crate) struct Browser {
    pub(crate) rows: Vec<BrowserRow>,
}

/// A row of a browser's run.
#[derive(Debug, Deserialize)]
pub(crate) struct BrowserRow {
    engine: String,
    preset: Preset,
    shared_core: bool,
    variant: Variant,
    winograd: bool,
    precision: String,
    queries: usize,
    threads: usize,
    ms_per_view: f64,
    fastest_ms_per_view: f64,
    macs_per_view: u64,
    bytes: usize,
    load_ms: f64,
    refused: Option<String>,
}

impl From<BrowserRow> for Row {
    fn from(row: BrowserRow) -> Self {
        Self {
            gflops: 2.0 * row.macs_per_view as f64 / row.ms_per_view / 1e6,
            peak_gflops: None,
            engine: row.engine,
            preset: row.preset,
            shared_core: row.shared_core,
            variant: row.variant,
            winograd: row.winograd,
            precision: row.precision,
            queries: row.queries,
            threads: row.threads,
            ms_per_view: row.ms_per_view,
            fastest_ms_per_view: row.fastest_ms_per_view,
            macs_per_view: row.macs_per_view,
            bytes: row.bytes,
            package_bytes: None,
            load_ms: row.load_ms,
            refused: row.refused,
        }
    }
}

impl Row {
    /// What distinguishes graphs of a model.
    pub(crate) fn graph(&self) -> &'static str {
        match (self.variant, self.precision.as_str(), self.winograd) {
            (Variant::Reference, _, _) => "reference",
            (_, "int8", _) => "int8",
            (_, "fp16", _) => "fp16",
            (_, _, true) => "Winograd",
            (_, _, false) => "direct",
        }
    }

    pub(crate) fn model(&self) -> String {
        let cores = if self.shared_core { "" } else { ", unshared" };
        format!("{}{cores}", self.preset)
    }

    /// Where and how it was timed: a column of the table.
    fn setting(&self) -> (String, usize, usize) {
        (self.engine.clone(), self.threads, self.queries)
    }
}

/// In the order in which they come, each once.
pub(crate) fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut list = Vec::new();
    for item in items {
        if !list.contains(&item) {
            list.push(item);
        }
    }
    list
}

/// The rows as a table of Markdown: a line for each graph, a column for each engine and its setting.
pub(crate) fn table(rows: &[Row]) -> String {
    let settings = distinct(rows.iter().map(Row::setting));
    let mut text = format!(
        "Milliseconds a view, and how many times faster than the reference. {}\n\n{}",
        "GFLOP/s and their share of a large matrix product's are those of the first column of times.",
        "| model | graph | multiply-adds | GFLOP/s | generator | package | load |"
    );
    for (engine, threads, queries) in &settings {
        let thread =
            if *threads == 1 { "1 thread".to_owned() } else { format!("{threads} threads") };
        let query = if *queries == 1 { "1 query".to_owned() } else { format!("{queries} queries") };
        write!(text, " {engine}, {thread}, {query} |").expect("a string takes any text");
    }
    text.push_str("\n|---|---|--:|--:|--:|--:|--:|");
    text.push_str(&"--:|".repeat(settings.len()));
    text.push('\n');
    for model in distinct(rows.iter().map(Row::model)) {
        let of_model: Vec<&Row> = rows.iter().filter(|row| row.model() == model).collect();
        for graph in distinct(of_model.iter().map(|row| row.graph())) {
            let of_graph: Vec<&&Row> = of_model.iter().filter(|row| row.graph() == graph).collect();
            line(&mut text, &of_model, &of_graph, &settings).expect("a string takes any text");
        }
    }
    text.push_str(
        "\n–: not written for the engines in pure Rust, which gain nothing from eight bits.\n",
    );
    text
}

/// One graph in all settings.
fn line(
    text: &mut String,
    of_model: &[&Row],
    of_graph: &[&&Row],
    settings: &[(String, usize, usize)],
) -> std::fmt::Result {
    let first = of_graph[0];
    let share = first
        .peak_gflops
        .map_or_else(String::new, |peak| format!(" ({:.0} %)", 100.0 * first.gflops / peak));
    write!(
        text,
        "| {} | {} | {:.2} G | {:.0}{share} | {:.2} MB | {} | {:.0} ms |",
        first.model(),
        first.graph(),
        first.macs_per_view as f64 / 1e9,
        first.gflops,
        first.bytes as f64 / 1e6,
        first
            .package_bytes
            .map_or_else(|| "–".to_owned(), |bytes| format!("{:.1} MB", bytes as f64 / 1e6)),
        first.load_ms,
    )?;
    for setting in settings {
        let at = |row: &&&Row| row.setting() == *setting;
        let Some(row) = of_graph.iter().copied().find(at) else {
            write!(text, " – |")?;
            continue;
        };
        if let Some(why) = &row.refused {
            write!(text, " – ({why}) |")?;
            continue;
        }
        let is_reference = |row: &&&Row| row.variant == Variant::Reference && row.refused.is_none();
        let reference =
            of_model.iter().filter(is_reference).find(|other| other.setting() == *setting);
        let times = reference.map_or(1.0, |reference| reference.ms_per_view / row.ms_per_view);
        write!(text, " {:.2} ({times:.1}×) |", row.ms_per_view)?;
    }
    text.push('\n');
    Ok(())
}
