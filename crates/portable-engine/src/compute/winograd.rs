//! The GEMM and the output transform of Winograd's convolution in one pass.

use std::sync::Arc;

use anyhow::Result;

use super::gemm::PackedGemm;
use super::plan::Compute;
use crate::kernels::{COLUMNS, KroneckerSquare, ROWS, TOGETHER, write_tile};

/// The parts of packed rows times a matrix each, and then a mixture of the products, as at the end of Winograd's convolution:
/// `[rows, c·c·k] -> [rows, r·r, n]`. What is mixed never leaves the nearest caches.
#[derive(Debug)]
pub(crate) struct WinogradGemm {
    pub(crate) dense: PackedGemm,
    pub(crate) mix: Arc<KroneckerSquare>,
}

/// Rows that are computed before the next ones: what is multiplied of them stays in a near cache.
const BLOCK: usize = 8 * ROWS;

impl Compute for WinogradGemm {
    fn work(&self, _: &[usize], outputs: &[usize]) -> u64 {
        let [c, r] = self.mix.sides().map(|side| side as u64);
        let products = c * c * (self.dense.matrices.depth() as u64 + r) + r * r * c;
        outputs[0] as u64 / (r * r).max(1) * products
    }

    fn scratch(&self) -> usize {
        let [c, r] = self.mix.sides();
        (c * c + r * r + r * c).saturating_mul(BLOCK * TOGETHER * COLUMNS)
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let PackedGemm { rows, matrices } = &self.dense;
        let columns = matrices.columns();
        let [c, r] = self.mix.sides();
        // Of some panels of columns and every row: all points, then all places.
        let mut points = vec![0.0; c * c * BLOCK * TOGETHER * COLUMNS];
        let mut places = vec![0.0; r * r * BLOCK * TOGETHER * COLUMNS];
        let mut between = Vec::new();
        for start in (0..*rows).step_by(BLOCK) {
            let count = BLOCK.min(rows - start);
            for column in (0..columns).step_by(TOGETHER * COLUMNS) {
                let panels = (columns - column).div_ceil(COLUMNS).min(TOGETHER);
                let across = panels * COLUMNS;
                let length = count.next_multiple_of(ROWS) * across;
                for (group, points) in points.chunks_mut(length).take(matrices.count()).enumerate()
                {
                    for index in 0..panels {
                        let right = matrices.panel(group, column / COLUMNS + index);
                        for (row, to) in points.chunks_mut(ROWS * across).enumerate() {
                            let left = self.dense.left(inputs[0], group, start / ROWS + row);
                            write_tile(left, right, &mut to[index * COLUMNS..], across);
                        }
                    }
                }
                let places = &mut places[..r * r * length];
                self.mix.apply(&points[..c * c * length], places, length, &mut between);
                let width = across.min(columns - column);
                for (place, numbers) in places.chunks(length).enumerate() {
                    for (row, numbers) in numbers.chunks(across).take(count).enumerate() {
                        let row = (start + row) * r * r + place;
                        let out = &mut outputs[0][row * columns + column..][..width];
                        out.copy_from_slice(&numbers[..width]);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The mixture alone: `[items, c·c, n] -> [items, r·r, n]`.
#[derive(Debug)]
pub(crate) struct OutputTransform {
    pub(crate) mix: Arc<KroneckerSquare>,
    pub(crate) columns: usize,
}

impl Compute for OutputTransform {
    fn work(&self, inputs: &[usize], outputs: &[usize]) -> u64 {
        let [c, r] = self.mix.sides();
        inputs[0] as u64 * r as u64 + outputs[0] as u64 * c as u64
    }

    fn scratch(&self) -> usize {
        let [c, r] = self.mix.sides();
        (r * c).saturating_mul(self.columns)
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let [c, r] = self.mix.sides();
        let mut between = Vec::new();
        let items = inputs[0].chunks(c * c * self.columns);
        for (x, out) in items.zip(outputs[0].chunks_mut(r * r * self.columns)) {
            self.mix.apply(x, out, self.columns, &mut between);
        }
        Ok(())
    }
}
