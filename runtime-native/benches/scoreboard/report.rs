use std::fmt::Write;

use gqn_formats::{Preset, Variant};
use serde::{Deserialize, Serialize};

/// One line of the scoreboard.
#[derive(Debug, Serialize)]
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
    pub(crate) bytes: usize,
    pub(crate) load_ms: f64,
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
            load_ms: row.load_ms,
        }
    }
}

impl Row {
    fn graph(&self) -> String {
        match (self.variant, self.winograd) {
            (Variant::Reference, _) => "reference".to_owned(),
            (variant, true) => format!("{}, winograd", variant.name()),
            (variant, false) => format!("{}, direct", variant.name()),
        }
    }

    fn model(&self) -> String {
        let cores = if self.shared_core { "" } else { ", unshared" };
        format!("{}{cores}", self.preset)
    }

    /// Whether the other row differs from this one in nothing but the graph.
    fn compares_with(&self, other: &Self) -> bool {
        let key = |row: &Self| {
            (row.engine.clone(), row.preset, row.shared_core, row.queries, row.threads)
        };
        key(self) == key(other)
    }
}

/// The rows as a table of Markdown.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut text = "| model | engine | queries | graph | ms a view | times faster | multiply-adds a view | GFLOP/s | of peak | MB | load ms |\n\
                    |---|---|--:|---|--:|--:|--:|--:|--:|--:|--:|\n"
        .to_owned();
    for row in rows {
        let reference = rows
            .iter()
            .find(|other| other.variant == Variant::Reference && other.compares_with(row));
        let faster = reference.map_or(1.0, |reference| reference.ms_per_view / row.ms_per_view);
        writeln!(
            text,
            "| {} | {}, {} thread{} | {} | {} | {:.2} | {faster:.1} | {:.2} G | {:.0} | {} | {:.1} | {:.0} |",
            row.model(),
            row.engine,
            row.threads,
            if row.threads == 1 { "" } else { "s" },
            row.queries,
            row.graph(),
            row.ms_per_view,
            row.macs_per_view as f64 / 1e9,
            row.gflops,
            row.peak_gflops.map_or_else(
                || "–".to_owned(),
                |peak| format!("{:.0} %", 100.0 * row.gflops / peak)
            ),
            row.bytes as f64 / 1e6,
            row.load_ms,
        )
        .expect("a string takes any text");
    }
    text
}

/// Bars of the rows of one query, as an SVG.
pub(crate) fn chart(rows: &[Row]) -> String {
    const BAR: usize = 20;
    const LEFT: usize = 330;
    const WIDTH: usize = 960;
    let rows: Vec<&Row> = rows.iter().filter(|row| row.queries == 1).collect();
    let longest = rows.iter().map(|row| row.ms_per_view).fold(1e-9, f64::max);
    let height = BAR * rows.len() + 2 * BAR;
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"white\"/>\n\
         <text x=\"8\" y=\"16\">Milliseconds a view, one query; logarithmic</text>\n"
    );
    for (index, row) in rows.iter().enumerate() {
        let (top, label) =
            (BAR * (index + 1) + 6, format!("{}, {}, {}", row.model(), row.engine, row.graph()));
        // From 0.1 ms on the left to the longest on the right.
        let share = (row.ms_per_view / 0.1).ln().max(0.0) / (longest / 0.1).ln();
        let length = share * (WIDTH - LEFT - 90) as f64;
        let colour = match (row.variant, row.winograd) {
            (Variant::Reference, _) => "#999999",
            (_, false) => "#4c8fbd",
            (_, true) => "#d9772b",
        };
        writeln!(
            text,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{label}</text><rect x=\"{LEFT}\" y=\"{top}\" width=\"{length:.0}\" height=\"{}\" fill=\"{colour}\"/><text x=\"{:.0}\" y=\"{}\">{:.1}</text>",
            LEFT - 8,
            top + 13,
            BAR - 4,
            LEFT as f64 + length + 6.0,
            top + 13,
            row.ms_per_view,
        )
        .expect("a string takes any text");
    }
    text.push_str("</svg>\n");
    text
}
