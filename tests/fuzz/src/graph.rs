//! What the built-in engine reads.

use std::collections::BTreeMap;

use gqn_formats::{Tensor, external_locations, names, onnx_metadata};
use gqn_portable::{PortableGraph, RunGraph};

/// Multiply-adds and moves of a run: a graph may ask for more, which takes its time and teaches nothing.
const MOST_WORK: u64 = 1 << 26;

/// A graph as a representation and as a generator. It is made ready, and run where that is quick.
pub(crate) fn onnx(bytes: &[u8]) {
    drop(external_locations(bytes));
    drop(onnx_metadata(bytes));
    let views = [(names::VIEWS, 1)];
    run(bytes, &[names::FRAMES, names::POSES], names::SCENE, &views);
    let queries = [(names::QUERIES, 2), (names::NOISES, 1)];
    run(bytes, &[names::SCENE, names::POSES, names::NOISE], names::FRAMES, &queries);
}

fn run(bytes: &[u8], inputs: &[&str], output: &str, axes: &[(&str, usize)]) {
    let weights = [0_u8; 4096];
    let files = BTreeMap::from([("weights", &weights[..])]);
    let Ok(mut graph) = PortableGraph::parse("fuzz", bytes, &files, inputs, output) else { return };
    if !graph.work(axes).is_ok_and(|work| work <= MOST_WORK) {
        return;
    }
    let shapes = graph.input_shapes(axes).expect("it was made ready").to_vec();
    let inputs: Vec<Tensor> =
        shapes.into_iter().map(|shape| Tensor::from_elem(shape, 0.5)).collect();
    drop(graph.run(axes, &inputs.iter().collect::<Vec<_>>()));
}
