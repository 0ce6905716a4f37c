//! Malformed attributes, shapes and indices are errors with a reason.

use crate::model::Set::{Int, Ints, Text};
use crate::model::{Model, tensor, unused};

/// What the built-in engine says about a node of `a [2,12,4,6]` and the constants below.
#[track_caller]
fn refused(operator: &str, inputs: &[&str], attributes: &[crate::model::Set<'_>], text: &str) {
    let model = Model::of(operator, inputs, attributes)
        .integers("none", &[0], &[])
        .integers("zero", &[1], &[0])
        .integers("one", &[1], &[1])
        .integers("nine", &[1], &[9])
        .integers("twice", &[2], &[1, -3])
        .integers("again", &[2], &[1, -5])
        .integers("open", &[2], &[-1, -1])
        .integers("large", &[3], &[1 << 31, 1 << 31, 1 << 31])
        .integers("negative", &[1], &[-5])
        .integers("beyond", &[1], &[i64::MAX])
        .floats("float", &tensor(&[1], 1.0, 1))
        .floats("vector", &tensor(&[5], 1.0, 1))
        .floats("weight", &tensor(&[4, 12, 3, 3], 1.0, 1))
        .floats("matrix", &tensor(&[5, 7], 1.0, 1));
    model.check_refused(&tensor(&[2, 12, 4, 6], 1.0, 1), &unused(), text);
}

#[test]
fn pointwise() {
    refused("Add", &["a", "vector"], &[], "shapes");
    refused("Add", &["a"], &[], "no input 1");
    refused("Add", &["a", "one"], &[], "floats and integers");
    refused("Max", &[], &[], "no inputs");
    refused("Clip", &["a", "vector"], &[], "a bound is a list");
    refused("Exp", &["one"], &[], "not known for integers");
    refused("Relu", &["one"], &[], "not known for integers");
    refused("Mul", &["beyond", "beyond"], &[], "too large");
    refused("Cast", &["a"], &[], "to what");
    refused("Cast", &["a"], &[Int("to", 8)], "type 8");
    refused("Cast", &["a"], &[Int("to", i64::MAX)], "none that the exporter writes");
}

#[test]
fn reductions() {
    refused("Softmax", &["a"], &[Int("axis", 4)], "axis 4 of 4");
    refused("Softmax", &["a"], &[Int("axis", i64::MIN)], "axis");
    refused("ReduceSum", &["a", "nine"], &[], "axis 9 of 4");
    refused("ReduceSum", &["a", "twice"], &[], "name one twice");
    refused("ReduceSum", &["a", "float"], &[], "does not hold integers");
    refused("ReduceMean", &["a"], &[Ints("axes", &[-5])], "axis -5 of 4");
}

#[test]
fn layout() {
    refused("Reshape", &["a", "nine"], &[], "is not [9]");
    refused("Reshape", &["a", "open"], &[], "2 lengths open");
    refused("Reshape", &["a", "large"], &[], "more than a machine holds");
    refused("Reshape", &["a", "negative"], &[], "");
    refused("Transpose", &["a"], &[Ints("perm", &[0, 1, 2])], "no order of 4 axes");
    refused("Transpose", &["a"], &[Ints("perm", &[0, 1, 2, -1])], "");
    refused("Concat", &["a", "matrix"], &[Int("axis", 0)], "it joins");
    refused("Concat", &["a", "a"], &[], "no axis");
    refused("Split", &["a", "twice"], &[], "");
    refused("Split", &["a", "nine"], &[Int("axis", 1)], "do not make up 12");
    refused("Slice", &["a", "one"], &[], "no ends");
    refused("Slice", &["a", "one", "one"], &[], "nothing of 2");
    refused("Slice", &["a", "one", "twice"], &[], "starts [1], ends [1, -3]");
    refused("Slice", &["a", "twice", "twice", "twice"], &[], "name one twice");
    refused("Slice", &["a", "zero", "one", "zero", "zero"], &[], "steps of 0");
    refused("Expand", &["a", "nine"], &[], "shapes");
    refused("Expand", &["matrix", "large"], &[], "");
    refused("Unsqueeze", &["a", "nine"], &[], "axis 9 of 5");
    refused("Unsqueeze", &["a", "again"], &[], "name one twice");
    refused("Squeeze", &["a", "zero"], &[], "are not all one");
    refused("DepthToSpace", &["a"], &[], "no blocksize");
    refused("DepthToSpace", &["a"], &[Int("blocksize", 0)], "empty");
    refused("DepthToSpace", &["a"], &[Int("blocksize", 1 << 33)], "do not fill blocks");
    refused("DepthToSpace", &["a"], &[Int("blocksize", 5)], "do not fill blocks");
    refused("DepthToSpace", &["a"], &[Int("blocksize", 2), Text("mode", "RCD")], "RCD");
    refused("SpaceToDepth", &["a"], &[Int("blocksize", 4)], "does not consist of blocks");
    refused("ConstantOfShape", &["large"], &[], "");
    refused("ConstantOfShape", &["negative"], &[], "");
    refused("Range", &["zero", "beyond", "one"], &[], "more than a machine holds");
    refused("Range", &["zero", "one", "zero"], &[], "steps of zero");
}

#[test]
fn sampling() {
    refused("Gather", &["a", "float"], &[], "indices are floats");
    refused("Gather", &["a", "nine"], &[], "index 9 of 2");
    refused("Gather", &["a", "negative"], &[], "index -5 of 2");
    refused("Gather", &["a", "beyond"], &[], "of 2");
    refused("Gather", &["a", "one"], &[Int("axis", 4)], "axis 4 of 4");
    refused("GridSample", &["a", "a"], &[], "a grid of shape [2, 12, 4, 6]");
    refused("GridSample", &["a", "matrix"], &[], "shape [5, 7]");
    refused("GridSample", &["matrix", "a"], &[], "shape [5, 7]");
    let pool = |attributes: &[crate::model::Set<'_>], text| {
        refused("AveragePool", &["a"], attributes, text);
    };
    pool(&[], "no kernel_shape");
    pool(&[Ints("kernel_shape", &[2])], "windows of [2]");
    pool(&[Ints("kernel_shape", &[0, 2])], "");
    pool(&[Ints("kernel_shape", &[5, 2])], "do not fit");
    pool(&[Ints("kernel_shape", &[2, 2]), Ints("strides", &[0, 1])], "move by [0, 1]");
    pool(&[Ints("kernel_shape", &[2, 2]), Ints("pads", &[2, 0, 0, 0])], "lie in paddings");
    pool(&[Ints("kernel_shape", &[2, 2]), Ints("pads", &[0, 0])], "paddings of [0, 0]");
    pool(&[Ints("kernel_shape", &[2, 2]), Int("ceil_mode", 1)], "rounded up");
    pool(&[Ints("kernel_shape", &[2, 2]), Text("auto_pad", "SAME_UPPER")], "pads by itself");
    pool(&[Ints("kernel_shape", &[2, 2]), Ints("dilations", &[2, 1])], "dilated");
}

#[test]
fn modes() {
    let grid = tensor(&[1, 2, 2, 2], 1.0, 1);
    let picture = tensor(&[1, 1, 4, 4], 1.0, 2);
    for (name, text) in [("mode", "bicubic"), ("padding_mode", "wrap")] {
        let model = Model::of("GridSample", &["a", "b"], &[Text(name, text)]);
        model.check_refused(&picture, &grid, text);
    }
    let model = Model::of("GridSample", &["a", "b"], &[]);
    model.check_refused(&tensor(&[2, 1, 4, 4], 1.0, 2), &grid, "2 pictures and 1 grids");
}

#[test]
fn products() {
    refused("MatMul", &["a", "matrix"], &[], "inner axes have lengths 6 and 5");
    refused("MatMul", &["a", "a"], &[], "inner axes have lengths 6 and 4");
    let conv = |attributes: &[crate::model::Set<'_>], text| {
        refused("Conv", &["a", "weight"], attributes, text);
    };
    conv(&[Ints("pads", &[0; 3])], "paddings of [0, 0, 0]");
    conv(&[Ints("pads", &[i64::MAX; 4])], "");
    conv(&[Ints("pads", &[-1, 0, 0, 0])], "");
    conv(&[Ints("strides", &[1, 0])], "move by [1, 0]");
    conv(&[Int("group", 0)], "0 groups");
    conv(&[Int("group", 5)], "groups");
    refused("Conv", &["a", "matrix"], &[], "a weight of shape [5, 7]");
    refused("Conv", &["a", "a"], &[], "not constant");
    refused("Conv", &["matrix", "weight"], &[], "shape [5, 7]");
    refused("Unheard", &["a"], &[], "no such operator");
}

/// Indices that are computed are known at run time only.
#[test]
fn indices_out_of_range() {
    let model = Model::new().node("Cast", &["b"], &["i"], &[Int("to", 7)]).node(
        "Gather",
        &["a", "i"],
        &["y"],
        &[Int("axis", 1)],
    );
    let a = tensor(&[2, 5, 3], 1.0, 1);
    for number in [5.0, -6.0, 1e30, -1e30] {
        let b = tensor(&[3], 0.0, 1) + number;
        model.check_refused(&a, &b, "out of range for an axis of 5");
    }
    for number in [4.9, -5.9, f32::NAN] {
        let y = model.run(&a, &(tensor(&[3], 0.0, 1) + number)).expect("rows that are there");
        assert_eq!(y.shape(), [2, 3, 3]);
    }
    // Products that no index holds do not come back into range.
    let model = Model::new()
        .node("Cast", &["b"], &["i"], &[Int("to", 7)])
        .node("Mul", &["i", "large"], &["j"], &[])
        .node("Gather", &["a", "j"], &["y"], &[])
        .integers("large", &[], &[1 << 30]);
    model.check_refused(&a, &(tensor(&[1], 0.0, 1) + 4.0), "out of range for an axis of 2");
    // Of a sum of rows too.
    let model = Model::new()
        .node("Cast", &["b"], &["i"], &[Int("to", 7)])
        .node("Gather", &["a", "i"], &["g"], &[])
        .node("Unsqueeze", &["b", "one"], &["w"], &[])
        .node("MatMul", &["w", "g"], &["y"], &[])
        .integers("one", &[1], &[1]);
    let b = tensor(&[3, 4], 0.0, 1) + 9.0;
    model.check_refused(&tensor(&[5, 3], 1.0, 1), &b, "index 9 is out of range for an axis of 5");
}
