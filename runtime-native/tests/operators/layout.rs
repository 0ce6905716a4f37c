//! Layout operators.

use crate::model::Set::{Int, Ints, Text};
use crate::model::{Model, tensor, unused};

#[test]
fn reshapes() {
    let lists: [&[i64]; 5] = [&[-1], &[0, -1], &[6, 4, 5], &[0, 0, 0], &[2, 1, -1, 5]];
    for list in lists {
        let model = Model::of("Reshape", &["a", "shape"], &[]);
        model.integers("shape", &[list.len()], list).check(&tensor(&[4, 6, 5], 1.0, 1), &unused());
    }
}

#[test]
fn transposes() {
    let a = tensor(&[2, 3, 4, 5], 1.0, 1);
    Model::of("Transpose", &["a"], &[]).check(&a, &unused());
    for order in [[0, 2, 3, 1], [3, 1, 0, 2]] {
        let model = Model::new().node("Transpose", &["a"], &["t"], &[Ints("perm", &order)]).node(
            "Add",
            &["t", "t"],
            &["y"],
            &[],
        );
        model.check(&a, &unused());
    }
}

/// Starts, ends, axes and steps.
type Lists<'a> = (&'a [i64], &'a [i64], &'a [i64], &'a [i64]);

#[test]
fn slices() {
    let cases: [Lists; 7] = [
        (&[1], &[3], &[0], &[1]),
        (&[-3, 0], &[i64::MAX, -1], &[1, 2], &[1, 1]),
        (&[0], &[6], &[-2], &[2]),
        (&[1, 0], &[100, 4], &[1, 0], &[3, 2]),
        (&[-1], &[i64::MIN], &[1], &[-1]),
        (&[4], &[-100], &[2], &[-2]),
        (&[i64::MIN, 100], &[2, 0], &[0, 1], &[1, -3]),
    ];
    for (starts, ends, axes, steps) in cases {
        let lists = |model: Model| {
            let list = |model: Model, name: &str, numbers: &[i64]| {
                model.integers(name, &[numbers.len()], numbers)
            };
            let model = list(list(model, "starts", starts), "ends", ends);
            list(list(model, "axes", axes), "steps", steps)
        };
        let inputs = ["a", "starts", "ends", "axes", "steps"];
        let a = tensor(&[4, 6, 5], 1.0, 1);
        lists(Model::of("Slice", &inputs, &[])).check(&a, &unused());
        // Of what is not computed yet.
        let later = Model::new().node("Exp", &["a"], &["e"], &[]).node(
            "Slice",
            &["e", "starts", "ends", "axes", "steps"],
            &["y"],
            &[],
        );
        lists(later).check(&a, &unused());
    }
    let few = Model::of("Slice", &["a", "starts", "ends"], &[]);
    let few = few.integers("starts", &[2], &[1, 2]).integers("ends", &[2], &[3, 5]);
    few.check(&tensor(&[4, 6, 5], 1.0, 1), &unused());
}

#[test]
fn splits_and_concats() {
    for axis in [0, 1, -1] {
        let model = Model::new()
            .node("Split", &["a"], &["p", "q"], &[Int("axis", axis)])
            .node("Exp", &["q"], &["e"], &[])
            .node("Concat", &["e", "p", "e"], &["y"], &[Int("axis", axis)]);
        model.check(&tensor(&[4, 6, 2], 1.0, 1), &unused());
    }
    let model = Model::new()
        .node("Split", &["a", "lengths"], &["p", "q", "r"], &[Int("axis", 1)])
        .node("Concat", &["r", "p", "b", "q"], &["y"], &[Int("axis", 1)])
        .integers("lengths", &[3], &[1, 3, 2]);
    model.check(&tensor(&[4, 6, 2], 1.0, 1), &tensor(&[4, 9, 2], 1.0, 2));
}

#[test]
fn axes_of_one() {
    let a = tensor(&[1, 3, 1, 4], 1.0, 1);
    for axes in [&[0][..], &[2, 0], &[-2]] {
        let model = Model::of("Squeeze", &["a", "axes"], &[]).integers("axes", &[axes.len()], axes);
        model.check(&a, &unused());
    }
    Model::of("Squeeze", &["a"], &[]).check(&a, &unused());
    for axes in [&[0][..], &[2, 0], &[-1, 1, 5]] {
        let model =
            Model::of("Unsqueeze", &["a", "axes"], &[]).integers("axes", &[axes.len()], axes);
        model.check(&a, &unused());
    }
}

#[test]
fn expansions() {
    let shapes: [(&[usize], &[i64]); 4] =
        [(&[3, 1], &[3, 4]), (&[3, 1], &[2, 1, 6]), (&[2, 3, 1], &[4]), (&[5], &[1])];
    for (shape, wanted) in shapes {
        let model = Model::of("Expand", &["a", "wanted"], &[]);
        model.integers("wanted", &[wanted.len()], wanted).check(&tensor(shape, 1.0, 1), &unused());
    }
}

#[test]
fn depth_and_space() {
    let a = tensor(&[2, 12, 4, 6], 1.0, 1);
    for mode in ["DCR", "CRD"] {
        let attributes = [Int("blocksize", 2), Text("mode", mode)];
        Model::of("DepthToSpace", &["a"], &attributes).check(&a, &unused());
    }
    Model::of("DepthToSpace", &["a"], &[Int("blocksize", 2)]).check(&a, &unused());
    Model::of("SpaceToDepth", &["a"], &[Int("blocksize", 2)]).check(&a, &unused());
    Model::of("SpaceToDepth", &["a"], &[Int("blocksize", 1)]).check(&a, &unused());
}

/// What fills a shape.
#[test]
fn constants_of_a_shape() {
    let model = Model::new()
        .node("Shape", &["a"], &["s"], &[])
        .node("ConstantOfShape", &["s"], &["zeros"], &[])
        .node("Add", &["zeros", "b"], &["y"], &[]);
    model.check(&tensor(&[3, 4], 1.0, 1), &tensor(&[4], 1.0, 2));
}
