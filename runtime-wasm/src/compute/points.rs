use std::sync::Arc;

use super::plan::Compute;
use super::products::Dense;
use super::view::Axis;
use crate::kernels::{COLUMNS, Left, Mix, ROWS, tile};

/// The parts of rows times a matrix each, and then a mixture of the products, as at the end of Winograd's convolution:
/// `[rows, c·c·k] -> [rows, r·r, n]`. What is mixed never leaves the nearest caches.
#[derive(Debug)]
pub(crate) struct Points {
    pub(crate) dense: Dense,
    pub(crate) mix: Arc<Mix>,
}

/// Rows that are computed before the next ones: what is multiplied of them stays in a near cache.
const BLOCK: usize = 8 * ROWS;

impl Compute for Points {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let Dense { offset, rows: Axis { length: rows, stride }, matrices } = &self.dense;
        let Some(first) = matrices.first() else { return };
        let (depth, columns) = (first.length(), first.lines());
        let [c, r] = self.mix.sides();
        let mut lefts: Vec<Left> = matrices.iter().map(|_| Left::default()).collect();
        // Of one panel of columns: all points of every row, then its places.
        let mut points = vec![0.0; BLOCK * c * c * COLUMNS];
        let mut places = vec![0.0; r * r * COLUMNS];
        let mut between = Vec::new();
        for start in (0..*rows).step_by(BLOCK) {
            let count = BLOCK.min(rows - start);
            for (group, left) in lefts.iter_mut().enumerate() {
                let x = &inputs[0][offset + start * stride + group * depth..];
                left.repack(x, (count, depth), (*stride, 1));
            }
            for column in (0..columns).step_by(COLUMNS) {
                for (group, (left, matrix)) in lefts.iter().zip(matrices.iter()).enumerate() {
                    let right = matrix.panel(column / COLUMNS, &(0..depth));
                    for row in (0..count).step_by(ROWS) {
                        let tile = tile(left.panel(row / ROWS, &(0..depth)), right);
                        for (within, numbers) in tile.iter().enumerate() {
                            let place = ((row + within) * c * c + group) * COLUMNS;
                            points[place..place + COLUMNS].copy_from_slice(numbers);
                        }
                    }
                }
                let width = COLUMNS.min(columns - column);
                for (row, points) in points.chunks(c * c * COLUMNS).take(count).enumerate() {
                    self.mix.apply(points, &mut places, COLUMNS, &mut between);
                    let out = &mut outputs[0][(start + row) * r * r * columns + column..];
                    for (place, numbers) in places.chunks(COLUMNS).enumerate() {
                        out[place * columns..][..width].copy_from_slice(&numbers[..width]);
                    }
                }
            }
        }
    }
}

/// The mixture alone: `[items, c·c, n] -> [items, r·r, n]`.
#[derive(Debug)]
pub(crate) struct Mixed {
    pub(crate) mix: Arc<Mix>,
    pub(crate) columns: usize,
}

impl Compute for Mixed {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) {
        let [c, r] = self.mix.sides();
        let mut between = Vec::new();
        let items = inputs[0].chunks(c * c * self.columns);
        for (x, out) in items.zip(outputs[0].chunks_mut(r * r * self.columns)) {
            self.mix.apply(x, out, self.columns, &mut between);
        }
    }
}
