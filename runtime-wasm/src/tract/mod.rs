//! `Engine` on tract: a general engine for ONNX graphs in pure Rust, to hold our own against. It builds wherever that one
//! does. In the browser it is seven times the download and slower, so the page loads it only for graphs that ours does not
//! know, and where it is chosen (`docs/browser.md`).
//!
//! | file | holds |
//! |---|---|
//! | `graph.rs` | one graph: parsed once, optimised for every choice of its free axes |
//! | `fold.rs` | what follows from constants, computed once |
//! | `external.rs` | weights beside a graph |

mod external;
mod fold;
mod graph;

use gqn_portable::GraphEngine;
use graph::TractGraph;

/// Runs a package's graphs with tract, on one thread.
pub type TractEngine = GraphEngine<TractGraph>;

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gqn_formats::names;
    use gqn_runtime::EngineError;

    use super::graph::TRACT_VERSION;
    use super::*;

    #[test]
    fn the_version_is_the_workspaces() {
        let manifest = include_str!("../../../Cargo.toml");
        let line = manifest.lines().find(|line| line.starts_with("tract-onnx "));
        let line = line.expect("a dependency");
        assert!(line.contains(&format!("\"={TRACT_VERSION}\"")), "{line}");
    }

    #[test]
    fn damaged_graphs_are_errors() {
        let nothing = BTreeMap::new();
        for bytes in [&b"no graph"[..], &[], &[0xff; 40]] {
            let error = TractEngine::from_graphs(bytes, bytes, &nothing).expect_err("no graph");
            assert!(
                matches!(error, EngineError::Load { graph: names::REPRESENTATION_FILE, .. }),
                "{error}"
            );
        }
    }
}
