//! Small graphs that ask for much: refused when they are read or made ready, or computed in a time linear in their nodes.

use std::time::{Duration, Instant};

use gqn_formats::Tensor;

use crate::model::Set::{Int, Ints};
use crate::model::{Model, tensor, unused};

/// Far more than it takes, far less than what a cost that doubles takes.
const SOON: Duration = Duration::from_secs(20);

/// A list of constant integers.
fn list(model: Model, name: &str, numbers: &[i64]) -> Model {
    model.integers(name, &[numbers.len()], numbers)
}

#[track_caller]
fn check_soon(model: &Model, a: &Tensor, expected: impl Fn(f32) -> f32) {
    let start = Instant::now();
    let y = model.run(a, &unused()).unwrap_or_else(|error| panic!("{error}"));
    let took = start.elapsed();
    assert!(took < SOON, "it took {took:?}");
    for (found, a) in y.iter().zip(a) {
        let expected = expected(*a);
        assert!((found - expected).abs() <= 1e-5 * expected.abs(), "{found}, not {expected}");
    }
}

/// `name(i)` of a chain; the last is `y`.
fn name(index: usize, length: usize) -> String {
    match index {
        0 => "a".to_owned(),
        index if index == length => "y".to_owned(),
        index => format!("v{index}"),
    }
}

/// Each value is read twice: as a tree it would be 2¹⁰⁰ nodes.
#[test]
fn sums_of_a_value_with_itself() {
    let mut model = Model::new();
    for index in 0..100 {
        let (from, to) = (name(index, 100), name(index + 1, 100));
        model = model.node("Add", &[&from, &from], &[&to], &[]);
    }
    check_soon(&model, &tensor(&[2, 3], 1.0, 1), |a| a * 100_f32.exp2());
}

/// Two parts of a value that is not computed yet are two expressions, of which each has two parts.
#[test]
fn parts_of_parts() {
    let mut model = list(list(Model::new(), "starts", &[0]), "ends", &[3]);
    for index in 0..100 {
        let (from, to) = (name(index, 100), name(index + 1, 100));
        let (p, q) = (format!("p{index}"), format!("q{index}"));
        model = model
            .node("Slice", &[&from, "starts", "ends"], &[&p], &[])
            .node("Slice", &[&from, "starts", "ends"], &[&q], &[])
            .node("Add", &[&p, &q], &[&to], &[]);
    }
    check_soon(&model, &tensor(&[3, 2], 1.0, 1), |a| a * 100_f32.exp2());
}

fn chain(length: usize) -> Model {
    let mut model = Model::new().floats("one", &(Tensor::zeros(vec![]) + 1.0));
    for index in 0..length {
        model = model.node("Add", &[&name(index, length), "one"], &[&name(index + 1, length)], &[]);
    }
    model
}

#[test]
fn long_chains() {
    check_soon(&chain(19_000), &(Tensor::zeros(vec![5]) + 1.0), |a| a + 19_000.0);
    chain(100_000).check_refused(&tensor(&[5], 1.0, 1), &unused(), "nodes, more than 20000");
    // One node instead of many.
    let names = vec!["a"; 100_000];
    check_soon(&Model::of("Max", &names, &[]), &tensor(&[5], 1.0, 1), |a| a);
}

/// Values that are computed one after the other, while many others wait.
#[test]
fn many_values_that_wait() {
    let mut model = Model::new().floats("one", &(Tensor::zeros(vec![1, 1]) + 1.0));
    for index in 0..6_000 {
        let (from, to) = (name(index, 6_000), name(index + 1, 6_000));
        let (waits, product) = (format!("w{index}"), format!("p{index}"));
        model = model
            .node("Exp", &[&from], &[&waits], &[])
            .node("MatMul", &[&from, "one"], &[&product], &[])
            .node("Neg", &[&product], &[&to], &[]);
    }
    check_soon(&model, &tensor(&[2, 1], 1.0, 1), |a| a);
}

#[track_caller]
fn refused(model: &Model, text: &str) {
    let start = Instant::now();
    model.check_refused(&tensor(&[2, 3], 1.0, 1), &unused(), text);
    let took = start.elapsed();
    assert!(took < SOON, "it took {took:?}");
}

#[test]
fn shapes_without_numbers_or_with_too_many() {
    let long = vec![1; 17];
    let shapes: [(&[i64], &str); 5] = [
        (&[0], "length zero"),
        (&[3, 0, 2], "length zero"),
        (&[1 << 20, 1 << 20], "more than a machine holds"),
        (&[i64::MAX, i64::MAX, 2], "more than a machine holds"),
        (&long, "17 axes"),
    ];
    for (shape, text) in shapes {
        for operator in ["ConstantOfShape", "Expand"] {
            let inputs: &[&str] = if operator == "Expand" { &["a", "s"] } else { &["s"] };
            refused(&list(Model::of(operator, inputs, &[]), "s", shape), text);
        }
    }
    let axes: Vec<i64> = (0..16).collect();
    refused(&list(Model::of("Unsqueeze", &["a", "s"], &[]), "s", &axes), "18 axes");
    refused(
        &list(Model::of("Reshape", &["a", "s"], &[]), "s", &[&long[..], &[6]].concat()),
        "axes",
    );
}

