//! Nodes and constants as they were read, and what follows from constants alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use prost::Message;

use super::budget::{Budget, check_fields, check_nodes};
use super::lowering::{Constants, constants};
use super::onnx::{Length, Model, Node, ValueInfo};
use super::weights::load;
use crate::external::Files;

/// A graph that was read: what does not depend on the lengths of its axes.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) inputs: Vec<Input>,
    pub(crate) outputs: Vec<String>,
    pub(crate) nodes: Vec<Node>,
    /// What was read, and what follows from that alone.
    pub(crate) constants: Constants,
    /// Of the file and of those beside it.
    pub(crate) bytes: usize,
    /// What the file says about itself.
    pub(crate) metadata: BTreeMap<String, String>,
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
    pub(crate) fn read(bytes: &[u8], files: &Files<'_>) -> Result<Self> {
        check_fields(bytes)?;
        let model = Model::decode(bytes).context("it is no ONNX file")?;
        let graph = model.graph.context("the file holds no graph")?;
        check_nodes(&graph)?;
        let beside = files.values().map(|file| file.len());
        let bytes = beside.fold(bytes.len(), usize::saturating_add);
        let mut budget = Budget::of(bytes);
        let mut known = Constants::new();
        for tensor in graph.initializer {
            let name = tensor.name.clone();
            let value = load(&tensor, files, &mut budget);
            let value = value.with_context(|| format!("constant `{name}`"))?;
            known.insert(name, value);
        }
        let inputs = graph.input.iter().filter(|input| !known.contains_key(&input.name));
        let inputs = inputs.map(Input::read).collect::<Result<_>>()?;
        let mut nodes = Vec::new();
        for node in graph.node {
            let is_constant = |name: &String| name.is_empty() || known.contains_key(name);
            if node.input.iter().all(is_constant) {
                let results = constants(&node, &known, &mut budget)?;
                known.extend(node.output.into_iter().zip(results));
            } else {
                nodes.push(node);
            }
        }
        let outputs = graph.output.into_iter().map(|output| output.name).collect();
        let metadata = model.metadata.into_iter().map(|entry| (entry.key, entry.value)).collect();
        Ok(Self { inputs, outputs, nodes, constants: known, bytes, metadata })
    }
}

impl Input {
    fn read(info: &ValueInfo) -> Result<Self> {
        let untyped = || format!("input `{}` has no shape", info.name);
        let kind = info.kind.as_ref().and_then(|kind| kind.tensor.as_ref());
        let shape = kind.and_then(|tensor| tensor.shape.as_ref()).with_context(untyped)?;
        let axis = |length: &Option<Length>| match length {
            Some(Length::Fixed(length)) => Ok(Axis::Fixed(usize::try_from(*length)?)),
            Some(Length::Named(name)) => Ok(Axis::Named(name.clone())),
            None => bail!(untyped()),
        };
        let axes =
            shape.axes.iter().map(|dimension| axis(&dimension.length)).collect::<Result<_>>()?;
        Ok(Self { name: info.name.clone(), axes })
    }

    /// Its shape when the named axes are as long as said.
    pub(crate) fn shape(&self, lengths: &[(&str, usize)]) -> Result<Vec<usize>> {
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
