//! Products of matrices, and convolutions.

use crate::model::Set::{Int, Ints};
use crate::model::{Model, tensor, unused};

#[test]
fn products_of_any_ranks() {
    let shapes: [[&[usize]; 2]; 16] = [
        [&[5, 7], &[7, 9]],
        [&[9, 1], &[1, 5]],
        [&[2, 9, 1], &[1, 20]],
        [&[3, 5, 7], &[7, 9]],
        [&[3, 5, 7], &[3, 7, 9]],
        [&[5, 7], &[3, 7, 9]],
        [&[2, 1, 5, 7], &[3, 7, 9]],
        [&[2, 3, 5, 7], &[1, 1, 7, 9]],
        [&[7, 9], &[1, 9, 4]],
        [&[40, 1, 8], &[40, 8, 32]],
        [&[2, 20, 1, 4], &[2, 20, 4, 37]],
        [&[40, 3, 8], &[40, 8, 1]],
        [&[7], &[7, 9]],
        [&[5, 7], &[7]],
        [&[7], &[7]],
        [&[3, 5, 7], &[7]],
    ];
    for [a, b] in shapes {
        Model::of("MatMul", &["a", "b"], &[]).check(&tensor(a, 1.0, 1), &tensor(b, 1.0, 2));
        // One side constant, in either place.
        let right = Model::of("MatMul", &["a", "c"], &[]).floats("c", &tensor(b, 1.0, 2));
        right.check(&tensor(a, 1.0, 1), &unused());
        let left = Model::of("MatMul", &["c", "b"], &[]).floats("c", &tensor(a, 1.0, 1));
        left.check(&unused(), &tensor(b, 1.0, 2));
    }
}

#[test]
fn products_of_views() {
    let model = Model::new().node("Transpose", &["a"], &["t"], &[Ints("perm", &[0, 2, 1])]).node(
        "MatMul",
        &["t", "b"],
        &["y"],
        &[],
    );
    model.check(&tensor(&[3, 7, 5], 1.0, 1), &tensor(&[3, 7, 9], 1.0, 2));
    model.check(&tensor(&[3, 7, 1], 1.0, 1), &tensor(&[3, 7, 9], 1.0, 2));
}

#[test]
fn convolutions() {
    let cases: [(&[usize], &[i64], &[i64]); 4] = [
        (&[4, 3, 1, 1], &[1, 1], &[0, 0, 0, 0]),
        (&[5, 3, 2, 2], &[2, 2], &[0, 0, 0, 0]),
        (&[6, 3, 3, 3], &[1, 1], &[1, 1, 1, 1]),
        (&[2, 3, 3, 5], &[2, 1], &[0, 2, 1, 3]),
    ];
    for (weight, strides, pads) in cases {
        let attributes = [Ints("strides", strides), Ints("pads", pads)];
        let model = Model::of("Conv", &["a", "w", "bias"], &attributes)
            .floats("w", &tensor(weight, 1.0, 3))
            .floats("bias", &tensor(&weight[..1], 1.0, 4));
        model.check(&tensor(&[2, 3, 8, 9], 1.0, 1), &unused());
    }
}

#[test]
fn transposed_convolutions() {
    for side in [1, 2, 4] {
        let attributes = [Ints("strides", &[side, side]), Int("group", 1)];
        let shape = [3, 5, side as usize, side as usize];
        let model = Model::of("ConvTranspose", &["a", "w"], &attributes)
            .floats("w", &tensor(&shape, 1.0, 3));
        model.check(&tensor(&[2, 3, 4, 6], 1.0, 1), &unused());
    }
}
