//! The browser's rows as a table.

use std::fmt::Write;

use serde_json::Value;
use xtask_workspace::console;

/// This engine and its peers, as `web.js` calls them.
const ENGINES: [&str; 3] = ["gqn-wasm", "onnxruntime-web", "rten"];

/// Rows and sizes as tables of Markdown.
pub(super) fn table(found: &Value) -> String {
    let empty = Vec::new();
    let list = |name: &str| found[name].as_array().unwrap_or(&empty);
    let number = |row: &Value, name: &str| row[name].as_f64().unwrap_or(f64::NAN);
    let mut text =
        "| package | queries | gqn-wasm ms | onnxruntime-web ms | times faster | observe ms | its observe ms | load ms | its load ms | rten ms | times faster | its observe ms | its load ms |\n\
         |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n"
            .to_owned();
    for own in list("rows").iter().filter(|row| row["engine"] == ENGINES[0]) {
        let of_engine = |engine: &str| {
            let same = |row: &&Value| {
                row["engine"] == engine
                    && row["package"] == own["package"]
                    && row["queries"] == own["queries"]
            };
            list("rows").iter().find(same)
        };
        let Some(peer) = of_engine(ENGINES[1]) else { continue };
        let (ms, peer_ms) = (number(own, "ms_median"), number(peer, "ms_median"));
        let rten = match of_engine(ENGINES[2]) {
            None => "– | – | – | –".to_owned(),
            Some(row) => match row["refused"].as_str() {
                Some(why) => format!("– ({why}) | – | – | –"),
                None => format!(
                    "{:.2} | {:.2} | {:.2} | {:.0}",
                    number(row, "ms_median"),
                    number(row, "ms_median") / ms,
                    number(row, "observe_ms"),
                    number(row, "load_ms"),
                ),
            },
        };
        writeln!(
            text,
            "| {} | {} | {ms:.2} | {peer_ms:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} | {rten} |",
            own["package"].as_str().unwrap_or_default(),
            own["queries"],
            peer_ms / ms,
            number(own, "observe_ms"),
            number(peer, "observe_ms"),
            number(own, "load_ms"),
            number(peer, "load_ms"),
        )
        .expect("a string takes any text");
    }
    text.push_str("\n| download (wasm and glue) | plain | gzip | brotli |\n|---|--:|--:|--:|\n");
    for size in list("sizes") {
        let size_of = |name: &str| console::size(size[name].as_u64().unwrap_or_default());
        let (engine, sizes) = (&size["engine"], ["bytes", "gzip", "brotli"].map(size_of));
        let engine = engine.as_str().unwrap_or_default();
        writeln!(text, "| {engine} | {} |", sizes.join(" | ")).expect("a string takes any text");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn engines_stand_side_by_side() {
        let row = |engine: &str, ms: f64| json!({ "engine": engine, "package": "edge-direct", "queries": 1, "ms_median": ms, "observe_ms": 2.5, "load_ms": 100.0 });
        let found = json!({
            "rows": [
                row("gqn-wasm", 20.0),
                row("onnxruntime-web", 30.0),
                row("rten", 40.0),
                { "package": "edge-fp16", "queries": 1, "engine": "gqn-wasm", "ms_median": 20.0 },
                { "package": "edge-fp16", "queries": 1, "engine": "onnxruntime-web", "ms_median": 30.0 },
                { "package": "edge-fp16", "queries": 1, "engine": "rten", "refused": "no GridSample" },
            ],
            "sizes": [{ "engine": "gqn-wasm", "bytes": 1_500_000, "gzip": 700_000, "brotli": 600_000 }],
        });
        let text = table(&found);
        assert!(
            text.contains("| edge-direct | 1 | 20.00 | 30.00 | 1.50 | 2.50 | 2.50 | 100 | 100 | 40.00 | 2.00 | 2.50 | 100 |"),
            "{text}"
        );
        assert!(text.contains("| – (no GridSample) | – | – | – |"), "{text}");
        assert!(text.contains("| gqn-wasm | 1.5 MB | 700.0 kB | 600.0 kB |"), "{text}");
    }
}