/// Each of them is small enough by itself.
#[test]
fn memory_of_all_values() {
    let filled = |names: [&str; 2]| {
        let wide = list(Model::new(), "wide", &[1 << 13, 1 << 13]);
        wide.node("ConstantOfShape", &["wide"], &[names[0]], &[]).node(
            "Exp",
            &[names[0]],
            &[names[1]],
            &[],
        )
    };
    // Constants.
    let sum = filled(["c", "d"]).node("Tanh", &["d"], &["e"], &[]);
    refused(&sum.node("Abs", &["e"], &["y"], &[]), "memory");
    // Values of a run.
    let mut model = list(Model::new(), "wide", &[1 << 13, 1 << 13]);
    model = model.floats("row", &tensor(&[3, 1 << 13], 1.0, 2));
    model = model.node("MatMul", &["a", "row"], &["m"], &[]);
    model = list(model, "axis", &[0]).node("ReduceSum", &["m", "axis"], &["s"], &[]);
    model = model.node("Expand", &["s", "wide"], &["w"], &[]).node("Exp", &["w"], &["e"], &[]);
    for (from, to) in [("e", "f"), ("f", "g"), ("g", "h")] {
        model = model.node("Softmax", &[from], &[to], &[]);
    }
    model = model.node("Add", &["e", "h"], &["y"], &[]);
    refused(&model, "memory");
    // Integers.
    let mut model = Model::new().integers("zero", &[], &[0]).integers("one", &[], &[1]);
    model = model.integers("many", &[], &[1 << 26]);
    for range in ["r", "s"] {
        model = model.node("Range", &["zero", "many", "one"], &[range], &[]);
    }
    refused(&model.node("Gather", &["a", "s"], &["y"], &[]), "memory");
}

/// A product of a large matrix with itself, again and again.
#[test]
fn time_of_a_run() {
    let mut model = list(Model::new(), "wide", &[1 << 12, 1 << 12]);
    model = model.floats("row", &tensor(&[3, 1], 1.0, 2));
    model = model.node("MatMul", &["a", "row"], &["m"], &[]);
    model = list(model, "first", &[0]).node("ReduceSum", &["m", "first"], &["s"], &[]);
    model = model.node("Expand", &["s", "wide"], &["v0"], &[]);
    for index in 0..100 {
        let (from, to) = (format!("v{index}"), name(index + 1, 100));
        model = model.node("MatMul", &[&from, &from], &[&to], &[]);
    }
    refused(&model, "multiply-adds");
    // Of constants, while the graph is read.
    let mut model = list(Model::new(), "wide", &[1 << 11, 1 << 11]);
    model = model.node("ConstantOfShape", &["wide"], &["v0"], &[]);
    for index in 0..20 {
        let (from, to) = (format!("v{index}"), name(index + 1, 20));
        model = model.node("MatMul", &[&from, &from], &[&to], &[]);
    }
    refused(&model, "too long");
}

/// Windows of more places than memory holds, on a picture that is almost nothing but padding.
#[test]
fn memory_of_windows() {
    let pads = Ints("pads", &[4000, 4000, 4000, 4000]);
    let model = Model::of("Conv", &["a", "weight"], &[pads]);
    let model = model.floats("weight", &tensor(&[1, 300, 1, 1], 1.0, 1));
    model.check_refused(&tensor(&[1, 300, 2, 2], 1.0, 1), &unused(), "memory");
}

#[test]
fn single_numbers_have_no_axis() {
    let scalar = |operator, more: &[&str], attributes: &[crate::model::Set<'_>]| {
        let inputs = [&["s"], more].concat();
        let model = Model::new().floats("s", &Tensor::zeros(vec![]));
        let model = list(model, "zero", &[0]).node("Add", &["s", "s"], &["t"], &[]);
        model.node(operator, &inputs, &["y"], attributes)
    };
    refused(&scalar("Softmax", &[], &[]), "no axis");
    refused(&scalar("Concat", &["s"], &[Int("axis", 0)]), "axis 0 of 0");
    refused(&scalar("Gather", &["zero"], &[]), "axis 0 of 0");
    refused(&scalar("Split", &[], &[]), "axis 0 of 0");
    refused(&scalar("Slice", &["zero", "zero"], &[]), "axis 0 of 0");
    refused(&scalar("ReduceSum", &["zero"], &[]), "axis 0 of 0");
    refused(&scalar("MatMul", &["s"], &[]), "single numbers");
    let none = Model::new().node("Split", &["a"], &[], &[]).node("Exp", &["a"], &["y"], &[]);
    refused(&none, "no parts");
}
