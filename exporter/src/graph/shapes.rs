//! Values that hold shapes, for axes whose length only the caller knows.

use gqn_formats::Dim;

use super::builder::{Graph, Literal};
use super::node::{Attribute, Node};
use super::value::{Element, Value};

impl Graph {
    /// `value` repeated along axes of length one until it has that shape.
    pub(crate) fn expand(&mut self, label: &str, value: &Value, shape: &[Dim]) -> Value {
        let target = self.shape(shape);
        self.node("Expand", label, &[value, &target], Vec::new(), shape.to_vec())
    }

    /// Zeros of that shape.
    pub(crate) fn zeros(&mut self, label: &str, shape: &[Dim]) -> Value {
        let target = self.shape(shape);
        // Zero is the operator's default, but tract takes its element type from the attribute alone.
        let value = vec![("value", Attribute::Number(0.0))];
        let node = Node::new(self.path(label), "ConstantOfShape", &[&target], value);
        let zeros = Value { name: node.name.clone(), element: Element::F32, shape: shape.to_vec() };
        self.push(node, vec![zeros]).remove(0)
    }

    /// Zeros of that shape, made once.
    pub(crate) fn zeros_once(&mut self, shape: &[Dim]) -> Value {
        let text: Vec<_> = shape.iter().map(Dim::to_string).collect();
        self.once(&format!("zeros/{}", text.join("x")), |graph, label| graph.zeros(label, shape))
    }

    /// A shape as a list of integers: a constant where every axis is fixed.
    fn shape(&mut self, shape: &[Dim]) -> Value {
        let text: Vec<_> = shape.iter().map(Dim::to_string).collect();
        let text = text.join("x");
        if let Some(value) = self.shapes.get(&text) {
            return value.clone();
        }
        let value = match shape.iter().map(fixed_length).collect() {
            Some(lengths) => self.constant(Literal::I64s(lengths)),
            None => self.concat_shape(&text, shape),
        };
        self.shapes.insert(text, value.clone());
        value
    }

    fn concat_shape(&mut self, label: &str, shape: &[Dim]) -> Value {
        let mut pieces = Vec::new();
        let mut fixed = Vec::new();
        for dim in shape {
            match dim {
                Dim::Fixed(length) => fixed.push(*length as i64),
                Dim::Named(name) => {
                    if !fixed.is_empty() {
                        pieces.push(self.constant(Literal::I64s(std::mem::take(&mut fixed))));
                    }
                    pieces.push(self.axis_length(name));
                }
            }
        }
        if !fixed.is_empty() {
            pieces.push(self.constant(Literal::I64s(fixed)));
        }
        let pieces: Vec<_> = pieces.iter().collect();
        self.at_root("shape", |graph| graph.concat(label, 0, &pieces))
    }

    /// The length of a named axis, read from the first input that has it: `[1]`.
    pub(super) fn axis_length(&mut self, name: &str) -> Value {
        if let Some(value) = self.shapes.get(name) {
            return value.clone();
        }
        let named = |dim: &Dim| *dim == Dim::Named(name.to_owned());
        let (port, axis) = self
            .inputs
            .iter()
            .find_map(|(port, _)| Some((port, port.shape.iter().position(named)?)))
            .unwrap_or_else(|| panic!("no input has the axis `{name}`"));
        let input = Value::of_port(port);
        let axis = axis as i64;
        let attributes = vec![("end", Attribute::Int(axis + 1)), ("start", Attribute::Int(axis))];
        let path = format!("shape/{name}");
        let node = Node::new(path.clone(), "Shape", &[&input], attributes);
        let length = Value { name: path, element: Element::I64, shape: vec![Dim::Fixed(1)] };
        let value = self.push(node, vec![length]).remove(0);
        self.shapes.insert(name.to_owned(), value.clone());
        value
    }
}

fn fixed_length(dim: &Dim) -> Option<i64> {
    match dim {
        Dim::Fixed(length) => Some(*length as i64),
        Dim::Named(_) => None,
    }
}
