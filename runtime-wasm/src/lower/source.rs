//! Nodes and constants as they were read, and what follows from constants alone.

use tract_onnx::pb::{
    NodeProto, ValueInfoProto, tensor_shape_proto::dimension::Value as Length, type_proto,
};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::{TractErrorContext, bail};

use super::lowering::{Constants, constants};
use super::weights::{Files, load};

/// A graph that was read: what does not depend on the lengths of its axes.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<String>,
    pub(crate) nodes: Vec<NodeProto>,
    /// What was read, and what follows from that alone.
    pub(crate) constants: Constants,
}

/// An input and its axes.
#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) name: String,
    axes: Vec<Axis>,
}

#[derive(Debug)]
enum Axis {
    Fixed(usize),
    Named(String),
}

impl Source {
    /// Reads a graph; `files` hold what stands outside of it.
    pub(crate) fn read(bytes: &[u8], files: &Files<'_>) -> TractResult<Self> {
        // No operators: only the decoder of the file is needed.
        let proto = tract_onnx::Onnx::default().proto_model_for_read(&mut &*bytes)?;
        let graph = proto.graph.context("the file holds no graph")?;
        let mut known = Constants::new();
        for tensor in graph.initializer {
            let name = tensor.name.clone();
            let value = load(&tensor, files).with_context(|| format!("constant `{name}`"))?;
            known.insert(name, value);
        }
        let inputs = graph.input.iter().filter(|input| !known.contains_key(&input.name));
        let inputs = inputs.map(Input::read).collect::<TractResult<_>>()?;
        let mut nodes = Vec::new();
        for node in graph.node {
            let is_constant = |name: &String| name.is_empty() || known.contains_key(name);
            if node.input.iter().all(is_constant) {
                let results = constants(&node, &known)?;
                known.extend(node.output.into_iter().zip(results));
            } else {
                nodes.push(node);
            }
        }
        let outputs = graph.output.into_iter().map(|output| output.name).collect();
        Ok(Self { inputs, outputs, nodes, constants: known })
    }
}

impl Input {
    fn read(info: &ValueInfoProto) -> TractResult<Self> {
        let untyped = || format!("input `{}` has no shape", info.name);
        let kind = info.r#type.as_ref().and_then(|kind| kind.value.as_ref());
        let type_proto::Value::TensorType(tensor) = kind.with_context(untyped)?;
        let shape = tensor.shape.as_ref().with_context(untyped)?;
        let axis = |length: &Option<Length>| match length {
            Some(Length::DimValue(length)) => Ok(Axis::Fixed(usize::try_from(*length)?)),
            Some(Length::DimParam(name)) => Ok(Axis::Named(name.clone())),
            None => bail!(untyped()),
        };
        let axes = shape.dim.iter().map(|dim| axis(&dim.value)).collect::<TractResult<_>>()?;
        Ok(Self { name: info.name.clone(), axes })
    }

    /// Its shape when the named axes are as long as said.
    pub(crate) fn shape(&self, lengths: &[(&str, usize)]) -> TractResult<TVec<usize>> {
        let length = |axis: &Axis| match axis {
            Axis::Fixed(length) => Ok(*length),
            Axis::Named(axis) => {
                let known = lengths.iter().find(|(name, _)| name == axis);
                let unknown = || format!("input `{}` has an unknown axis `{axis}`", self.name);
                known.map(|(_, length)| *length).with_context(unknown)
            }
        };
        self.axes.iter().map(length).collect()
    }
}
