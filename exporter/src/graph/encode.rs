//! A graph and its weights as the bytes of an ONNX model.

use std::collections::BTreeMap;

use gqn_formats::{Dim, Port, Tensor};
use half::f16;
use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_proto::DataType;
use onnx_protobuf::tensor_shape_proto::{Dimension, dimension};
use onnx_protobuf::{
    AttributeProto, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use protobuf::{Message, MessageField};

use super::builder::{Graph, Literal};
use super::external::{Storage, Store};
use super::node::{Attribute, Node};
use super::value::{Element, Value};
use super::weight::Weight;

/// Read by every runtime of the last years, unlike the crate's default of 10.
const IR_VERSION: i64 = 8;

/// Version of the default operator set.
pub(crate) const OPSET: u64 = 17;

/// An ONNX model as bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OnnxFile {
    /// The model.
    pub(crate) model: Vec<u8>,
    /// The file beside it, where the weights are not in the model.
    pub(crate) external_data: Option<Vec<u8>>,
}

/// The graph with its weights as an ONNX model; the same content gives the same bytes.
///
/// # Panics
/// If a weight is missing or has another shape, which a checked checkpoint rules out.
pub(crate) fn encode(
    graph: &Graph,
    weights: &BTreeMap<&str, &Tensor>,
    metadata: &BTreeMap<String, String>,
    storage: Storage<'_>,
) -> OnnxFile {
    let mut store = Store::new(storage);
    let weights = graph
        .weights
        .iter()
        .map(|stored| weight(stored, &stored.numbers(&graph.config, weights), &mut store));
    let constants = graph.constants.iter().map(|(name, literal)| constant(name, literal));
    let graph = GraphProto {
        name: graph.name.to_owned(),
        doc_string: graph.doc.to_owned(),
        initializer: weights.chain(constants).collect(),
        node: graph.nodes.iter().map(node).collect(),
        input: graph.inputs.iter().map(|(port, doc)| port_info(port, doc)).collect(),
        output: graph.outputs.iter().map(|(port, doc)| port_info(port, doc)).collect(),
        value_info: graph.values.iter().map(value_info).collect(),
        ..Default::default()
    };
    let model = ModelProto {
        ir_version: IR_VERSION,
        opset_import: vec![OperatorSetIdProto { version: OPSET as i64, ..Default::default() }],
        producer_name: env!("CARGO_PKG_NAME").to_owned(),
        producer_version: env!("CARGO_PKG_VERSION").to_owned(),
        doc_string: graph.doc_string.clone(),
        graph: MessageField::some(graph),
        metadata_props: metadata.iter().map(|(key, value)| entry(key, value)).collect(),
        ..Default::default()
    };
    let model = model
        .write_to_bytes()
        .expect("required fields do not exist in this syntax and memory does not fail");
    OnnxFile { model, external_data: store.into_beside() }
}

fn weight(stored: &Weight, tensor: &Tensor, store: &mut Store<'_>) -> TensorProto {
    let mut proto = TensorProto {
        name: stored.name.clone(),
        dims: tensor.shape().iter().map(|length| *length as i64).collect(),
        data_type: data_type(stored.element),
        ..Default::default()
    };
    let values = tensor.iter();
    let bytes = match stored.element {
        Element::F32 => values.flat_map(|value| value.to_le_bytes()).collect(),
        Element::F16 => values.flat_map(|value| f16::from_f32(*value).to_le_bytes()).collect(),
        Element::I8 => values.flat_map(|value| (*value as i8).to_le_bytes()).collect(),
        Element::I64 => values.flat_map(|value| (*value as i64).to_le_bytes()).collect(),
    };
    store.store(&mut proto, bytes);
    proto
}

fn constant(name: &str, literal: &Literal) -> TensorProto {
    let (element, dims, raw_data) = match literal {
        Literal::F32(number) => (Element::F32, Vec::new(), number.to_le_bytes().to_vec()),
        Literal::Index(index) => (Element::I64, Vec::new(), index.to_le_bytes().to_vec()),
        Literal::I64s(list) => (
            Element::I64,
            vec![list.len() as i64],
            list.iter().flat_map(|number| number.to_le_bytes()).collect(),
        ),
        Literal::Zeros8 { shape } => (
            Element::I8,
            shape.iter().map(|length| *length as i64).collect(),
            vec![0; shape.iter().product()],
        ),
        Literal::Indices { shape, numbers, .. } => (
            Element::I64,
            shape.iter().map(|length| *length as i64).collect(),
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        ),
        Literal::Numbers { shape, numbers, .. } => (
            Element::F32,
            shape.iter().map(|length| *length as i64).collect(),
            numbers.iter().flat_map(|number| number.to_le_bytes()).collect(),
        ),
    };
    TensorProto {
        name: name.to_owned(),
        dims,
        data_type: data_type(element),
        raw_data,
        ..Default::default()
    }
}

fn node(node: &Node) -> NodeProto {
    NodeProto {
        name: node.name.clone(),
        op_type: node.op.to_owned(),
        input: node.inputs.clone(),
        output: node.outputs.clone(),
        attribute: node.attributes.iter().map(|(name, value)| attribute(name, value)).collect(),
        doc_string: node.doc.clone(),
        ..Default::default()
    }
}

fn attribute(name: &str, value: &Attribute) -> AttributeProto {
    let mut proto = AttributeProto { name: name.to_owned(), ..Default::default() };
    match value {
        Attribute::Int(number) => {
            proto.type_ = AttributeType::INT.into();
            proto.i = *number;
        }
        Attribute::Ints(list) => {
            proto.type_ = AttributeType::INTS.into();
            proto.ints.clone_from(list);
        }
        Attribute::Text(text) => {
            proto.type_ = AttributeType::STRING.into();
            proto.s = text.as_bytes().to_vec();
        }
        Attribute::Number(number) => {
            proto.type_ = AttributeType::TENSOR.into();
            proto.t = MessageField::some(TensorProto {
                dims: vec![1],
                data_type: DataType::FLOAT as i32,
                raw_data: number.to_le_bytes().to_vec(),
                ..Default::default()
            });
        }
    }
    proto
}

fn port_info(port: &Port, doc: &str) -> ValueInfoProto {
    ValueInfoProto { doc_string: doc.to_owned(), ..value_info(&Value::of_port(port)) }
}

fn value_info(value: &Value) -> ValueInfoProto {
    let dimension = |dim: &Dim| {
        let value = match dim {
            Dim::Fixed(length) => dimension::Value::DimValue(*length as i64),
            Dim::Named(name) => dimension::Value::DimParam(name.clone()),
        };
        Dimension { value: Some(value), ..Default::default() }
    };
    let shape =
        TensorShapeProto { dim: value.shape.iter().map(dimension).collect(), ..Default::default() };
    let tensor = type_proto::Tensor {
        elem_type: data_type(value.element),
        shape: MessageField::some(shape),
        ..Default::default()
    };
    let type_ =
        TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto {
        name: value.name.clone(),
        type_: MessageField::some(type_),
        ..Default::default()
    }
}

fn data_type(element: Element) -> i32 {
    match element {
        Element::F32 => DataType::FLOAT as i32,
        Element::F16 => DataType::FLOAT16 as i32,
        Element::I8 => DataType::INT8 as i32,
        Element::I64 => DataType::INT64 as i32,
    }
}

fn entry(key: &str, value: &str) -> StringStringEntryProto {
    StringStringEntryProto { key: key.to_owned(), value: value.to_owned(), ..Default::default() }
}
