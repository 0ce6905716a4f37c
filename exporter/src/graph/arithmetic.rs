//! Element-wise operators and reductions that geometry needs.

use gqn_formats::Dim;

use super::builder::{Graph, Literal};
use super::node::Attribute;
use super::value::{Element, Value};

/// Element-wise operators that geometry needs.
impl Graph {
    pub(crate) fn sub(&mut self, label: &str, left: &Value, right: &Value) -> Value {
        self.binary("Sub", label, left, right)
    }

    pub(crate) fn div(&mut self, label: &str, left: &Value, right: &Value) -> Value {
        self.binary("Div", label, left, right)
    }

    pub(crate) fn min(&mut self, label: &str, left: &Value, right: &Value) -> Value {
        self.binary("Min", label, left, right)
    }

    pub(crate) fn max(&mut self, label: &str, left: &Value, right: &Value) -> Value {
        self.binary("Max", label, left, right)
    }

    pub(crate) fn neg(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Neg", label, x)
    }

    pub(crate) fn abs(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Abs", label, x)
    }

    pub(crate) fn floor(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Floor", label, x)
    }

    /// log(1 + exp(·))
    pub(crate) fn softplus(&mut self, label: &str, x: &Value) -> Value {
        self.unary("Softplus", label, x)
    }

    /// `x + number`
    pub(crate) fn offset(&mut self, label: &str, x: &Value, number: f32) -> Value {
        let number = self.constant(Literal::F32(number));
        self.add(label, x, &number)
    }

    /// `number - x`
    pub(crate) fn sub_from(&mut self, label: &str, number: f32, x: &Value) -> Value {
        let number = self.constant(Literal::F32(number));
        self.sub(label, &number, x)
    }

    /// `max(0, 1 - |x - at|)`: how much of each of the points `at` linear interpolation takes at x.
    pub(crate) fn hat(&mut self, label: &str, x: &Value, at: &Value) -> Value {
        self.scoped(label, |graph| {
            let difference = graph.sub("difference", x, at);
            let distance = graph.abs("distance", &difference);
            let share = graph.sub_from("share", 1.0, &distance);
            graph.relu("hat", &share)
        })
    }

    /// The Euclidean length along the last axis, which stays with length one.
    pub(crate) fn length(&mut self, label: &str, x: &Value) -> Value {
        self.scoped(label, |graph| {
            let squares = graph.mul("squares", x, x);
            let sum = graph.sum_along("sum", x.shape.len() - 1, &squares);
            graph.unary("Sqrt", "root", &sum)
        })
    }

    /// The sum over an axis, which stays with length one.
    pub(crate) fn sum_along(&mut self, label: &str, axis: usize, x: &Value) -> Value {
        let mut shape = x.shape.clone();
        shape[axis] = Dim::Fixed(1);
        let axes = self.constant(Literal::I64s(vec![axis as i64]));
        self.node("ReduceSum", label, &[x, &axes], vec![("keepdims", Attribute::Int(1))], shape)
    }

    /// exp(·) along an axis, divided by its sum.
    pub(crate) fn softmax(&mut self, label: &str, axis: usize, x: &Value) -> Value {
        let axis = vec![("axis", Attribute::Int(axis as i64))];
        self.node("Softmax", label, &[x], axis, x.shape.clone())
    }

    /// Whole numbers as indices.
    pub(crate) fn as_indices(&mut self, label: &str, x: &Value) -> Value {
        let to = vec![("to", Attribute::Int(Element::I64.code()))];
        self.converting_node("Cast", label, &[x], to, (Element::I64, x.shape.clone()))
    }

    /// Integers as numbers.
    pub(crate) fn as_numbers(&mut self, label: &str, x: &Value) -> Value {
        let to = vec![("to", Attribute::Int(Element::F32.code()))];
        self.converting_node("Cast", label, &[x], to, (Element::F32, x.shape.clone()))
    }
}
