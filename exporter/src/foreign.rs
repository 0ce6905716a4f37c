//! An ONNX graph from elsewhere: read, its ports renamed, written again.

use gqn_formats::{Dim, GraphPorts, Port, names};
use gqn_scenes::PoseEncoding;
use onnx_protobuf::attribute_proto::AttributeType;
use onnx_protobuf::tensor_shape_proto::{Dimension, dimension};
use onnx_protobuf::{
    AttributeProto, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto,
    TensorShapeProto, type_proto,
};
use protobuf::{Message, MessageField};

use crate::error::ExportError;

/// The default operator set, by either of its names.
const DEFAULT_DOMAIN: [&str; 2] = ["", "ai.onnx"];
/// From this version of it on, the axes of a sum are an input.
const AXES_AS_INPUT: i64 = 13;

/// A graph of someone else's.
#[derive(Debug)]
pub(crate) struct Foreign {
    /// What it becomes in the package; names it in errors.
    file: &'static str,
    model: ModelProto,
}

impl Foreign {
    pub(crate) fn read(file: &'static str, bytes: &[u8]) -> Result<Self, ExportError> {
        let model = ModelProto::parse_from_bytes(bytes).map_err(|error| {
            ExportError::ForeignGraph { graph: file, reason: format!("it is no ONNX: {error}") }
        })?;
        let foreign = Self { file, model };
        if foreign.model.graph.node.is_empty() {
            return Err(foreign.refused("it has no nodes".to_owned()));
        }
        let beside = |tensor: &&TensorProto| !tensor.external_data.is_empty();
        if let Some(tensor) = foreign.model.graph.initializer.iter().find(beside) {
            let reason = format!(
                "`{}` stands in a file beside it\nhint: save it in one file (`onnx.save` with `save_as_external_data=False`)",
                tensor.name
            );
            return Err(foreign.refused(reason));
        }
        Ok(foreign)
    }

    pub(crate) fn refused(&self, reason: String) -> ExportError {
        ExportError::ForeignGraph { graph: self.file, reason }
    }

    /// Version of the default operator set.
    pub(crate) fn opset(&self) -> u64 {
        let own = self.model.opset_import.iter();
        let version =
            own.filter(|set| DEFAULT_DOMAIN.contains(&&*set.domain)).map(|set| set.version);
        version.max().unwrap_or_default() as u64
    }

    /// The axes of a port of so many; 0 for those that have a name.
    pub(crate) fn lengths<const N: usize>(&self, port: &str) -> Result<[usize; N], ExportError> {
        let graph = &self.model.graph;
        let found = graph.input.iter().chain(&graph.output).find(|info| info.name == port);
        let Some(found) = found else { return Err(self.no_port(port)) };
        let dims = match &found.type_.value {
            Some(type_proto::Value::TensorType(tensor)) => &tensor.shape.dim[..],
            _ => &[],
        };
        let lengths = dims.iter().map(|dim| match dim.value {
            Some(dimension::Value::DimValue(length)) => usize::try_from(length).unwrap_or_default(),
            _ => 0,
        });
        let lengths: Vec<usize> = lengths.collect();
        let count = lengths.len();
        lengths
            .try_into()
            .map_err(|_| self.refused(format!("`{port}` has {count} axes, expected {N}")))
    }

    fn no_port(&self, port: &str) -> ExportError {
        let graph = &self.model.graph;
        let weights: Vec<&str> = graph.initializer.iter().map(|tensor| &*tensor.name).collect();
        let inputs = graph.input.iter().map(|info| &*info.name);
        let inputs: Vec<&str> = inputs.filter(|name| !weights.contains(name)).collect();
        let outputs: Vec<&str> = graph.output.iter().map(|info| &*info.name).collect();
        let ports = format!("{} -> {}", inputs.join(", "), outputs.join(", "));
        self.refused(format!("it has no port `{port}`: its ports are {ports}"))
    }

    /// Lets the graph sum an output over its first axis.
    pub(crate) fn sum_views(&mut self, output: &str) -> Result<(), ExportError> {
        self.lengths::<4>(output)?;
        let each = format!("{output}/each");
        let axes = format!("{output}/axes");
        let version = self.opset() as i64;
        let graph = self.graph();
        replace(graph, output, &each);
        let mut sum = NodeProto {
            op_type: "ReduceSum".to_owned(),
            name: format!("{output}/sum"),
            input: vec![each],
            output: vec![output.to_owned()],
            ..NodeProto::default()
        };
        let ints = |name: &str, ints: Vec<i64>| AttributeProto {
            name: name.to_owned(),
            type_: AttributeType::INTS.into(),
            ints,
            ..AttributeProto::default()
        };
        let keep = AttributeProto {
            name: "keepdims".to_owned(),
            type_: AttributeType::INT.into(),
            i: 1,
            ..AttributeProto::default()
        };
        sum.attribute.push(keep);
        if version >= AXES_AS_INPUT {
            sum.input.push(axes.clone());
            graph.initializer.push(TensorProto {
                name: axes,
                dims: vec![1],
                data_type: onnx_protobuf::tensor_proto::DataType::INT64 as i32,
                int64_data: vec![0],
                ..TensorProto::default()
            });
        } else {
            sum.attribute.push(ints("axes", vec![0]));
        }
        graph.node.push(sum);
        // The graph's outputs keep the name; `replace` has renamed them with everything else.
        for info in graph.output.iter_mut().filter(|info| info.name.ends_with("/each")) {
            output.clone_into(&mut info.name);
        }
        Ok(())
    }

