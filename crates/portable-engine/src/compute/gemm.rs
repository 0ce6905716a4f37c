//! Matrix products: packed GEMM, GEMM with a constant left side, batched matmul.

use std::sync::Arc;

use anyhow::Result;

use super::plan::Compute;
use super::view::Axis;
use crate::kernels::{
    COLUMNS, Left, Matrices, ROWS, Right, Sparse, arrange, multiply, sum_rows, write_part,
};

/// Rows in the order in which products read them: `[rows, G·k] -> [G, rows / ROWS, k, ROWS]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Pack {
    pub(crate) offset: usize,
    pub(crate) rows: Axis,
    /// G
    pub(crate) parts: usize,
    /// k
    pub(crate) depth: usize,
}

impl Pack {
    /// How many numbers it gives: panels are whole.
    pub(crate) fn len(&self) -> usize {
        self.parts * self.rows.length.next_multiple_of(ROWS) * self.depth
    }
}

impl Compute for Pack {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let (depth, Axis { length: rows, stride }) = (self.depth, self.rows);
        let parts = outputs[0].as_chunks_mut().0.chunks_mut(rows.div_ceil(ROWS) * depth);
        for (index, part) in parts.enumerate() {
            let x = &inputs[0][self.offset + index * depth..];
            arrange::<ROWS>(x, (rows, depth), (stride, 1), part);
        }
        Ok(())
    }
}

/// Packed rows times a constant matrix, or their parts times a matrix each: `[rows, G·k] -> [rows, G·n]`.
#[derive(Debug, Clone)]
pub(crate) struct PackedGemm {
    pub(crate) rows: usize,
    /// One for each of the G parts, `[k,n]`.
    pub(crate) matrices: Arc<Matrices>,
}

impl PackedGemm {
    /// A panel of the rows of one part.
    pub(super) fn left<'a>(
        &self,
        packed: &'a [f32],
        part: usize,
        panel: usize,
    ) -> &'a [[f32; ROWS]] {
        let depth = self.matrices.depth();
        let panel = part * self.rows.div_ceil(ROWS) + panel;
        &packed.as_chunks().0[panel * depth..][..depth]
    }
}

impl Compute for PackedGemm {
    fn work(&self, _: &[usize], outputs: &[usize]) -> u64 {
        outputs[0] as u64 * self.matrices.depth() as u64
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let (count, columns) = (self.matrices.count(), self.matrices.columns());
        for index in 0..count {
            for column in (0..columns).step_by(COLUMNS) {
                let right = self.matrices.panel(index, column / COLUMNS);
                for row in (0..self.rows).step_by(ROWS) {
                    let out = &mut outputs[0][(row * count + index) * columns + column..];
                    let left = self.left(inputs[0], index, row / ROWS);
                    let room = (self.rows - row, columns - column);
                    write_part(left, right, room, out, count * columns);
                }
            }
        }
        Ok(())
    }
}

/// A constant matrix times the rows of every item: `[m,k], [items,k,n] -> [items,m,n]`.
#[derive(Debug)]
pub(crate) struct LeftGemm {
    pub(crate) matrix: Arc<Left>,
    pub(crate) columns: usize,
}

impl Compute for LeftGemm {
    fn work(&self, _: &[usize], outputs: &[usize]) -> u64 {
        outputs[0] as u64 * self.matrix.length() as u64
    }

    fn scratch(&self) -> usize {
        self.columns.next_multiple_of(COLUMNS).saturating_mul(self.matrix.length())
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let (rows, depth, columns) = (self.matrix.lines(), self.matrix.length(), self.columns);
        outputs[0].fill(0.0);
        let mut right = Right::default();
        let items = inputs[0].chunks(depth * columns).zip(outputs[0].chunks_mut(rows * columns));
        for (item, out) in items {
            right.repack(item, (columns, depth), (1, columns));
            multiply(&self.matrix, 0..depth, &right, out, columns);
        }
        Ok(())
    }
}

/// The same with a matrix of many zeros.
#[derive(Debug)]
pub(crate) struct SparseLeftGemm {
    pub(crate) matrix: Arc<Sparse>,
    pub(crate) columns: usize,
}

