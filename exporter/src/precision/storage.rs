//! The pass that stores weights in half precision.

use std::collections::BTreeMap;

use super::cast::{cast, converted_name};
use crate::graph::{Element, Graph, Weight};

/// Fewer numbers than this stay in single precision: they weigh nothing.
const SMALL: u64 = 1024;

/// Stores the large weights in half precision and converts each back to single in front of the graph.
///
/// W ≈ half(W) to 11 bits, relative to each weight. The conversion depends on constants alone, so engines do it once,
/// when they load the graph; what they compute is single precision throughout. It is the direct kernels that are stored:
/// Winograd's are a sum of 25 of them with factors up to 4 and would lose ten times as much.
///
/// With a `grain`, they are rounded more coarsely ([`Weight::grain`]).
///
/// Biases and other lists, and the kernel from the state to the pixels, stay as they are.
pub(crate) fn store_in_half(graph: &mut Graph, grain: Option<u16>) {
    let mut renamed = BTreeMap::new();
    let (mut casts, mut values) = (Vec::new(), Vec::new());
    for weight in graph.weights.iter_mut().filter(|weight| pays(weight)) {
        weight.element = Element::F16;
        weight.grain = grain;
        let (name, stored) = (converted_name(&weight.name, Element::F32), weight.value());
        let (node, value) = cast(&stored, &name, Element::F32);
        casts.push(node);
        values.push(value);
        renamed.insert(weight.name.clone(), name);
    }
    for input in graph.nodes.iter_mut().flat_map(|node| &mut node.inputs) {
        if let Some(name) = renamed.get(input) {
            input.clone_from(name);
        }
    }
    graph.nodes.splice(0..0, casts);
    graph.values.splice(0..0, values);
}

fn pays(weight: &Weight) -> bool {
    let is_list = weight.shape.iter().filter(|length| **length > 1).count() < 2;
    weight.element == Element::F32 && weight.elements() >= SMALL && !is_list && !weight.in_single
}
