use std::collections::VecDeque;
use std::sync::Arc;

use gqn_formats::Tensor;
use gqn_runtime::EngineError;
use tract_onnx::prelude::*;

use crate::lower::{Files, Packs, Source, lower};

/// How many models of one graph are kept. They share the weights; a client uses two or three numbers of queries by
/// turns.
const KEPT: usize = 4;

/// One graph: read once, and optimised once for every choice of its free axes.
#[derive(Debug)]
pub(crate) struct Graph {
    name: &'static str,
    source: Source,
    packs: Packs,
    /// The latest used last.
    optimised: VecDeque<(Vec<usize>, Arc<TypedRunnableModel>)>,
}

impl Graph {
    /// Reads a graph whose inputs and output must be those, in that order.
    pub(crate) fn parse(
        name: &'static str,
        bytes: &[u8],
        files: &Files<'_>,
        inputs: &[&str],
        output: &str,
    ) -> Result<Self, EngineError> {
        let source = Source::read(bytes, files)
            .map_err(|error| EngineError::load(name, one_line(&error)))?;
        let found: Vec<&str> = source.inputs.iter().map(|input| input.name.as_str()).collect();
        let found = format!("{} -> {}", found.join(", "), source.outputs.join(", "));
        let expected = format!("{} -> {output}", inputs.join(", "));
        if found != expected {
            let message = format!("its ports are {found}, expected {expected}");
            return Err(EngineError::load(name, message));
        }
        Ok(Self { name, source, packs: Packs::default(), optimised: VecDeque::new() })
    }

    /// Runs the graph with its free axes as long as said.
    pub(crate) fn run(
        &mut self,
        axes: &[(&str, usize)],
        inputs: &[&Tensor],
    ) -> Result<Tensor, EngineError> {
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

    /// Optimises the graph for those axes, unless it is already.
    pub(crate) fn prepare(&mut self, axes: &[(&str, usize)]) -> Result<(), EngineError> {
        self.optimised(axes).map(|_| ())
    }

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

    fn optimise(&mut self, axes: &[(&str, usize)]) -> TractResult<Arc<TypedRunnableModel>> {
        lower(&self.source, &mut self.packs, axes)?.into_runnable()
    }
}

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use prost::Message;
    use tract_onnx::pb::{
        AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto,
        TypeProto, ValueInfoProto, tensor_proto::DataType, tensor_shape_proto, type_proto,
    };

    use super::*;

    /// Side of the square weight: 1200 · 1200 numbers are 5.8 MB in single precision, and tract's own folding stops at
    /// 4 MiB.
    const SIDE: usize = 1200;

    fn port(name: &str) -> ValueInfoProto {
        let dim = |length: usize| tensor_shape_proto::Dimension {
            value: Some(tensor_shape_proto::dimension::Value::DimValue(length as i64)),
            ..Default::default()
        };
        let tensor = type_proto::Tensor {
            elem_type: DataType::Float as i32,
            shape: Some(TensorShapeProto { dim: vec![dim(1), dim(SIDE)] }),
        };
        let value = Some(type_proto::Value::TensorType(tensor));
        ValueInfoProto {
            name: name.to_owned(),
            r#type: Some(TypeProto { value, ..Default::default() }),
            ..Default::default()
        }
    }

    fn node(operator: &str, inputs: [&str; 2], output: &str) -> NodeProto {
        let inputs = inputs.into_iter().filter(|name| !name.is_empty());
        NodeProto {
            op_type: operator.to_owned(),
            input: inputs.map(str::to_owned).collect(),
            output: vec![output.to_owned()],
            ..Default::default()
        }
    }

    /// y = x · cast(w), w stored in half precision: 0.5 on the diagonal and -2 at its right.
    fn half_precision() -> Vec<u8> {
        let mut raw_data = vec![0; 2 * SIDE * SIDE];
        let mut set = |row: usize, column: usize, bits: u16| {
            let at = 2 * (row * SIDE + column);
            raw_data[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        };
        for row in 0..SIDE {
            // Sign, five bits of exponent with a bias of 15, ten of fraction.
            set(row, row, 0x3800);
            set(row, (row + 1) % SIDE, 0xc000);
        }
        let weight = TensorProto {
            name: "w".to_owned(),
            dims: vec![SIDE as i64; 2],
            data_type: DataType::Float16 as i32,
            raw_data,
            ..Default::default()
        };
        let mut cast = node("Cast", ["w", ""], "w/single");
        cast.attribute = vec![AttributeProto { name: "to".to_owned(), i: 1, ..Default::default() }];
        let graph = GraphProto {
            node: vec![cast, node("MatMul", ["x", "w/single"], "y")],
            initializer: vec![weight],
            input: vec![port("x")],
            output: vec![port("y")],
            ..Default::default()
        };
        ModelProto { ir_version: 8, graph: Some(graph), ..Default::default() }.encode_to_vec()
    }

    #[test]
    fn half_precision_becomes_single_once_at_load() {
        let bytes = half_precision();
        let mut graph =
            Graph::parse("half", &bytes, &BTreeMap::new(), &["x"], "y").expect("a graph");
        let x: Vec<f32> = (0..SIDE).map(|index| (index % 7) as f32).collect();
        let input = Tensor::from_shape_vec(vec![1, SIDE], x.clone()).expect("a row");
        let y = graph.run(&[], &[&input]).expect("a product");
        for (column, found) in y.iter().enumerate() {
            let left = x[(column + SIDE - 1) % SIDE];
            // Halves and doubles of small whole numbers, and sums of two of them, are exact.
            let expected = 0.5 * x[column] - 2.0 * left;
            assert!((found - expected).abs() <= 0.0, "column {column}: {found}, not {expected}");
        }
        let model = graph.optimised(&[]).expect("it is ready");
        for node in model.model().nodes() {
            let computes_weight = model
                .model()
                .node_input_facts(node.id)
                .expect("facts")
                .iter()
                .all(|fact| fact.konst.is_some());
            let name = node.op.name();
            assert!(node.inputs.is_empty() || !computes_weight, "{name} runs in every call");
            assert_ne!(name, "Cast");
        }
    }
}
