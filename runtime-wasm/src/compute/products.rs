use std::sync::Arc;

use super::plan::Compute;
use super::view::Axis;
use crate::kernels::{Left, Right, multiply};

/// Rows times a constant matrix, or the parts of rows times a matrix each: `[rows, G·k] -> [rows, G·n]`.
#[derive(Debug, Clone)]
pub(crate) struct Dense {
    pub(crate) offset: usize,
    pub(crate) rows: Axis,
    /// One for each of the G parts, `[k,n]`.
    pub(crate) matrices: Arc<Vec<Right>>,
}

impl Compute for Dense {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Axis { length: rows, stride } = self.rows;
        let Some(first) = self.matrices.first() else { return };
        outputs[0].fill(0.0);
        let (depth, columns) = (first.length(), first.lines());
        let mut left = Left::default();
        for (group, matrix) in self.matrices.iter().enumerate() {
            let x = &inputs[0][self.offset + group * depth..];
            left.repack(x, (rows, depth), (stride, 1));
            let out = &mut outputs[0][group * columns..];
            multiply(&left, 0..depth, matrix, out, self.matrices.len() * columns);
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
