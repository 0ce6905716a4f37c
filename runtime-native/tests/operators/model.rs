//! Small graphs, and how two engines are held against each other on them.

use std::collections::BTreeMap;

use gqn_formats::{Tensor, names};
use gqn_portable::PortableEngine;
use gqn_runtime::{Engine, EngineError};
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};
use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataType;
use onnx_protobuf::tensor_shape_proto::{Dimension, dimension};
use onnx_protobuf::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use protobuf::{Message, MessageField};

/// Both engines compute in single precision and sum in different orders.
const TOLERANCE: f32 = 2e-5;

/// Nodes from the tensors `a` and `b` to the tensor `y`, and constants.
#[derive(Default)]
pub(crate) struct Model {
    nodes: Vec<NodeProto>,
    constants: Vec<TensorProto>,
}

/// An attribute of a node.
pub(crate) enum Set<'a> {
    Int(&'a str, i64),
    Ints(&'a str, &'a [i64]),
    Text(&'a str, &'a str),
}

impl Model {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// A graph of one node, `a, b -> y` or `a -> y`.
    pub(crate) fn of(operator: &str, inputs: &[&str], attributes: &[Set<'_>]) -> Self {
        Self::new().node(operator, inputs, &["y"], attributes)
    }

    pub(crate) fn node(
        mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: &[Set<'_>],
    ) -> Self {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        self.nodes.push(NodeProto {
            op_type: operator.to_owned(),
            input: list(inputs),
            output: list(outputs),
            attribute: attributes.iter().map(attribute).collect(),
            ..Default::default()
        });
        self
    }

    pub(crate) fn integers(mut self, name: &str, shape: &[usize], numbers: &[i64]) -> Self {
        let raw = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
        self.constants.push(constant(name, shape, DataType::INT64, raw));
        self
    }

    pub(crate) fn floats(mut self, name: &str, tensor: &Tensor) -> Self {
        self.constants.push(floats(name, tensor));
        self
    }

    /// What the built-in engine makes of it.
    pub(crate) fn run(&self, a: &Tensor, b: &Tensor) -> Result<Tensor, EngineError> {
        built_in(&self.with_inputs(a, b))?.represent(a, b)
    }

    /// Holds the built-in engine against ONNX Runtime, with `a` and `b` as inputs and as constants.
    #[track_caller]
    pub(crate) fn check(&self, a: &Tensor, b: &Tensor) {
        let runtime = OnnxRuntime::load(None).expect("`cargo xtask setup` fetches ONNX Runtime");
        let options = OrtOptions::on(Provider::Cpu, None);
        let bytes = self.with_inputs(a, b);
        let mut ort =
            OrtEngine::from_graphs(runtime, &bytes, &generator(), &BTreeMap::new(), &options)
                .expect("a graph that ONNX Runtime takes");
        let expected = ort.represent(a, b).expect("what ONNX Runtime computes");
        let mut engine = built_in(&bytes).expect("a graph that the engine takes");
        let found = engine.represent(a, b).unwrap_or_else(|error| panic!("{error}"));
        check_equal("of inputs", &found, &expected);
        let again = engine.represent(a, b).expect("a second run");
        assert_eq!(again, found, "not deterministic");
        let folded = self.with_constants(a, b);
        let one = Tensor::zeros(vec![1]);
        let found = built_in(&folded).expect("a constant graph").represent(&one, &one);
        check_equal("of constants", &found.expect("a constant"), &expected);
    }

    /// The built-in engine refuses it, and says that.
    #[track_caller]
    pub(crate) fn check_refused(&self, a: &Tensor, b: &Tensor, text: &str) {
        let error = self.run(a, b).expect_err("an error").to_string();
        let mut chain = error.clone();
        let error = self.run(a, b).expect_err("an error");
        let mut source = std::error::Error::source(&error);
        while let Some(error) = source {
            chain = format!("{chain}: {error}");
            source = error.source();
        }
        assert!(chain.contains(text), "`{chain}` does not say `{text}`");
    }

    fn with_inputs(&self, a: &Tensor, b: &Tensor) -> Vec<u8> {
        let ports = [(names::FRAMES, a), (names::POSES, b)];
        let mut named = Self::new().node("Identity", &[names::FRAMES], &["a"], &[]).node(
            "Identity",
            &[names::POSES],
            &["b"],
            &[],
        );
        named.nodes.extend(self.nodes.iter().cloned());
        named.constants.clone_from(&self.constants);
        named.encode(&ports)
    }

    fn with_constants(&self, a: &Tensor, b: &Tensor) -> Vec<u8> {
        let one = Tensor::zeros(vec![1]);
        let folded = Self { nodes: self.nodes.clone(), constants: self.constants.clone() };
        folded.floats("a", a).floats("b", b).encode(&[(names::FRAMES, &one), (names::POSES, &one)])
    }

    /// The output is `y` as floats.
    fn encode(self, ports: &[(&str, &Tensor)]) -> Vec<u8> {
        let last = self.node("Cast", &["y"], &[names::SCENE], &[Set::Int("to", 1)]);
        graph(last, ports, names::SCENE)
    }
}

fn built_in(representation: &[u8]) -> Result<PortableEngine, EngineError> {
    PortableEngine::from_graphs(representation, &generator(), &BTreeMap::new())
}

/// An engine has two graphs; of these tests' ones the second does nothing.
fn generator() -> Vec<u8> {
    let one = Tensor::zeros(vec![1]);
    let ports = [names::SCENE, names::POSES, names::NOISE].map(|name| (name, &one));
    graph(Model::of("Identity", &[names::SCENE], &[]).renamed(), &ports, names::FRAMES)
}

impl Model {
    fn renamed(mut self) -> Self {
        self.nodes[0].output = vec![names::FRAMES.to_owned()];
        self
    }
}

fn graph(model: Model, ports: &[(&str, &Tensor)], output: &str) -> Vec<u8> {
    let graph = GraphProto {
        name: "test".to_owned(),
        node: model.nodes,
        initializer: model.constants,
        input: ports.iter().map(|(name, tensor)| port(name, Some(tensor.shape()))).collect(),
        output: vec![port(output, None)],
        ..Default::default()
    };
    let model = ModelProto {
        ir_version: 8,
        opset_import: vec![OperatorSetIdProto { version: 17, ..Default::default() }],
        graph: MessageField::some(graph),
        ..Default::default()
    };
    model.write_to_bytes().expect("memory does not fail")
}

fn port(name: &str, shape: Option<&[usize]>) -> ValueInfoProto {
    let dimension = |length: &usize| Dimension {
        value: Some(dimension::Value::DimValue(*length as i64)),
        ..Default::default()
    };
    let shape = shape.map(|shape| TensorShapeProto {
        dim: shape.iter().map(dimension).collect(),
        ..Default::default()
    });
    let tensor = type_proto::Tensor {
        elem_type: DataType::FLOAT as i32,
        shape: shape.into(),
        ..Default::default()
    };
    let type_ =
        TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), type_: MessageField::some(type_), ..Default::default() }
}

