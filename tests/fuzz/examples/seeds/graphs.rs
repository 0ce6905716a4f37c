//! A graph of each operator that the built-in engine knows, between the ports of a representation.

use gqn_formats::names;
use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_shape_proto::{Dimension, dimension};
use onnx_protobuf::{
    AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, TensorShapeProto, TypeProto,
    ValueInfoProto, type_proto,
};
use protobuf::{Message, MessageField};

use crate::Seeds;

/// Operator, inputs besides the first, and attributes.
type Case = (&'static str, &'static [&'static str], &'static [(&'static str, &'static [i64])]);

/// Their first input is `x [1,4,4,4]`, whatever they give is summed.
const CASES: &[Case] = &[
    ("Add", &["matrix"], &[]),
    ("Sub", &["vector"], &[]),
    ("Mul", &["x"], &[]),
    ("Div", &["matrix"], &[]),
    ("Max", &["x", "vector"], &[]),
    ("Min", &["x", "vector", "matrix"], &[]),
    ("Neg", &[], &[]),
    ("Abs", &[], &[]),
    ("Sqrt", &[], &[]),
    ("Floor", &[], &[]),
    ("Exp", &[], &[]),
    ("Tanh", &[], &[]),
    ("Sigmoid", &[], &[]),
    ("Softplus", &[], &[]),
    ("Relu", &[], &[]),
    ("Clip", &["number", "number"], &[]),
    ("Cast", &[], &[("to", &[7])]),
    ("Identity", &[], &[]),
    ("MatMul", &["matrix"], &[]),
    ("MatMul", &["x"], &[]),
    ("Conv", &["kernels", "vector"], &[("pads", &[1, 1, 1, 1]), ("strides", &[2, 1])]),
    ("Conv", &["grouped"], &[("group", &[2])]),
    ("ConvTranspose", &["kernels"], &[("strides", &[2, 2])]),
    ("AveragePool", &[], &[("kernel_shape", &[2, 2]), ("count_include_pad", &[1])]),
    ("GridSample", &["grid"], &[("align_corners", &[1])]),
    ("DepthToSpace", &[], &[("blocksize", &[2])]),
    ("SpaceToDepth", &[], &[("blocksize", &[2])]),
    ("ReduceSum", &["axes"], &[("keepdims", &[0])]),
    ("ReduceMean", &[], &[("axes", &[1, 2])]),
    ("Softmax", &[], &[("axis", &[1])]),
    ("Concat", &["x"], &[("axis", &[1])]),
    ("Split", &[], &[("axis", &[1])]),
    ("Split", &["lengths"], &[("axis", &[2])]),
    ("Gather", &["axes"], &[("axis", &[1])]),
    ("Gather", &["index"], &[("axis", &[1])]),
    ("Expand", &["shape"], &[]),
    ("Reshape", &["open"], &[]),
    ("Slice", &["axes", "lengths", "axes", "backwards"], &[]),
    ("Transpose", &[], &[("perm", &[0, 2, 3, 1])]),
    ("Unsqueeze", &["axes"], &[]),
    ("Squeeze", &["index"], &[]),
    ("Shape", &[], &[]),
];

pub(crate) fn seeds() -> Seeds {
    let mut seeds = Seeds::new();
    for (index, (operator, more, attributes)) in CASES.iter().enumerate() {
        let inputs = ["x"].iter().chain(*more).copied().collect::<Vec<_>>();
        let outputs: &[&str] = if *operator == "Split" { &["y", "z"] } else { &["y"] };
        let tested = node(operator, &inputs, outputs, attributes);
        seeds.insert(format!("{index:02}-{operator}"), graph(vec![tested]));
    }
    // Values that are computed from shapes, and functions of one another.
    let computed = vec![
        node("Shape", &["x"], &["s"], &[]),
        node("ConstantOfShape", &["s"], &["c"], &[]),
        node("Range", &["zero", "number_of", "one"], &["r"], &[]),
        node("Cast", &["r"], &["f"], &[("to", &[1])]),
        node("Add", &["c", "f"], &["d"], &[]),
        node("Split", &["d"], &["p", "q"], &[("axis", &[1])]),
        node("Mul", &["p", "q"], &["y"], &[]),
    ];
    seeds.insert("computed".to_owned(), graph(computed));
    seeds
}

fn node(
    operator: &str,
    inputs: &[&str],
    outputs: &[&str],
    attributes: &[(&str, &[i64])],
) -> NodeProto {
    let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        op_type: operator.to_owned(),
        input: list(inputs),
        output: list(outputs),
        attribute: attributes.iter().map(|(name, numbers)| attribute(name, numbers)).collect(),
        ..Default::default()
    }
}

