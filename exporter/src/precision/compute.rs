//! The pass that computes a graph in half precision.

use std::collections::{BTreeMap, BTreeSet};

use super::cast::{cast, converted_name};
use crate::graph::{Arithmetic, Element, Graph, Node, Value};

/// Types the graph for devices that compute in half precision: the convolutions and the gates, with their weights.
///
/// What was built by [`Graph::in_single`] stays in single precision: the cell state, which adds up over the DRAW steps and
/// must not be rounded in each of them, means and log-variances and what is made of them, geometry, whose positions take
/// more bits than half precision has, and the pictures; and the ports, so that callers need not know.
pub(crate) fn compute_in_half(graph: &mut Graph) {
    let mut known = known_values(graph);
    let outputs: BTreeSet<String> =
        graph.outputs.iter().map(|(port, _)| port.name.clone()).collect();
    let mut converted = BTreeSet::new();
    let (mut nodes, mut values) = (Vec::new(), Vec::new());
    for mut node in std::mem::take(&mut graph.nodes) {
        let Some(element) = element_of(&node, &known) else {
            keep(&mut values, &known, &node);
            nodes.push(node);
            continue;
        };
        for input in &mut node.inputs {
            let value = known[input].clone();
            let is_number = matches!(value.element, Element::F32 | Element::F16);
            if !is_number || value.element == element {
                continue;
            }
            // A weight that is first read in half precision is stored so.
            let weight = graph.weights.iter_mut().find(|weight| weight.name == *input);
            if let (Some(weight), Element::F16) = (weight, element) {
                weight.element = Element::F16;
                known.insert(input.clone(), weight.value());
                continue;
            }
            let name = converted_name(input, element);
            if converted.insert(name.clone()) {
                let (node, value) = cast(&value, &name, element);
                nodes.push(node);
                known.insert(name.clone(), value.clone());
                values.push(value);
            }
            *input = name;
        }
        for output in &mut node.outputs {
            let value = known.get_mut(output).expect("a value of the graph");
            value.element = element;
            if outputs.contains(output) && element == Element::F16 {
                // The port keeps its name and its type.
                let (port, half) = (output.clone(), converted_name(output, Element::F16));
                let inner = Value { name: half.clone(), ..value.clone() };
                output.clone_from(&half);
                let (node_after, _) = cast(&inner, &port, Element::F32);
                values.push(inner.clone());
                known.insert(half, inner);
                nodes.push(node.clone());
                node = node_after;
                break;
            }
        }
        keep(&mut values, &known, &node);
        nodes.push(node);
    }
    // A graph's outputs are described by their ports.
    values.retain(|value| !outputs.contains(&value.name));
    let mut seen = BTreeSet::new();
    values.retain(|value| seen.insert(value.name.clone()));
    (graph.nodes, graph.values) = (nodes, values);
}

fn keep(values: &mut Vec<Value>, known: &BTreeMap<String, Value>, node: &Node) {
    values.extend(node.outputs.iter().map(|name| known[name].clone()));
}

/// Everything that nodes read or write, by name.
fn known_values(graph: &mut Graph) -> BTreeMap<String, Value> {
    let literals: Vec<_> = graph.constants.values().cloned().collect();
    let mut values: Vec<Value> =
        literals.into_iter().map(|literal| graph.constant(literal)).collect();
    values.extend(graph.weights.iter().map(crate::graph::Weight::value));
    let ports = graph.inputs.iter().chain(&graph.outputs);
    values.extend(ports.map(|(port, _)| Value::of_port(port)));
    values.extend(graph.values.iter().cloned());
    values.into_iter().map(|value| (value.name.clone(), value)).collect()
}

/// What a node computes in; none where it works on whole numbers.
fn element_of(node: &Node, known: &BTreeMap<String, Value>) -> Option<Element> {
    let is_number = |name: &String| matches!(known[name].element, Element::F32 | Element::F16);
    if !node.outputs.iter().all(is_number) {
        return None;
    }
    Some(match node.arithmetic {
        Arithmetic::Single => Element::F32,
        Arithmetic::OfInput => {
            let halves = node.inputs.iter().any(|name| known[name].element == Element::F16);
            if halves { Element::F16 } else { Element::F32 }
        }
        Arithmetic::Half => Element::F16,
    })
}
