//! The browser's rows as tables.

use std::fmt::Write;

use serde_json::Value;
use xtask_workspace::console;

/// This engine and its peers, as `web.js` calls them: the scoreboard has natively compiled ones of other names beside them.
const ENGINES: [&str; 4] = ["gqn-wasm", "onnxruntime-web", "tract-wasm", "rten-wasm"];

/// Rows and sizes as tables of Markdown: ms to render, to observe a view and to load, and what a browser downloads. Beside a
/// peer's time stands how many times this engine's it is.
pub(super) fn table(found: &Value) -> String {
    let empty = Vec::new();
    let list = |name: &str| found[name].as_array().unwrap_or(&empty);
    let mut text = String::new();
    let times =
        [("render", "ms_median", 2), ("observe a view", "observe_ms", 2), ("load", "load_ms", 0)];
    for (what, field, digits) in times {
        writeln!(text, "| ms to {what} | queries | {} |", ENGINES.join(" | ")).expect(ANY_TEXT);
        writeln!(text, "|---|--:|{}", "--:|".repeat(ENGINES.len())).expect(ANY_TEXT);
        let mut before = None;
        for own in list("rows").iter().filter(|row| row["engine"] == ENGINES[0]) {
            let package = own["package"].as_str().unwrap_or_default();
            // Observing and loading do not depend on how many queries are rendered at once.
            if field != "ms_median" && before.replace(package) == Some(package) {
                continue;
            }
            let cells = ENGINES.map(|engine| cell(list("rows"), own, engine, field, digits));
            writeln!(text, "| {package} | {} | {} |", own["queries"], cells.join(" | "))
                .expect(ANY_TEXT);
        }
        text.push('\n');
    }
    text.push_str("| download (wasm and glue) | plain | gzip | brotli |\n|---|--:|--:|--:|\n");
    for size in list("sizes") {
        let size_of = |name: &str| console::size(size[name].as_u64().unwrap_or_default());
        let (engine, sizes) = (&size["engine"], ["bytes", "gzip", "brotli"].map(size_of));
        let engine = engine.as_str().unwrap_or_default();
        writeln!(text, "| {engine} | {} |", sizes.join(" | ")).expect(ANY_TEXT);
    }
    text
}

const ANY_TEXT: &str = "a string takes any text";

/// An engine's time for what `own` was measured with, or why there is none.
fn cell(rows: &[Value], own: &Value, engine: &str, field: &str, digits: usize) -> String {
    let same = |row: &&Value| {
        row["engine"] == engine
            && row["package"] == own["package"]
            && row["queries"] == own["queries"]
    };
    let Some(row) = rows.iter().find(same) else { return "–".to_owned() };
    if let Some(why) = row["refused"].as_str() {
        return format!("– ({why})");
    }
    let (Some(time), Some(base)) = (row[field].as_f64(), own[field].as_f64()) else {
        return "–".to_owned();
    };
    let number = format!("{time:.digits$}");
    if engine == ENGINES[0] { number } else { format!("{number} (×{:.2})", time / base) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn engines_stand_side_by_side() {
        let row = |engine: &str, queries: u32, ms: f64| json!({ "engine": engine, "package": "edge-direct", "queries": queries, "ms_median": ms, "observe_ms": 2.5, "load_ms": 100.0 });
        let found = json!({
            "rows": [
                row("gqn-wasm", 1, 20.0),
                row("onnxruntime-web", 1, 30.0),
                row("tract-wasm", 1, 50.0),
                row("rten-wasm", 1, 40.0),
                row("gqn-wasm", 8, 90.0),
                { "package": "tiny", "queries": 8, "engine": "gqn-wasm", "ms_median": 4.0, "observe_ms": 1.5, "load_ms": 9.0 },
                { "package": "edge-fp16", "queries": 1, "engine": "gqn-wasm", "ms_median": 20.0 },
                { "package": "edge-fp16", "queries": 1, "engine": "onnxruntime-web", "ms_median": 30.0 },
                { "package": "edge-fp16", "queries": 1, "engine": "rten-wasm", "refused": "no GridSample" },
            ],
            "sizes": [{ "engine": "gqn-wasm", "bytes": 1_500_000, "gzip": 700_000, "brotli": 600_000 }],
        });
        let text = table(&found);
        for line in [
            "| ms to render | queries | gqn-wasm | onnxruntime-web | tract-wasm | rten-wasm |",
            "| edge-direct | 1 | 20.00 | 30.00 (×1.50) | 50.00 (×2.50) | 40.00 (×2.00) |",
            "| edge-direct | 8 | 90.00 | – | – | – |",
            "| edge-fp16 | 1 | 20.00 | 30.00 (×1.50) | – | – (no GridSample) |",
            "| edge-direct | 1 | 2.50 | 2.50 (×1.00) | 2.50 (×1.00) | 2.50 (×1.00) |",
            "| edge-direct | 1 | 100 | 100 (×1.00) | 100 (×1.00) | 100 (×1.00) |",
            "| tiny | 8 | 1.50 | – | – | – |",
            "| tiny | 8 | 9 | – | – | – |",
            "| gqn-wasm | 1.5 MB | 700.0 kB | 600.0 kB |",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        assert_eq!(text.matches("| edge-direct | 8 |").count(), 1, "{text}");
    }
}
