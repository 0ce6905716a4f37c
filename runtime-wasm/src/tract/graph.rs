//! One graph on tract, optimised once for each choice of its free axes.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use gqn_formats::Tensor;
use gqn_runtime::EngineError;
use tract_onnx::prelude::*;
use tract_onnx::tract_core::tract_linalg::MmmDispatch;
use tract_onnx::tract_core::tract_linalg::mmm::Query;

use super::external::inline_external;
use super::fold::fold_constants;
use gqn_portable::RunGraph;

/// How many optimised models of one graph are kept. Each holds its own packed copy of the weights; a client uses two
/// or three numbers of queries by turns.
const KEPT: usize = 4;

/// The kernel that tract takes for a large product here, such as `wasm_f32_8x8`: kernels register themselves when a module starts,
/// and without them a general one would be taken in silence.
fn kernel() -> String {
    let query = Query::plain(f32::datum_type(), Some(64), Some(64), Some(1024));
    let found = MmmDispatch::native().pick(&query);
    found.map_or_else(|| "none".to_owned(), |(kernel, ..)| kernel.name().to_owned())
}

/// One graph: parsed once, and optimised once for every choice of its free axes.
#[derive(Debug)]
pub struct TractGraph {
    name: &'static str,
    model: InferenceModel,
    /// What the file says about itself.
    metadata: BTreeMap<String, String>,
    /// The latest used last.
    optimised: VecDeque<(Vec<usize>, Arc<TypedRunnableModel>)>,
}

impl RunGraph for TractGraph {
    fn describe() -> String {
        format!("tract {TRACT_VERSION}, one thread, {} for products", kernel())
    }

    fn parse(
        name: &'static str,
        bytes: &[u8],
        external: &BTreeMap<&str, &[u8]>,
        inputs: &[&str],
        output: &str,
    ) -> Result<Self, EngineError> {
        let failed = |error: TractError| EngineError::load(name, one_line(&error));
        let onnx = tract_onnx::onnx();
        let mut proto = onnx.proto_model_for_read(&mut &*bytes).map_err(failed)?;
        inline_external(&mut proto, external)
            .map_err(|error| EngineError::load(name, one_line(&error)))?;
        if let Some(graph) = &mut proto.graph {
            // tract infers the shapes of intermediate values itself, and takes a name for an axis that depends on others for
            // an axis of its own.
            graph.value_info.clear();
        }
        let model = onnx.model_for_proto_model(&proto).map_err(failed)?;
        let ports = |ports: Vec<&str>| ports.join(", ");
        let graph = proto.graph.unwrap_or_default();
        let weights: Vec<&str> =
            graph.initializer.iter().map(|tensor| tensor.name.as_str()).collect();
        let is_port = |name: &&str| !weights.contains(name);
        let found =
            ports(graph.input.iter().map(|port| port.name.as_str()).filter(is_port).collect());
        let found = format!(
            "{found} -> {}",
            ports(graph.output.iter().map(|port| port.name.as_str()).collect())
        );
        let expected = format!("{} -> {output}", ports(inputs.to_vec()));
        if found != expected {
            return Err(EngineError::load(
                name,
                format!("its ports are {found}, expected {expected}"),
            ));
        }
        let metadata =
            proto.metadata_props.into_iter().map(|entry| (entry.key, entry.value)).collect();
        Ok(Self { name, model, metadata, optimised: VecDeque::new() })
    }

    fn metadata(&self, key: &str) -> Option<String> {
        self.metadata.get(key).cloned()
    }

    fn prepare(&mut self, axes: &[(&str, usize)]) -> Result<(), EngineError> {
        self.optimised(axes).map(|_| ())
    }

    fn run(&mut self, axes: &[(&str, usize)], inputs: &[&Tensor]) -> Result<Tensor, EngineError> {
        let model = self.optimised(axes)?;
        let failed = |error: TractError| EngineError::run(self.name, one_line(&error));
        let mut values = tvec!();
        for tensor in inputs {
            let data = tensor.as_standard_layout();
            let data = data.as_slice().expect("standard layout is contiguous");
            let value =
                tract_onnx::prelude::Tensor::from_shape(tensor.shape(), data).map_err(failed)?;
            values.push(value.into_tvalue());
        }
        let outputs = model.run(values).map_err(failed)?;
        let output =
            outputs.first().ok_or_else(|| EngineError::run(self.name, "it has no output"))?;
        let data = output.to_plain_array_view::<f32>().map_err(failed)?.iter().copied().collect();
        Ok(Tensor::from_shape_vec(output.shape(), data).expect("an array's data fits its shape"))
    }
}

impl TractGraph {
    fn optimised(
        &mut self,
        axes: &[(&str, usize)],
    ) -> Result<Arc<TypedRunnableModel>, EngineError> {
        let lengths: Vec<usize> = axes.iter().map(|(_, length)| *length).collect();
        let known = self.optimised.iter().position(|(key, _)| *key == lengths);
        let entry = match known.and_then(|index| self.optimised.remove(index)) {
            Some(entry) => entry,
            None => (
                lengths,
                self.optimise(axes)
                    .map_err(|error| EngineError::load(self.name, one_line(&error)))?,
            ),
        };
        let model = Arc::clone(&entry.1);
        if self.optimised.len() == KEPT {
            self.optimised.pop_front();
        }
        self.optimised.push_back(entry);
        Ok(model)
    }

    fn optimise(&self, axes: &[(&str, usize)]) -> TractResult<Arc<TypedRunnableModel>> {
        let mut model = self.model.clone();
        let lengths: HashMap<Symbol, TDim> =
            axes.iter().map(|(name, length)| (model.symbols.sym(name), length.to_dim())).collect();
        model.set_symbols(&lengths)?;
        let mut model = model.into_typed()?;
        fold_constants(&mut model)?;
        let mut model = model.into_decluttered()?;
        fold_constants(&mut model)?;
        model.into_optimized()?.into_runnable()
    }
}

/// The version that the workspace's `Cargo.toml` asks for; a test holds them together.
pub(super) const TRACT_VERSION: &str = "0.23.9";

/// tract's errors are chains that repeat the graph; their outermost and innermost messages say what there is to say.
fn one_line(error: &TractError) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    let line = |text: &str| text.lines().next().unwrap_or_default().to_owned();
    match (chain.first(), chain.last()) {
        (Some(first), Some(last)) if chain.len() > 1 => format!("{}: {}", line(first), line(last)),
        (Some(first), _) => line(first),
        _ => String::new(),
    }
}
