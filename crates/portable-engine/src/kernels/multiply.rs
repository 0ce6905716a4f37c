//! The inner loops of matrix products.

use std::ops::Range;

use super::panels::Panels;

/// Rows and columns of a tile, whose sums stay in registers: eight vectors, and room for what is multiplied.
pub(crate) const ROWS: usize = 4;
pub(crate) const COLUMNS: usize = if cfg!(target_arch = "x86_64") { 16 } else { 8 };

/// The rows of a product's left side.
pub(crate) type Left = Panels<ROWS>;

/// The columns of its right side.
pub(crate) type Right = Panels<COLUMNS>;

/// How much of the inner axis is multiplied before the next part: so much of a panel stays in the nearest cache.
const DEPTH: usize = 256;

pub(crate) type Tile = [[f32; COLUMNS]; ROWS];

/// Adds left · right to rows that begin `stride` numbers apart; the left side's inner axis is `part` of its lines.
pub(crate) fn multiply(
    left: &Left,
    part: Range<usize>,
    right: &Right,
    out: &mut [f32],
    stride: usize,
) {
    assert_eq!(part.len(), right.length(), "inner axis");
    for start in (0..part.len()).step_by(DEPTH) {
        let of_right = start..part.len().min(start + DEPTH);
        let of_left = part.start + of_right.start..part.start + of_right.end;
        for column in (0..right.lines()).step_by(COLUMNS) {
            let right_panel = right.panel(column / COLUMNS, &of_right);
            let width = COLUMNS.min(right.lines() - column);
            for row in (0..left.lines()).step_by(ROWS) {
                let tile = tile(left.panel(row / ROWS, &of_left), right_panel);
                let height = ROWS.min(left.lines() - row);
                let out = &mut out[row * stride + column..];
                add(&tile, height, width, out, stride);
            }
        }
    }
}

/// A tile of the product of two panels.
#[inline]
fn tile(left: &[[f32; ROWS]], right: &[[f32; COLUMNS]]) -> Tile {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    write_tile(left, right, sums.as_flattened_mut(), COLUMNS);
    sums
}

/// Writes a tile of the product of two panels to rows that begin `stride` numbers apart.
#[inline]
pub(crate) fn write_tile(
    left: &[[f32; ROWS]],
    right: &[[f32; COLUMNS]],
    out: &mut [f32],
    stride: usize,
) {
    #[cfg(target_arch = "wasm32")]
    if super::relaxed::write_tile(left, right, out, stride) {
        return;
    }
    #[cfg(target_arch = "x86_64")]
    let wide = super::avx2::tile(left, right);
    #[cfg(not(target_arch = "x86_64"))]
    let wide: Option<Tile> = None;
    let tile = wide.unwrap_or_else(|| sum(left, right, |sum, left, right| sum + left * right));
    for (row, sums) in tile.iter().enumerate() {
        out[row * stride..][..COLUMNS].copy_from_slice(sums);
    }
}

/// Writes as much of a tile as there is room for.
#[inline]
pub(crate) fn write_part(
    left: &[[f32; ROWS]],
    right: &[[f32; COLUMNS]],
    (height, width): (usize, usize),
    out: &mut [f32],
    stride: usize,
) {
    if height >= ROWS && width >= COLUMNS {
        return write_tile(left, right, out, stride);
    }
    let width = width.min(COLUMNS);
    for (row, sums) in tile(left, right).iter().take(height).enumerate() {
        out[row * stride..][..width].copy_from_slice(&sums[..width]);
    }
}

/// The sums of a tile's products.
#[inline(always)]
#[allow(clippy::inline_always, reason = "it takes on the instructions of its caller")]
pub(super) fn sum(
    left: &[[f32; ROWS]],
    right: &[[f32; COLUMNS]],
    add: impl Fn(f32, f32, f32) -> f32,
) -> Tile {
    let mut sums = [[0.0; COLUMNS]; ROWS];
    for (left, right) in left.iter().zip(right) {
        for (sums, left) in sums.iter_mut().zip(left) {
            for (sum, right) in sums.iter_mut().zip(right) {
                *sum = add(*sum, *left, *right);
            }
        }
    }
    sums
}

#[inline]
fn add(tile: &Tile, height: usize, width: usize, out: &mut [f32], stride: usize) {
    for (row, sums) in tile.iter().take(height).enumerate() {
        let out = &mut out[row * stride..];
        if width == COLUMNS {
            for (out, sum) in out[..COLUMNS].iter_mut().zip(sums) {
                *out += sum;
            }
        } else {
            for (out, sum) in out[..width].iter_mut().zip(sums) {
                *out += sum;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whole numbers, so that every order of summing gives the same.
    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count).map(|index| ((index * 7 + seed) % 11) as f32 - 5.0).collect()
    }

    #[track_caller]
    fn check(rows: usize, depth: usize, columns: usize) {
        let (a, b) = (numbers(rows * depth, 1), numbers(depth * columns, 2));
        let left = Left::pack(&a, (rows, depth), (depth, 1));
        let right = Right::pack(&b, (columns, depth), (1, columns));
        // Wider than the product: what stands beside it stays as it is.
        let stride = columns + 3;
        let mut out = vec![100.0; rows * stride];
        multiply(&left, 0..depth, &right, &mut out, stride);
        for row in 0..rows {
            for column in 0..stride {
                let term = |d: usize| a[row * depth + d] * b[d * columns + column];
                let sum = if column < columns { (0..depth).map(term).sum() } else { 0.0 };
                let found = out[row * stride + column];
                assert!(
                    (found - 100.0 - sum).abs() <= 0.0,
                    "({row}, {column}): {found}, not {sum}"
                );
            }
        }
    }

    #[test]
    fn whole_tiles() {
        check(8, 16, 24);
    }

    #[test]
    fn parts_of_tiles() {
        check(7, 3, 13);
        check(1, 1, 1);
    }

    #[test]
    fn more_than_a_cache_holds() {
        check(5, 2 * DEPTH + 9, 9);
    }

    #[test]
    fn columns_may_stand_as_rows() {
        let (a, b) = (numbers(6, 3), numbers(8, 4));
        // b is stored column by column.
        let left = Left::pack(&a, (3, 2), (2, 1));
        let right = Right::pack(&b, (4, 2), (2, 1));
        let mut out = vec![0.0; 12];
        multiply(&left, 0..2, &right, &mut out, 4);
        for (index, found) in out.iter().enumerate() {
            let (row, column) = (index / 4, index % 4);
            let expected = a[2 * row] * b[2 * column] + a[2 * row + 1] * b[2 * column + 1];
            assert!((found - expected).abs() <= 0.0, "{index}: {found}, not {expected}");
        }
    }
}