fn attribute(attribute: &Set<'_>) -> AttributeProto {
    let mut proto = AttributeProto::default();
    match attribute {
        Set::Int(name, number) => {
            (proto.name, proto.i) = ((*name).to_owned(), *number);
            proto.type_ = AttributeType::INT.into();
        }
        Set::Ints(name, numbers) => {
            (proto.name, proto.ints) = ((*name).to_owned(), numbers.to_vec());
            proto.type_ = AttributeType::INTS.into();
        }
        Set::Text(name, text) => {
            (proto.name, proto.s) = ((*name).to_owned(), text.as_bytes().to_vec());
            proto.type_ = AttributeType::STRING.into();
        }
    }
    proto
}

fn constant(name: &str, shape: &[usize], kind: DataType, raw_data: Vec<u8>) -> TensorProto {
    TensorProto {
        name: name.to_owned(),
        dims: shape.iter().map(|length| *length as i64).collect(),
        data_type: kind as i32,
        raw_data,
        ..Default::default()
    }
}

fn floats(name: &str, tensor: &Tensor) -> TensorProto {
    let raw = tensor.iter().flat_map(|number| number.to_le_bytes()).collect();
    constant(name, tensor.shape(), DataType::FLOAT, raw)
}

/// Numbers in (-1, 1) that depend on nothing but the seed (`SplitMix64`).
pub(crate) fn tensor(shape: &[usize], scale: f32, seed: u64) -> Tensor {
    let number = |index: u64| {
        let mut word = seed
            .wrapping_mul(0xd134_2543_de82_ef95)
            .wrapping_add((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word >> 40) as f32).mul_add(2.0 / 16_777_216.0, -1.0) * scale
    };
    let length: usize = shape.iter().product();
    Tensor::from_shape_vec(shape, (0..length as u64).map(number).collect()).expect("it fits")
}

/// A tensor that a graph does not look at.
pub(crate) fn unused() -> Tensor {
    Tensor::zeros(vec![1])
}

#[track_caller]
fn check_equal(name: &str, found: &Tensor, expected: &Tensor) {
    assert_eq!(found.shape(), expected.shape(), "shape {name}");
    for ((index, found), expected) in found.indexed_iter().zip(expected) {
        let allowed = TOLERANCE * expected.abs().max(1.0);
        let difference = (found - expected).abs();
        assert!(
            difference <= allowed,
            "{name} {index:?}: {found} and {expected} differ by {difference}, allowed {allowed}"
        );
    }
}
