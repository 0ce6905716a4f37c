//! The graphs on ONNX Runtime, on a CPU.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};

use crate::error::ExportError;
use crate::graphs::Graphs;

/// Two graphs on ONNX Runtime's CPU, on one thread: sums are always in one order.
pub(crate) fn on_cpu(
    runtime: &OnnxRuntime,
    representation: &[u8],
    generator: &[u8],
    external: &BTreeMap<&str, &[u8]>,
) -> Result<OrtEngine, ExportError> {
    let options = OrtOptions::on(Provider::Cpu, NonZeroUsize::new(1));
    Ok(OrtEngine::from_graphs(runtime, representation, generator, external, &options)?)
}

/// The graphs of a package, likewise.
pub(crate) fn graphs_on_cpu(
    runtime: &OnnxRuntime,
    graphs: &Graphs,
) -> Result<OrtEngine, ExportError> {
    let external: BTreeMap<&str, &[u8]> = graphs
        .external_data
        .iter()
        .map(|(name, content)| (name.as_str(), content.as_slice()))
        .collect();
    on_cpu(runtime, &graphs.representation, &graphs.generator, &external)
}
