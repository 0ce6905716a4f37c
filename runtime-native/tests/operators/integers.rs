//! Integers that are computed at run time, up to the gather that reads them.

use gqn_formats::Tensor;

use crate::model::Set::{Int, Ints};
use crate::model::{Model, tensor};

const INT64: i64 = 7;

/// b in (-1, 1) as indices from 0 to 5.
fn indices() -> Model {
    Model::new()
        .floats("scale", &(tensor(&[], 0.0, 1) + 3.0))
        .node("Mul", &["b", "scale"], &["scaled"], &[])
        .node("Add", &["scaled", "scale"], &["shifted"], &[])
        .node("Floor", &["shifted"], &["whole"], &[])
        .node("Cast", &["whole"], &["i"], &[Int("to", INT64)])
}

#[test]
fn floor_cast_gather_along_any_axis() {
    for axis in [0, 1, -1] {
        for shape in [&[7][..], &[2, 3], &[1, 5, 1], &[]] {
            let model = indices().node("Gather", &["a", "i"], &["y"], &[Int("axis", axis)]);
            model.check(&tensor(&[6, 6, 6], 1.0, 1), &tensor(shape, 1.0, 2));
        }
    }
}

#[test]
fn negative_indices_count_from_the_end() {
    let model = indices().integers("six", &[], &[-6]).node("Add", &["i", "six"], &["n"], &[]).node(
        "Gather",
        &["a", "n"],
        &["y"],
        &[],
    );
    model.check(&tensor(&[6, 3], 1.0, 1), &tensor(&[40], 1.0, 2));
}

#[test]
fn casts_go_toward_zero() {
    let model = Model::of("Cast", &["a"], &[Int("to", INT64)]);
    let numbers = vec![-2.5, -2.0, -0.99, -0.0, 0.0, 0.99, 1.5, 16_777_216.0, -1e9];
    model.check(&Tensor::from_shape_vec(vec![9], numbers).expect("nine"), &tensor(&[1], 1.0, 1));
}

#[test]
fn arithmetic_of_integers() {
    for name in ["Add", "Sub", "Mul", "Max", "Min"] {
        let model = Model::new()
            .node("Cast", &["a"], &["i"], &[Int("to", INT64)])
            .node("Cast", &["b"], &["j"], &[Int("to", INT64)])
            .node(name, &["i", "j"], &["k"], &[])
            .node("Neg", &["k"], &["l"], &[])
            .node("Abs", &["i"], &["m"], &[])
            .node("Add", &["l", "m"], &["n"], &[])
            .node(name, &["n", "c"], &["o"], &[])
            .node("Clip", &["o", "low", "high"], &["y"], &[])
            .integers("c", &[1, 5], &[-3, 0, 2, 7, 100])
            .integers("low", &[], &[-1000])
            .integers("high", &[], &[1000]);
        model.check(&tensor(&[30, 5], 50.0, 1), &tensor(&[30, 1], 9.0, 2));
    }
}

/// Beyond 2²⁴, where not every integer is a float.
#[test]
fn large_indices_stay_exact() {
    let model = Model::new()
        .node("Cast", &["b"], &["i"], &[Int("to", INT64)])
        .integers("large", &[], &[16_777_217])
        .node("Add", &["i", "large"], &["j"], &[])
        .node("Sub", &["j", "large"], &["k"], &[])
        .node("Gather", &["a", "k"], &["y"], &[]);
    let b = Tensor::from_shape_vec(vec![4], vec![0.0, 1.0, 2.0, 3.0]).expect("four");
    model.check(&tensor(&[4, 2], 1.0, 1), &b);
}

#[test]
fn layout_of_integers() {
    let model = indices()
        .node("Transpose", &["i"], &["t"], &[Ints("perm", &[1, 0])])
        .node("Unsqueeze", &["t", "two"], &["u"], &[])
        .node("Concat", &["u", "u", "c"], &["v"], &[Int("axis", 2)])
        .node("Slice", &["v", "one", "three", "two"], &["w"], &[])
        .node("Reshape", &["w", "shape"], &["x"], &[])
        .node("Gather", &["a", "x"], &["y"], &[Int("axis", 1)])
        .integers("one", &[1], &[1])
        .integers("two", &[1], &[2])
        .integers("three", &[1], &[3])
        .integers("shape", &[2], &[-1, 4])
        .integers("c", &[4, 3, 1], &[0, 1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 0]);
    model.check(&tensor(&[2, 6, 3], 1.0, 1), &tensor(&[3, 4], 1.0, 2));
}

/// Shapes are constant, and so is what is counted from them.
#[test]
fn integers_from_shapes() {
    let model = Model::new()
        .node("Shape", &["a"], &["s"], &[Int("start", 0), Int("end", 1)])
        .node("Squeeze", &["s", "zero"], &["n"], &[])
        .node("Range", &["first", "n", "step"], &["r"], &[])
        .node("Mul", &["r", "four"], &["m"], &[])
        .node("Unsqueeze", &["m", "one"], &["rows"], &[])
        .node("Add", &["rows", "offsets"], &["i"], &[])
        .node("Reshape", &["a", "flat"], &["f"], &[])
        .node("Gather", &["f", "i"], &["y"], &[])
        .integers("zero", &[1], &[0])
        .integers("one", &[1], &[1])
        .integers("first", &[], &[0])
        .integers("step", &[], &[1])
        .integers("four", &[], &[4])
        .integers("offsets", &[2], &[1, 3])
        .integers("flat", &[2], &[-1, 5]);
    model.check(&tensor(&[3, 4, 5], 1.0, 1), &tensor(&[1], 1.0, 2));
}

/// Rows that are gathered and summed with weights, as trilinear interpolation does.
#[test]
fn weighted_sums_of_rows() {
    for (rows, terms, length) in [(4, 8, 32), (5, 4, 37), (3, 1, 1)] {
        let b = tensor(&[rows, 9, 1, terms], 1.0, 2);
        let model = indices()
            .integers("flat", &[3], &[rows as i64, 9, terms as i64])
            .node("Reshape", &["i", "flat"], &["j"], &[])
            .node("Gather", &["a", "j"], &["g"], &[])
            .node("MatMul", &["b", "g"], &["y"], &[]);
        model.check(&tensor(&[6, length], 1.0, 1), &b);
    }
}