/// A list where there are several numbers.
fn attribute(name: &str, numbers: &[i64]) -> AttributeProto {
    let mut attribute = AttributeProto { name: name.to_owned(), ..Default::default() };
    if let [number] = numbers {
        attribute.i = *number;
        attribute.type_ = AttributeType::INT.into();
    } else {
        attribute.ints = numbers.to_vec();
        attribute.type_ = AttributeType::INTS.into();
    }
    attribute
}

/// From the ports to `x`, and from `y` to the output.
fn graph(nodes: Vec<NodeProto>) -> Vec<u8> {
    let before = [
        node("Reshape", &[names::FRAMES, "square"], &["w"], &[]),
        node("Tanh", &["w"], &["x"], &[]),
    ];
    let after = [
        node("Cast", &["y"], &["t"], &[("to", &[1])]),
        node("ReduceSum", &["t"], &[names::SCENE], &[]),
    ];
    let nodes: Vec<_> = before.into_iter().chain(nodes).chain(after).collect();
    let used = |name: &str| nodes.iter().any(|node| node.input.iter().any(|input| input == name));
    let mut initializer = constants();
    initializer.retain(|constant| used(&constant.name));
    let graph = GraphProto {
        initializer,
        node: nodes,
        input: vec![port(names::FRAMES, &[None, Some(64)]), port(names::POSES, &[None, Some(7)])],
        output: vec![port(names::SCENE, &[])],
        ..Default::default()
    };
    let model = ModelProto { graph: MessageField::some(graph), ..Default::default() };
    model.write_to_bytes().expect("memory does not fail")
}

fn constants() -> Vec<TensorProto> {
    let floats = |name: &str, dims: &[i64]| TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: 1,
        raw_data: (0..dims.iter().product())
            .flat_map(|at: i64| (at as f32).to_le_bytes())
            .collect(),
        ..Default::default()
    };
    let integers = |name: &str, dims: &[i64], numbers: &[i64]| TensorProto {
        name: name.to_owned(),
        dims: dims.to_vec(),
        data_type: 7,
        int64_data: numbers.to_vec(),
        ..Default::default()
    };
    let external = |key: &str, value: &str| onnx_protobuf::StringStringEntryProto {
        key: key.to_owned(),
        value: value.to_owned(),
        ..Default::default()
    };
    let mut outside = floats("vector", &[4]);
    outside.raw_data = Vec::new();
    outside.data_location = onnx_protobuf::tensor_proto::DataLocation::EXTERNAL.into();
    outside.external_data =
        vec![external("location", "weights"), external("offset", "8"), external("length", "16")];
    vec![
        outside,
        floats("matrix", &[4, 4]),
        floats("kernels", &[4, 4, 2, 2]),
        floats("grouped", &[4, 2, 1, 1]),
        floats("grid", &[1, 3, 5, 2]),
        floats("number", &[]),
        integers("square", &[4], &[0, 4, 4, -1]),
        integers("shape", &[5], &[2, 1, 4, 4, 4]),
        integers("open", &[2], &[-1, 8]),
        integers("axes", &[2], &[1, 2]),
        integers("lengths", &[2], &[3, 1]),
        integers("backwards", &[2], &[1, -1]),
        integers("index", &[], &[0]),
        integers("zero", &[], &[0]),
        integers("one", &[], &[1]),
        integers("number_of", &[], &[4]),
    ]
}

/// `None` is the axis of the views.
fn port(name: &str, axes: &[Option<i64>]) -> ValueInfoProto {
    let dimension = |length: &Option<i64>| Dimension {
        value: Some(match length {
            Some(length) => dimension::Value::DimValue(*length),
            None => dimension::Value::DimParam(names::VIEWS.to_owned()),
        }),
        ..Default::default()
    };
    let shape =
        TensorShapeProto { dim: axes.iter().map(dimension).collect(), ..Default::default() };
    let tensor =
        type_proto::Tensor { elem_type: 1, shape: MessageField::some(shape), ..Default::default() };
    let kind =
        TypeProto { value: Some(type_proto::Value::TensorType(tensor)), ..Default::default() };
    ValueInfoProto { name: name.to_owned(), type_: MessageField::some(kind), ..Default::default() }
}
