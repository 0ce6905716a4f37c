//! Nodes that convert between element types.

use crate::graph::{Arithmetic, Attribute, Element, Node, Value};

/// What a value is called in an element type that it does not come in.
pub(super) fn converted_name(name: &str, element: Element) -> String {
    let suffix = if element == Element::F16 { "half" } else { "single" };
    format!("{name}/{suffix}")
}

/// A node that converts a value, and the result.
pub(super) fn cast(value: &Value, result: &str, element: Element) -> (Node, Value) {
    let result = Value { name: result.to_owned(), element, shape: value.shape.clone() };
    let node = Node {
        name: converted_name(&value.name, element),
        op: "Cast",
        inputs: vec![value.name.clone()],
        outputs: vec![result.name.clone()],
        attributes: vec![("to", Attribute::Int(element.code()))],
        arithmetic: Arithmetic::OfInput,
        doc: String::new(),
        multiply_adds: 0,
    };
    (node, result)
}