impl Compute for SparseLeftGemm {
    fn work(&self, _: &[usize], outputs: &[usize]) -> u64 {
        outputs[0] as u64 * self.matrix.sides()[1] as u64
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let [rows, depth] = self.matrix.sides();
        let items = inputs[0].chunks(depth * self.columns);
        for (item, out) in items.zip(outputs[0].chunks_mut(rows * self.columns)) {
            self.matrix.apply(item, out, self.columns);
        }
        Ok(())
    }
}

/// Matrices that both are computed, item by item: `[items,m,k], [items,k,n] -> [items,m,n]`.
#[derive(Debug)]
pub(crate) struct BatchedMatmul {
    pub(crate) rows: usize,
    pub(crate) depth: usize,
    pub(crate) columns: usize,
}

impl Compute for BatchedMatmul {
    fn work(&self, _: &[usize], outputs: &[usize]) -> u64 {
        outputs[0] as u64 * self.depth as u64
    }

    fn scratch(&self) -> usize {
        if self.rows < ROWS {
            return 0;
        }
        let lines = self.rows.next_multiple_of(ROWS) + self.columns.next_multiple_of(COLUMNS);
        self.depth.saturating_mul(lines)
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let Self { rows, depth, columns } = *self;
        if rows < ROWS {
            // To put a matrix in order would take longer than to multiply it.
            let matrices = inputs[1].chunks(depth * columns);
            let lefts = inputs[0].chunks(rows * depth).zip(outputs[0].chunks_mut(rows * columns));
            for (b, (a, out)) in matrices.zip(lefts) {
                for (weights, out) in a.chunks(depth).zip(out.chunks_mut(columns)) {
                    sum_rows(weights, |term| &b[term * columns..][..columns], out);
                }
            }
            return Ok(());
        }
        outputs[0].fill(0.0);
        let (mut left, mut right) = (Left::default(), Right::default());
        let items = inputs[0].chunks(rows * depth).zip(inputs[1].chunks(depth * columns));
        for ((a, b), out) in items.zip(outputs[0].chunks_mut(rows * columns)) {
            left.repack(a, (rows, depth), (depth, 1));
            right.repack(b, (columns, depth), (1, columns));
            multiply(&left, 0..depth, &right, out, columns);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Parts of rows times a matrix each, the rows among other numbers.
    #[track_caller]
    fn check(rows: usize, parts: usize, depth: usize, columns: usize) {
        let (offset, stride) = (3, parts * depth + 2);
        // Small whole numbers, so that every order of summing gives the same.
        let numbers = |count: usize, seed: usize| -> Vec<f32> {
            (0..count).map(|index| ((index * 7 + seed) % 11) as f32 - 5.0).collect()
        };
        let x = numbers(offset + rows * stride, 1);
        let weights = numbers(parts * depth * columns, 2);
        let pack = Pack { offset, rows: Axis { length: rows, stride }, parts, depth };
        let mut packed = vec![f32::NAN; pack.len()];
        pack.run(&[&x], &mut [&mut packed]).expect("rows");
        let matrices = Matrices::pack(&weights, parts, (columns, depth), (1, columns));
        let dense = PackedGemm { rows, matrices: Arc::new(matrices) };
        let mut found = vec![f32::NAN; rows * parts * columns];
        dense.run(&[&packed], &mut [&mut found]).expect("products");
        for (index, found) in found.iter().enumerate() {
            let (row, part, column) =
                (index / columns / parts, index / columns % parts, index % columns);
            let term = |d: usize| {
                x[offset + row * stride + part * depth + d]
                    * weights[(part * depth + d) * columns + column]
            };
            let expected: f32 = (0..depth).map(term).sum();
            assert!((found - expected).abs() <= 0.0, "{index}: {found}, not {expected}");
        }
    }

    #[test]
    fn packed_rows_times_matrices_are_the_plain_products() {
        check(2 * ROWS, 3, 5, 2 * COLUMNS);
        check(ROWS + 3, 2, 4, COLUMNS + 5);
        check(1, 1, 1, 1);
    }
}
