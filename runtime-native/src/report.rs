//! What was asked for, what runs, and why not something else.

use serde::Serialize;

use crate::compiled::CompiledModel;
use crate::placement::{Placement, summary};
use crate::provider::Provider;

/// What runs the graphs, as it is said to people and programs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EngineReport {
    /// ONNX Runtime's version, such as `1.32.0`.
    pub onnxruntime: String,
    /// Its library.
    pub library: String,
    /// How the library was found, such as `named by --ort`.
    pub found: &'static str,
    /// Providers that the library was built with.
    pub available: Vec<Provider>,
    /// What was asked for.
    pub asked: Provider,
    /// What is registered and runs; never [`Provider::Auto`].
    pub provider: Provider,
    /// What was tried before it, and why that does not run.
    pub skipped: Vec<Skipped>,
    /// Threads of one run on the CPU, if their number was given.
    pub threads: Option<usize>,
    /// Whether waiting threads spin: `on` or `off`.
    pub spin: &'static str,
    /// Whether scenes stay in the provider's memory between queries.
    pub io_binding: bool,
    /// Where the nodes of each graph ran in the warm-up; empty if that was not measured.
    pub placement: Vec<Placement>,
    /// Why the placement is not known though it was asked for.
    pub placement_error: Option<String>,
    /// Where engines that a provider builds are kept.
    pub cache: Option<String>,
    /// Of providers that compile whole graphs and have a cache: what became of each graph's compiled model.
    pub compiled: Vec<CompiledModel>,
}

/// A provider that was tried and does not run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// Which.
    pub provider: Provider,
    /// Why, in one line.
    pub reason: String,
}

impl EngineReport {
    /// One line for people.
    pub fn line(&self) -> String {
        let mut text = format!(
            "ONNX Runtime {} ({}, {}), provider {}",
            self.onnxruntime, self.library, self.found, self.provider
        );
        if self.asked != self.provider {
            let skipped = self.skipped.iter();
            let reasons =
                skipped.map(|skipped| format!("{}: {}", skipped.provider, skipped.reason));
            let asked = format!("asked for {}", self.asked);
            let all: Vec<String> = std::iter::once(asked).chain(reasons).collect();
            text = format!("{text} ({})", all.join("; "));
        }
        if let Some(threads) = self.threads {
            text = format!("{text}, threads {threads}");
        }
        if self.io_binding {
            text = format!("{text}, IO binding");
        }
        if !self.compiled.is_empty() {
            let lines: Vec<String> = self.compiled.iter().map(CompiledModel::line).collect();
            text = format!("{text}, cache: {}", lines.join(", "));
        }
        if !self.placement.is_empty() {
            text = format!("{text}, nodes {}", summary(&self.placement));
        }
        text
    }

    /// Nodes of all graphs that ran elsewhere than on the provider, as `graph: name (operator)`.
    pub fn fallback(&self) -> Vec<String> {
        let of = |placement: &Placement| {
            let graph = placement.graph;
            placement
                .fallback
                .iter()
                .map(move |node| format!("{graph}: {node}"))
                .collect::<Vec<_>>()
        };
        self.placement.iter().flat_map(of).collect()
    }
}
