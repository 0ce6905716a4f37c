//! One ONNX graph: read once, lowered once for each choice of its free axes.

use std::collections::{BTreeMap, VecDeque};

use anyhow::Error;
use gqn_formats::Tensor;
use gqn_runtime::EngineError;

use crate::compute::Plan;
use crate::engine::RunGraph;
use crate::lower::{Packs, Source, lower};

/// How many plans of one graph are kept. They share the weights; a client uses two or three numbers of queries by turns.
const KEPT: usize = 4;

/// One graph: read once, and made ready once for every choice of its free axes.
#[derive(Debug)]
pub struct PortableGraph {
    name: &'static str,
    source: Source,
    packs: Packs,
    /// The latest used last.
    ready: VecDeque<Ready>,
}

/// A graph for one choice of its free axes.
#[derive(Debug)]
struct Ready {
    lengths: Vec<usize>,
    inputs: Vec<Vec<usize>>,
    plan: Plan,
    output: Vec<usize>,
}

impl RunGraph for PortableGraph {
    fn describe() -> String {
        format!("built-in engine {VERSION}, one thread{}", features())
    }

    fn parse(
        name: &'static str,
        bytes: &[u8],
        external: &BTreeMap<&str, &[u8]>,
        inputs: &[&str],
        output: &str,
    ) -> Result<Self, EngineError> {
        let source = Source::read(bytes, external)
            .map_err(|error| EngineError::load(name, one_line(&error)))?;
        let found: Vec<&str> = source.inputs.iter().map(|input| input.name.as_str()).collect();
        let found = format!("{} -> {}", found.join(", "), source.outputs.join(", "));
        let expected = format!("{} -> {output}", inputs.join(", "));
        if found != expected {
            let message = format!("its ports are {found}, expected {expected}");
            return Err(EngineError::load(name, message));
        }
        Ok(Self { name, source, packs: Packs::default(), ready: VecDeque::new() })
    }

    fn metadata(&self, key: &str) -> Option<String> {
        self.source.metadata.get(key).cloned()
    }

    fn prepare(&mut self, axes: &[(&str, usize)]) -> Result<(), EngineError> {
        self.ready(axes).map(|_| ())
    }

    fn run(&mut self, axes: &[(&str, usize)], inputs: &[&Tensor]) -> Result<Tensor, EngineError> {
        let name = self.name;
        let ready = self.ready(axes)?;
        for (input, expected) in inputs.iter().zip(&ready.inputs) {
            if input.shape() != expected {
                let message =
                    format!("an input has shape {:?}, expected {expected:?}", input.shape());
                return Err(EngineError::run(name, message));
            }
        }
        let inputs: Vec<_> = inputs.iter().map(|input| input.as_standard_layout()).collect();
        let inputs: Vec<&[f32]> = inputs
            .iter()
            .map(|input| input.as_slice().expect("standard layout is contiguous"))
            .collect();
        let numbers = ready.plan.run(&inputs);
        let numbers = numbers.map_err(|error| EngineError::run(name, one_line(&error)))?;
        Ok(Tensor::from_shape_vec(ready.output.clone(), numbers).expect("a plan fits its shape"))
    }
}

impl PortableGraph {
    /// Multiply-adds and moves of a run with its free axes as long as said, about.
    ///
    /// # Errors
    /// [`EngineError::Load`] if it cannot be made ready.
    pub fn work(&mut self, axes: &[(&str, usize)]) -> Result<u64, EngineError> {
        self.ready(axes).map(|ready| ready.plan.work())
    }

    /// Shapes of the inputs with its free axes as long as said.
    ///
    /// # Errors
    /// As [`PortableGraph::work`].
    pub fn input_shapes(&mut self, axes: &[(&str, usize)]) -> Result<&[Vec<usize>], EngineError> {
        self.ready(axes).map(|ready| &ready.inputs[..])
    }

    fn ready(&mut self, axes: &[(&str, usize)]) -> Result<&mut Ready, EngineError> {
        let lengths: Vec<usize> = axes.iter().map(|(_, length)| *length).collect();
        let known = self.ready.iter().position(|ready| ready.lengths == lengths);
        let ready = match known.and_then(|index| self.ready.remove(index)) {
            Some(ready) => ready,
            None => self
                .lower(axes, lengths)
                .map_err(|error| EngineError::load(self.name, one_line(&error)))?,
        };
        if self.ready.len() == KEPT {
            self.ready.pop_front();
        }
        self.ready.push_back(ready);
        Ok(self.ready.back_mut().expect("one was added"))
    }

