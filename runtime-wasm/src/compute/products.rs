use std::sync::Arc;

use super::plan::Compute;
use super::view::Axis;
use crate::kernels::{COLUMNS, Left, Matrices, ROWS, Right, Sparse, multiply, write_part};

/// Rows times a constant matrix, or the parts of rows times a matrix each: `[rows, G·k] -> [rows, G·n]`.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    pub(crate) offset: usize,
    pub(crate) rows: Axis,
    /// One for each of the G parts, `[k,n]`.
    pub(crate) matrices: Arc<Matrices>,
}

impl Compute for Dense {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Axis { length: rows, stride } = self.rows;
        let (count, depth) = (self.matrices.count(), self.matrices.depth());
        let columns = self.matrices.columns();
        let mut left = Left::default();
        for index in 0..count {
            let x = &inputs[0][self.offset + index * depth..];
            left.repack(x, (rows, depth), (stride, 1));
            for column in (0..columns).step_by(COLUMNS) {
                let right = self.matrices.panel(index, column / COLUMNS);
                for row in (0..rows).step_by(ROWS) {
                    let out = &mut outputs[0][(row * count + index) * columns + column..];
                    let (left, room) =
                        (left.panel(row / ROWS, &(0..depth)), (rows - row, columns - column));
                    write_part(left, right, room, out, count * columns);
                }
            }
        }
    }
}

/// A constant matrix times the rows of every item: `[m,k], [items,k,n] -> [items,m,n]`.
#[derive(Debug)]
pub(crate) struct Combine {
    pub(crate) matrix: Arc<Left>,
    pub(crate) columns: usize,
}

impl Compute for Combine {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let (rows, depth, columns) = (self.matrix.lines(), self.matrix.length(), self.columns);
        outputs[0].fill(0.0);
        let mut right = Right::default();
        let items = inputs[0].chunks(depth * columns).zip(outputs[0].chunks_mut(rows * columns));
        for (item, out) in items {
            right.repack(item, (columns, depth), (1, columns));
            multiply(&self.matrix, 0..depth, &right, out, columns);
        }
    }
}

/// The same with a matrix of many zeros.
#[derive(Debug)]
pub(crate) struct CombineSparse {
    pub(crate) matrix: Arc<Sparse>,
    pub(crate) columns: usize,
}

impl Compute for CombineSparse {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let [rows, depth] = self.matrix.sides();
        let items = inputs[0].chunks(depth * self.columns);
        for (item, out) in items.zip(outputs[0].chunks_mut(rows * self.columns)) {
            self.matrix.apply(item, out, self.columns);
        }
    }
}

/// Matrices that both are computed, item by item: `[items,m,k], [items,k,n] -> [items,m,n]`.
#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

impl Compute for Product {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Self { rows, depth, columns } = *self;
        outputs[0].fill(0.0);
        let (mut left, mut right) = (Left::default(), Right::default());
        let items = inputs[0].chunks(rows * depth).zip(inputs[1].chunks(depth * columns));
        for ((a, b), out) in items.zip(outputs[0].chunks_mut(rows * columns)) {
            left.repack(a, (rows, depth), (depth, 1));
            right.repack(b, (columns, depth), (1, columns));
            multiply(&left, 0..depth, &right, out, columns);
        }
    }
}
