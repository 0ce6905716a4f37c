//! Functions of single numbers, reductions, softmax.

use crate::model::Set::{Int, Ints, Text};
use crate::model::{Model, tensor, unused};

/// Shapes whose blocks are whole, cut, and made of many short rows.
const SHAPES: [&[usize]; 6] = [&[1], &[3, 300], &[700, 3], &[2, 40, 5, 3], &[513], &[5, 257]];

#[test]
fn functions_of_one_number() {
    for name in ["Neg", "Abs", "Floor", "Exp", "Sigmoid", "Tanh", "Softplus", "Relu"] {
        for shape in SHAPES {
            Model::of(name, &["a"], &[]).check(&tensor(shape, 5.0, 1), &unused());
        }
    }
    let positive = tensor(&[77], 4.0, 1).mapv(f32::abs);
    Model::of("Sqrt", &["a"], &[]).check(&positive, &unused());
}

#[test]
fn functions_of_two_numbers_and_broadcasting() {
    let shapes: [[&[usize]; 2]; 9] = [
        [&[4, 6, 7], &[4, 6, 7]],
        [&[4, 6, 7], &[1]],
        [&[4096, 32], &[4096, 1]],
        [&[300, 5], &[5]],
        [&[300, 1, 5], &[1, 4, 5]],
        [&[2, 3, 1, 9], &[2, 1, 17, 1]],
        [&[7, 1], &[1, 300]],
        [&[2, 1, 300], &[2, 3, 1]],
        [&[6, 1, 2, 1, 3], &[6, 5, 1, 4, 1]],
    ];
    for name in ["Add", "Sub", "Mul", "Div", "Max", "Min"] {
        for [a, b] in shapes {
            let away = tensor(b, 1.0, 2).mapv(|number| number + 2.0 * number.signum());
            Model::of(name, &["a", "b"], &[]).check(&tensor(a, 3.0, 1), &away);
        }
    }
}

#[test]
fn several_inputs_and_bounds() {
    let (a, b) = (tensor(&[5, 6], 3.0, 1), tensor(&[6], 3.0, 2));
    for name in ["Max", "Min"] {
        let model = Model::of(name, &["a", "b", "c"], &[]);
        model.floats("c", &tensor(&[5, 1], 3.0, 3)).check(&a, &b);
        Model::of(name, &["a"], &[]).check(&a, &b);
    }
    let bound = |name: &str, number: f32| (name.to_owned(), tensor(&[], 0.0, 1) + number);
    let [low, high] = [bound("low", -0.5), bound("high", 1.25)];
    for inputs in [&["a"][..], &["a", "low"], &["a", "", "high"], &["a", "low", "high"]] {
        let model = Model::of("Clip", inputs, &[]);
        model.floats(&low.0, &low.1).floats(&high.0, &high.1).check(&a, &b);
    }
}

/// Short rows with inputs of every kind: whole rows, one number a row, one row for all, one number.
#[test]
fn long_chains_of_functions() {
    let model = Model::new()
        .node("Mul", &["a", "b"], &["c"], &[])
        .node("Sigmoid", &["b"], &["d"], &[])
        .node("Sub", &["c", "row"], &["e"], &[])
        .node("Softplus", &["e"], &["f"], &[])
        .node("Mul", &["f", "d"], &["g"], &[])
        .node("Add", &["g", "c"], &["h"], &[])
        .node("Mul", &["h", "one"], &["i"], &[])
        .node("Add", &["i", "i"], &["j"], &[])
        .node("Tanh", &["j"], &["k"], &[])
        .node("Add", &["k", "c"], &["y"], &[])
        .floats("row", &tensor(&[12], 1.0, 3))
        .floats("one", &tensor(&[], 0.0, 3).mapv(|_| 0.125));
    for rows in [1, 21, 22, 400] {
        model.check(&tensor(&[rows, 12], 2.0, 1), &tensor(&[rows, 1], 1.0, 2));
    }
}