    fn lower(&mut self, axes: &[(&str, usize)], lengths: Vec<usize>) -> Result<Ready, Error> {
        let inputs = self.source.inputs.iter().map(|input| input.shape(axes));
        let inputs = inputs.collect::<Result<_, _>>()?;
        let (plan, output) = lower(&self.source, &mut self.packs, axes)?;
        Ok(Ready { lengths, inputs, plan, output })
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Which vector instructions of wasm it uses.
fn features() -> &'static str {
    #[cfg(target_arch = "wasm32")]
    if crate::kernels::relaxed::is_on() {
        return ", simd128, relaxed-simd";
    }
    if cfg!(target_feature = "simd128") { ", simd128" } else { "" }
}

/// The outermost and the innermost message say what there is to say.
fn one_line(error: &Error) -> String {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    match &chain[..] {
        [first, .., last] => format!("{first}: {last}"),
        [only] => only.clone(),
        [] => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower::onnx::{
        self, Attribute, Dimension, Element, Kind, Length, Node, TensorKind, TensorOf, ValueInfo,
    };
    use prost::Message;

    /// Side of the square weight: 1200 · 1200 numbers are 5.8 MB in single precision, and tract's own folding stops at
    /// 4 MiB.
    const SIDE: usize = 1200;

    fn port(name: &str) -> ValueInfo {
        let fixed = |length: usize| Dimension { length: Some(Length::Fixed(length as i64)) };
        let shape = onnx::Shape { axes: vec![fixed(1), fixed(SIDE)] };
        let kind = Kind { tensor: Some(TensorKind { shape: Some(shape) }) };
        ValueInfo { name: name.to_owned(), kind: Some(kind) }
    }

    fn node(operator: &str, inputs: [&str; 2], output: &str) -> Node {
        let inputs = inputs.into_iter().filter(|name| !name.is_empty());
        Node {
            operator: operator.to_owned(),
            input: inputs.map(str::to_owned).collect(),
            output: vec![output.to_owned()],
            ..Default::default()
        }
    }

    /// y = x · cast(w), w stored in half precision: 0.5 on the diagonal and -2 at its right.
    fn half_precision() -> Vec<u8> {
        let mut raw = vec![0; 2 * SIDE * SIDE];
        let mut set = |row: usize, column: usize, bits: u16| {
            let at = 2 * (row * SIDE + column);
            raw[at..at + 2].copy_from_slice(&bits.to_le_bytes());
        };
        for row in 0..SIDE {
            // Sign, five bits of exponent with a bias of 15, ten of fraction.
            set(row, row, 0x3800);
            set(row, (row + 1) % SIDE, 0xc000);
        }
        let weight = TensorOf {
            name: "w".to_owned(),
            dims: vec![SIDE as i64; 2],
            element: Element::Half as i32,
            raw,
            ..Default::default()
        };
        let mut cast = node("Cast", ["w", ""], "w/single");
        cast.attribute =
            vec![Attribute { name: "to".to_owned(), integer: 1, ..Default::default() }];
        let graph = onnx::GraphProto {
            node: vec![cast, node("MatMul", ["x", "w/single"], "y")],
            initializer: vec![weight],
            input: vec![port("x")],
            output: vec![port("y")],
        };
        onnx::Model { graph: Some(graph), ..onnx::Model::default() }.encode_to_vec()
    }

    #[test]
    fn half_precision_becomes_single_once_at_load() {
        let bytes = half_precision();
        let mut graph =
            PortableGraph::parse("half", &bytes, &BTreeMap::new(), &["x"], "y").expect("a graph");
        let x: Vec<f32> = (0..SIDE).map(|index| (index % 7) as f32).collect();
        let input = Tensor::from_shape_vec(vec![1, SIDE], x.clone()).expect("a row");
        let y = graph.run(&[], &[&input]).expect("a product");
        for (column, found) in y.iter().enumerate() {
            let left = x[(column + SIDE - 1) % SIDE];
            // Halves and doubles of small whole numbers, and sums of two of them, are exact.
            let expected = 0.5 * x[column] - 2.0 * left;
            assert!((found - expected).abs() <= 0.0, "column {column}: {found}, not {expected}");
        }
        // Nothing is left of it but the product, and the row in the order in which that reads it.
        let ready = graph.ready(&[]).expect("it is ready");
        assert_eq!(ready.plan.len(), 2, "{:?}", ready.plan);
    }
}
