//! A graph in the making: scopes, ports, weights and constants, each stored once by name.

use std::collections::{BTreeMap, BTreeSet};

use gqn_formats::{Dim, GraphPorts, ModelConfig, Port, parameters};

use super::node::{Arithmetic, Attribute, Node};
use super::value::{Element, Value};
use super::weight::{Rule, Weight};

/// A graph in the making, and once made: its structure without the weights' numbers.
#[derive(Debug, Clone)]
pub(crate) struct Graph {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) inputs: Vec<(Port, &'static str)>,
    pub(crate) outputs: Vec<(Port, &'static str)>,
    pub(crate) nodes: Vec<Node>,
    /// The weights in the order of their first use.
    pub(crate) weights: Vec<Weight>,
    pub(crate) config: ModelConfig,
    /// Small constants by name.
    pub(crate) constants: BTreeMap<String, Literal>,
    /// Results of the nodes, in the nodes' order, without the graph's outputs.
    pub(crate) values: Vec<Value>,
    /// What may become a weight: every parameter that is not for training only.
    parameters: BTreeMap<String, Vec<usize>>,
    scopes: Vec<String>,
    /// Whether the nodes being made stay in single precision whatever the graph computes in.
    single: bool,
    taken: BTreeSet<String>,
    /// What is made once and read wherever it is needed, by name.
    pub(super) shapes: BTreeMap<String, Value>,
}

/// Numbers that are part of the structure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Literal {
    /// A scalar.
    F32(f32),
    /// A scalar index.
    Index(i64),
    /// A list: axes or lengths.
    I64s(Vec<i64>),
    /// A table of indices with a name of its own.
    Indices { name: &'static str, shape: Vec<usize>, numbers: Vec<i64> },
    /// A table of numbers with a name of its own.
    Numbers { name: &'static str, shape: Vec<usize>, numbers: Vec<f32> },
    /// Zeros in eight bits: of no axis, or a list.
    Zeros8 { shape: Vec<usize> },
}

impl Graph {
    pub(crate) fn new(name: &'static str, doc: &'static str, config: &ModelConfig) -> Self {
        let parameters = parameters(config)
            .into_iter()
            .filter(|parameter| !parameter.training_only())
            .map(|parameter| (parameter.name, parameter.shape))
            .collect();
        Self {
            name,
            doc,
            inputs: Vec::new(),
            outputs: Vec::new(),
            nodes: Vec::new(),
            weights: Vec::new(),
            config: config.clone(),
            constants: BTreeMap::new(),
            values: Vec::new(),
            parameters,
            scopes: Vec::new(),
            single: false,
            taken: BTreeSet::new(),
            shapes: BTreeMap::new(),
        }
    }

    /// Runs `build` with `name` appended to the path of the nodes it makes.
    pub(crate) fn scoped<T>(&mut self, name: &str, build: impl FnOnce(&mut Self) -> T) -> T {
        self.scopes.push(name.to_owned());
        let result = build(self);
        self.scopes.pop();
        result
    }

    /// As [`Graph::scoped`], from the graph's root.
    pub(crate) fn at_root<T>(&mut self, name: &str, build: impl FnOnce(&mut Self) -> T) -> T {
        let scopes = std::mem::take(&mut self.scopes);
        let result = self.scoped(name, build);
        self.scopes = scopes;
        result
    }

    /// Runs `build`; the nodes it makes stay in single precision in a graph that computes in half.
    pub(crate) fn in_single<T>(&mut self, build: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.single, true);
        let result = build(self);
        self.single = before;
        result
    }

    /// Both of [`Graph::scoped`] and [`Graph::in_single`].
    pub(crate) fn scoped_in_single<T>(
        &mut self,
        name: &str,
        build: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.in_single(|graph| graph.scoped(name, build))
    }

    /// Keeps a weight in single precision where the graph's weights are stored in half.
    ///
    /// # Panics
    /// If the graph has no such weight.
    pub(crate) fn store_in_single(&mut self, name: &str) {
        let weight = self.weights.iter_mut().find(|weight| weight.name == name);
        weight.unwrap_or_else(|| panic!("no weight `{name}`")).in_single = true;
    }

    pub(crate) fn input(&mut self, port: Port, doc: &'static str) -> Value {
        let value = Value::of_port(&port);
        self.take_name(&value.name);
        self.inputs.push((port, doc));
        value
    }

    /// Makes the result of a node an output under the port's name.
    ///
    /// # Panics
    /// If the value is no result of a node, is read by another node, or has another shape than the port.
    pub(crate) fn output(&mut self, value: &Value, port: Port, doc: &'static str) {
        assert_eq!(value.shape, port.shape, "shape of output {}", port.name);
        let unread = self.nodes.iter().all(|node| !node.inputs.contains(&value.name));
        assert!(unread, "{} is read inside the graph", value.name);
        let slot = self
            .nodes
            .iter_mut()
            .flat_map(|node| &mut node.outputs)
            .find(|name| **name == value.name);
        slot.expect("an output is the result of a node").clone_from(&port.name);
        self.take_name(&port.name);
        self.values.retain(|other| other.name != value.name);
        self.outputs.push((port, doc));
    }

    /// A weight of the checkpoint, stored once however often it is read.
    ///
    /// # Panics
    /// If the model has no such parameter, or only training reads it.
    pub(crate) fn weight(&mut self, name: &str) -> Value {
        let shape =
            self.parameters.get(name).unwrap_or_else(|| panic!("no parameter `{name}`")).clone();
        self.store(Weight::parameter(name, shape))
    }

    /// A weight that follows from parameters of the checkpoint by a rule, stored once however often it is read.
    ///
    /// # Panics
    /// If the model has no such parameters, or only training reads them.
    pub(crate) fn derived(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        from: &[String],
        rule: Rule,
    ) -> Value {
        for parameter in from {
            assert!(self.parameters.contains_key(parameter), "no parameter `{parameter}`");
        }
        let (name, element, from) = (name.to_owned(), Element::F32, from.to_vec());
        self.store(Weight { name, shape, element, in_single: false, grain: None, from, rule })
    }

    /// A weight of eight-bit integers or of their scales, which may follow from the numbers of a calibration too.
    pub(crate) fn quantised(
        &mut self,
        name: &str,
        element: Element,
        shape: Vec<usize>,
        from: &[String],
        rule: Rule,
    ) -> Value {
        let (name, from) = (name.to_owned(), from.to_vec());
        self.store(Weight { name, shape, element, in_single: false, grain: None, from, rule })
    }

    fn store(&mut self, weight: Weight) -> Value {
        let (name, element, shape) = (weight.name.clone(), weight.element, weight.shape.clone());
        if !self.weights.iter().any(|other| other.name == name) {
            self.take_name(&name);
            self.weights.push(weight);
        }
        Value { name, element, shape: shape.into_iter().map(Dim::Fixed).collect() }
    }

    /// A constant, stored once under a name that says its value.
    pub(crate) fn constant(&mut self, literal: Literal) -> Value {
        let (name, element, shape) = match &literal {
            Literal::F32(number) => (format!("constant/{number:?}"), Element::F32, Vec::new()),
            Literal::Index(index) => (format!("index/{index}"), Element::I64, Vec::new()),
            Literal::Indices { name, shape, .. } => (
                format!("index/{name}"),
                Element::I64,
                shape.iter().copied().map(Dim::Fixed).collect(),
            ),
            Literal::Numbers { name, shape, .. } => (
                format!("constant/{name}"),
                Element::F32,
                shape.iter().copied().map(Dim::Fixed).collect(),
            ),
            Literal::Zeros8 { shape } => {
                let text: Vec<_> = shape.iter().map(usize::to_string).collect();
                let name =
                    format!("zero/{}", if text.is_empty() { "1".into() } else { text.join("x") });
                (name, Element::I8, shape.iter().copied().map(Dim::Fixed).collect())
            }
            Literal::I64s(list) => {
                let text: Vec<_> = list.iter().map(i64::to_string).collect();
                (format!("list/{}", text.join("x")), Element::I64, vec![Dim::Fixed(list.len())])
            }
        };
        if !self.constants.contains_key(&name) {
            self.take_name(&name);
            self.constants.insert(name.clone(), literal);
        }
        Value { name, element, shape }
    }

    /// A table of indices by its name; the numbers are computed for the first who asks, because every step does.
    pub(crate) fn indices_once(
        &mut self,
        name: &'static str,
        shape: Vec<usize>,
        numbers: impl FnOnce() -> Vec<usize>,
    ) -> Value {
        let known = format!("index/{name}");
        if self.constants.contains_key(&known) {
            let shape = shape.into_iter().map(Dim::Fixed).collect();
            return Value { name: known, element: Element::I64, shape };
        }
        let numbers = numbers().into_iter().map(|index| index as i64).collect();
        self.constant(Literal::Indices { name, shape, numbers })
    }

    /// Appends a node of one result, which takes the node's name.
    pub(crate) fn node(
        &mut self,
        op: &'static str,
        label: &str,
        inputs: &[&Value],
        attributes: Vec<(&'static str, Attribute)>,
        shape: Vec<Dim>,
    ) -> Value {
        self.converting_node(op, label, inputs, attributes, (inputs[0].element, shape))
    }

    /// Appends a node whose result has another element type than its first input.
    pub(super) fn converting_node(
        &mut self,
        op: &'static str,
        label: &str,
        inputs: &[&Value],
        attributes: Vec<(&'static str, Attribute)>,
        (element, shape): (Element, Vec<Dim>),
    ) -> Value {
        let name = self.path(label);
        let value = Value { name: name.clone(), element, shape };
        self.push(Node::new(name, op, inputs, attributes), vec![value]).remove(0)
    }

    /// Appends a node with the results it writes; their names are full paths.
    pub(super) fn push(&mut self, mut node: Node, results: Vec<Value>) -> Vec<Value> {
        for value in &results {
            self.take_name(&value.name);
        }
        if self.single {
            node.arithmetic = Arithmetic::Single;
        }
        node.outputs = results.iter().map(|value| value.name.clone()).collect();
        self.nodes.push(node);
        self.values.extend(results.iter().cloned());
        results
    }

    /// Says what the node made last is for.
    pub(crate) fn document(&mut self, doc: &str) {
        doc.clone_into(&mut self.last_node().doc);
    }

    /// Leaves the node made last out of the count of multiply-adds: it works on constants.
    pub(crate) fn uncounted(&mut self) {
        self.last_node().multiply_adds = 0;
    }

    /// What `build` makes at the graph's root, made at the first call with that label.
    pub(crate) fn once(
        &mut self,
        label: &str,
        build: impl FnOnce(&mut Self, &str) -> Value,
    ) -> Value {
        if let Some(value) = self.shapes.get(label) {
            return value.clone();
        }
        let (scopes, single) = (std::mem::take(&mut self.scopes), std::mem::take(&mut self.single));
        let value = build(self, label);
        (self.scopes, self.single) = (scopes, single);
        self.shapes.insert(label.to_owned(), value.clone());
        value
    }

    pub(super) fn last_node(&mut self) -> &mut Node {
        self.nodes.last_mut().expect("a node was made")
    }

    pub(super) fn path(&self, label: &str) -> String {
        self.scopes.iter().map(String::as_str).chain([label]).collect::<Vec<_>>().join("/")
    }

    fn take_name(&mut self, name: &str) {
        assert!(self.taken.insert(name.to_owned()), "the name `{name}` is used twice");
    }
}

impl Graph {
    /// Inputs and outputs.
    pub(crate) fn ports(&self) -> GraphPorts {
        let ports = |list: &[(Port, &str)]| list.iter().map(|(port, _)| port.clone()).collect();
        GraphPorts { inputs: ports(&self.inputs), outputs: ports(&self.outputs) }
    }

    /// Bytes of the weights as they are stored.
    pub(crate) fn weight_bytes(&self) -> u64 {
        self.weights.iter().map(Weight::bytes).sum()
    }

    /// Number of scalars in the weights.
    pub(crate) fn parameters(&self) -> u64 {
        self.weights.iter().map(Weight::elements).sum()
    }
}