/// A result that is used again and again: its functions are counted once, however often they are reached.
#[test]
fn shared_results_are_applied_once() {
    let mut model = Model::new().node("Mul", &["a", "b"], &["x0"], &[]);
    for index in 0..60 {
        let [from, to] = [index, index + 1].map(|index| format!("x{index}"));
        let less = format!("t{index}");
        model = model.node("Sub", &[&from, "a"], &[&less], &[]);
        model = model.node("Max", &[&from, &less], &[&to], &[]);
    }
    let model = model.node("Split", &["x60"], &["low", "high"], &[Int("axis", 1)]).node(
        "Min",
        &["low", "high"],
        &["y"],
        &[],
    );
    model.check(&tensor(&[3, 8], 1.0, 1), &tensor(&[3, 8], 1.0, 2));
}

#[test]
fn sums_and_means() {
    let shape = [3, 1, 20, 37];
    let lists: [&[i64]; 8] =
        [&[0], &[3], &[-1, 1], &[1, 2], &[0, 2], &[2, 3], &[0, 1, 2, 3], &[-2]];
    for keep in [0, 1] {
        for axes in lists {
            let attributes = [Int("keepdims", keep)];
            let sum = Model::of("ReduceSum", &["a", "axes"], &attributes);
            let a = tensor(&shape, 1.0, 1);
            sum.integers("axes", &[axes.len()], axes).check(&a, &unused());
            let attributes = [Int("keepdims", keep), Ints("axes", axes)];
            Model::of("ReduceMean", &["a"], &attributes).check(&a, &unused());
        }
        let all = [Int("keepdims", keep)];
        Model::of("ReduceSum", &["a"], &all).check(&tensor(&shape, 1.0, 1), &unused());
        Model::of("ReduceMean", &["a"], &all).check(&tensor(&[7], 1.0, 1), &unused());
    }
    let kept = [Int("noop_with_empty_axes", 1)];
    Model::of("ReduceSum", &["a"], &kept).check(&tensor(&shape, 1.0, 1), &unused());
}

#[test]
fn softmax_of_any_axis() {
    for (shape, axes) in [
        (&[5][..], &[0][..]),
        (&[3, 16], &[-1, 0]),
        (&[2, 16, 7, 9], &[0, 1, 2, -1]),
        (&[4, 1], &[1]),
    ] {
        for axis in axes {
            let model = Model::of("Softmax", &["a"], &[Int("axis", *axis)]);
            model.check(&tensor(shape, 6.0, 1), &unused());
        }
    }
    // Numbers whose exponentials are none.
    let large = tensor(&[4, 10], 1.0, 1).mapv(|number| 1000.0 + 80.0 * number);
    Model::of("Softmax", &["a"], &[]).check(&large, &unused());
    Model::of("Softmax", &["a"], &[Int("axis", 0)]).check(&large, &unused());
}

/// Kernel, strides, pads, and whether these count.
type Windows<'a> = (&'a [i64], &'a [i64], &'a [i64], i64);

#[test]
fn average_pools() {
    let cases: [Windows; 6] = [
        (&[2, 2], &[2, 2], &[0, 0, 0, 0], 0),
        (&[3, 2], &[1, 2], &[0, 0, 0, 0], 0),
        (&[3, 3], &[2, 2], &[1, 1, 1, 1], 0),
        (&[3, 3], &[2, 2], &[1, 1, 1, 1], 1),
        (&[4, 3], &[3, 1], &[2, 0, 1, 2], 0),
        (&[4, 3], &[3, 1], &[2, 0, 1, 2], 1),
    ];
    for (kernel, strides, pads, count) in cases {
        for shape in [[2, 3, 8, 8], [1, 1, 7, 10]] {
            let attributes = [
                Ints("kernel_shape", kernel),
                Ints("strides", strides),
                Ints("pads", pads),
                Int("count_include_pad", count),
                Text("auto_pad", "NOTSET"),
            ];
            Model::of("AveragePool", &["a"], &attributes).check(&tensor(&shape, 1.0, 1), &unused());
        }
    }
}