    /// Gives the ports the names and shapes of a package, in its order. Other inputs than these are refused, other outputs
    /// are left out.
    pub(crate) fn rename(
        &mut self,
        inputs: &[&(impl AsRef<str> + ?Sized)],
        output: &str,
        expected: &GraphPorts,
    ) -> Result<(), ExportError> {
        let old: Vec<&str> = inputs.iter().map(AsRef::as_ref).chain([output]).collect();
        let graph = &self.model.graph;
        for name in &old[..inputs.len()] {
            if !graph.input.iter().any(|info| info.name == *name) {
                return Err(self.no_port(name));
            }
        }
        if !graph.output.iter().any(|info| info.name == output) {
            return Err(self.no_port(output));
        }
        let is_weight = |name: &str| graph.initializer.iter().any(|tensor| tensor.name == name);
        let more =
            graph.input.iter().find(|info| !old.contains(&&*info.name) && !is_weight(&info.name));
        if let Some(more) = more {
            return Err(self.refused(format!("nobody would give it its input `{}`", more.name)));
        }
        let graph = self.graph();
        let new: Vec<&Port> = expected.inputs.iter().chain(&expected.outputs).collect();
        // A name of ours may be a value's inside already.
        for port in &new {
            replace(graph, &port.name, &format!("{}/theirs", port.name));
        }
        for (from, to) in old.iter().zip(&new) {
            let theirs = format!("{from}/theirs");
            let taken = new.iter().any(|port| port.name == *from);
            replace(graph, if taken { &theirs } else { from }, &to.name);
        }
        // Shapes inside would contradict the ports' new names of axes.
        graph.value_info.clear();
        let ports = |ports: &[Port], found: &mut Vec<onnx_protobuf::ValueInfoProto>| {
            let place = |name: &str| ports.iter().position(|port| port.name == name);
            found.retain(|info| place(&info.name).is_some());
            found.sort_by_key(|info| place(&info.name));
            for (info, port) in found.iter_mut().zip(ports) {
                shape(info, port);
            }
        };
        ports(&expected.inputs, &mut graph.input);
        ports(&expected.outputs, &mut graph.output);
        Ok(())
    }

    /// The graph with what it is for in its metadata.
    pub(crate) fn write(mut self, encoding: PoseEncoding) -> Vec<u8> {
        let key = names::GRAPH_POSE_ENCODING;
        self.model.metadata_props.retain(|entry| entry.key != key);
        self.model.metadata_props.push(StringStringEntryProto {
            key: key.to_owned(),
            value: encoding.to_string(),
            ..StringStringEntryProto::default()
        });
        self.model.write_to_bytes().expect("what was read can be written")
    }

    fn graph(&mut self) -> &mut GraphProto {
        self.model.graph.mut_or_insert_default()
    }
}

/// Renames a value wherever it stands, in graphs inside of nodes too.
fn replace(graph: &mut GraphProto, from: &str, to: &str) {
    let rename = |name: &mut String| {
        if name == from {
            to.clone_into(name);
        }
    };
    for info in graph.input.iter_mut().chain(&mut graph.output).chain(&mut graph.value_info) {
        rename(&mut info.name);
    }
    graph.initializer.iter_mut().for_each(|tensor| rename(&mut tensor.name));
    for node in &mut graph.node {
        node.input.iter_mut().chain(&mut node.output).for_each(rename);
        for attribute in &mut node.attribute {
            if let MessageField(Some(inner)) = &mut attribute.g {
                replace(inner, from, to);
            }
            attribute.graphs.iter_mut().for_each(|inner| replace(inner, from, to));
        }
    }
}

fn shape(info: &mut onnx_protobuf::ValueInfoProto, port: &Port) {
    let dim = |dim: &Dim| Dimension {
        value: Some(match dim {
            Dim::Fixed(length) => dimension::Value::DimValue(*length as i64),
            Dim::Named(name) => dimension::Value::DimParam(name.clone()),
        }),
        ..Dimension::default()
    };
    if let Some(type_proto::Value::TensorType(tensor)) =
        &mut info.type_.mut_or_insert_default().value
    {
        let dims = port.shape.iter().map(dim).collect();
        tensor.shape =
            MessageField::some(TensorShapeProto { dim: dims, ..TensorShapeProto::default() });
    }
}
