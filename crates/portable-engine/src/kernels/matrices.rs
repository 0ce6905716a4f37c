//! Several matrices, packed for the right sides of products.

use super::multiply::{COLUMNS, Right};

/// Panels of columns of one matrix that stand together, before those of the next matrix.
pub(crate) const TOGETHER: usize = 4;

/// Matrices `[depth,columns]` for the right sides of products: some columns of all matrices, then the next columns, so
/// that a product which goes through all matrices for each part of its columns reads them from one end to the other.
#[derive(Debug)]
pub(crate) struct Matrices {
    panels: Right,
    count: usize,
    columns: usize,
}

impl Matrices {
    /// `count` matrices one behind the other; number d of column c stands at `c · line + d · step` of its matrix.
    pub(crate) fn pack(
        data: &[f32],
        count: usize,
        (columns, depth): (usize, usize),
        (line, step): (usize, usize),
    ) -> Self {
        let mut panels = Right::default();
        panels.reset(count * columns.next_multiple_of(COLUMNS), depth);
        let mut matrices = Self { panels, count, columns };
        let mut packed = Right::default();
        for (index, matrix) in data.chunks((columns * depth).max(1)).take(count).enumerate() {
            packed.repack(matrix, (columns, depth), (line, step));
            for panel in 0..columns.div_ceil(COLUMNS) {
                let place = matrices.place(index, panel);
                let from = packed.panel(panel, &(0..depth));
                matrices.panels.panel_mut(place).copy_from_slice(from);
            }
        }
        matrices
    }

    fn place(&self, matrix: usize, panel: usize) -> usize {
        let start = panel / TOGETHER * TOGETHER;
        let together = TOGETHER.min(self.columns.div_ceil(COLUMNS) - start);
        start * self.count + matrix * together + panel - start
    }

    /// The columns `panel · COLUMNS ..` of a matrix.
    pub(crate) fn panel(&self, matrix: usize, panel: usize) -> &[[f32; COLUMNS]] {
        self.panels.panel(self.place(matrix, panel), &(0..self.depth()))
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    pub(crate) fn depth(&self) -> usize {
        self.panels.length()
    }

    /// Of each matrix.
    pub(crate) fn columns(&self) -> usize {
        self.columns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_is_found_where_it_stands() {
        let (count, depth) = (3, 2);
        // More panels than stand together, and a part of one.
        let columns = (TOGETHER + 1) * COLUMNS + 5;
        let data: Vec<f32> = (0..count * columns * depth).map(|number| number as f32).collect();
        let matrices = Matrices::pack(&data, count, (columns, depth), (1, columns));
        for (index, number) in data.iter().enumerate() {
            let (matrix, rest) = (index / (columns * depth), index % (columns * depth));
            let (d, column) = (rest / columns, rest % columns);
            let found = matrices.panel(matrix, column / COLUMNS)[d][column % COLUMNS];
            assert!((found - number).abs() <= 0.0, "{matrix}, {d}, {column}: {found}");
        }
    }
}
