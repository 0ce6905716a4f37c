//! `GridSample` and `Gather` of floats.

use gqn_formats::Tensor;

use crate::model::Set::{Int, Ints, Text};
use crate::model::{Model, tensor};

/// Positions inside, outside, far outside, and on the edges of pixels and of the picture.
fn grid(n: usize, rows: usize, columns: usize) -> Tensor {
    let mut grid = tensor(&[n, rows, columns, 2], 3.4, 7);
    let edges = [-1.0, 1.0, 0.0, -1.25, 1.25, 0.75, 5.5, -9.0];
    for (index, number) in grid.iter_mut().enumerate() {
        if index % 3 == 1 {
            *number = edges[index / 3 % edges.len()];
        }
    }
    grid
}

#[test]
fn every_mode_padding_and_alignment() {
    for mode in ["bilinear", "nearest"] {
        for padding in ["zeros", "border", "reflection"] {
            for align in [0, 1] {
                let attributes = [
                    Text("mode", mode),
                    Text("padding_mode", padding),
                    Int("align_corners", align),
                ];
                let model = Model::of("GridSample", &["a", "b"], &attributes);
                model.check(&tensor(&[2, 3, 8, 4], 1.0, 1), &grid(2, 5, 6));
                model.check(&tensor(&[1, 1, 2, 16], 1.0, 2), &grid(1, 40, 31));
                // Channels that stand together are read together.
                let last = Model::new()
                    .node("Transpose", &["a"], &["c"], &[Ints("perm", &[0, 3, 1, 2])])
                    .node("GridSample", &["c", "b"], &["y"], &attributes);
                last.check(&tensor(&[2, 8, 4, 5], 1.0, 3), &grid(2, 30, 21));
            }
        }
    }
}

/// One picture for all grids, and one grid for all pictures.
#[test]
fn shared_pictures_and_grids() {
    for order in [[0, 1, 2, 3], [0, 3, 1, 2]] {
        let model = Model::new()
            .node("Expand", &["a", "shape"], &["c"], &[])
            .node("Transpose", &["c"], &["d"], &[Ints("perm", &order)])
            .node("GridSample", &["d", "b"], &["y"], &[Text("padding_mode", "border")])
            .integers("shape", &[4], &[3, 1, 1, 1]);
        model.check(&tensor(&[1, 4, 6, 5], 1.0, 1), &grid(3, 4, 4));
    }
    let model = Model::new()
        .node("Expand", &["b", "shape"], &["c"], &[])
        .node("GridSample", &["a", "c"], &["y"], &[])
        .integers("shape", &[4], &[3, 1, 1, 1]);
    model.check(&tensor(&[3, 4, 6, 5], 1.0, 1), &grid(1, 4, 4));
}

/// Whatever stands in a grid, nothing outside of the picture is read.
#[test]
fn odd_positions_do_no_harm() {
    let odd = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX, f32::MIN, 1e9, -1e9, 0.0];
    let numbers =
        (0..128).map(|index| odd[if index % 2 == 0 { index / 16 } else { index / 2 % 8 }]);
    let grid = Tensor::from_shape_vec(vec![1, 8, 8, 2], numbers.collect()).expect("it fits");
    let a = tensor(&[1, 2, 5, 4], 1.0, 1);
    for mode in ["bilinear", "nearest"] {
        for padding in ["zeros", "border", "reflection"] {
            for align in [0, 1] {
                let attributes = [
                    Text("mode", mode),
                    Text("padding_mode", padding),
                    Int("align_corners", align),
                ];
                let y = Model::of("GridSample", &["a", "b"], &attributes).run(&a, &grid);
                assert_eq!(y.expect("some numbers").shape(), [1, 2, 8, 8]);
            }
        }
    }
}

#[test]
fn gathers_along_any_axis() {
    let a = tensor(&[4, 5, 6], 1.0, 1);
    let indices: [(&[usize], &[i64]); 4] =
        [(&[], &[2]), (&[3], &[0, -1, 3]), (&[2, 2], &[1, 1, -4, 0]), (&[1, 1, 2], &[3, -2])];
    for axis in [0, 1, 2, -1] {
        for (shape, numbers) in indices {
            let model = Model::of("Gather", &["a", "i"], &[Int("axis", axis)]);
            model.integers("i", shape, numbers).check(&a, &tensor(&[1], 1.0, 2));
        }
    }
}
