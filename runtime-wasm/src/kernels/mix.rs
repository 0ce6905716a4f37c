/// A small matrix with many zeros, and its product with itself (M⊗M) times the rows of a square.
///
/// Row (i, j) of the result is the sum over k and l of `M[i,k]` · `M[j,l]` · row (k, l): first along one side of the square,
/// then along the other, which takes a fraction of the products of the whole matrix.
#[derive(Debug)]
pub(crate) struct Mix {
    /// Of each row of M what is not zero, and where.
    rows: Vec<Vec<(usize, f32)>>,
    columns: usize,
}

/// Numbers of a row that are summed together.
const WIDTH: usize = 8;

impl Mix {
    /// M, if the matrix `[rows,columns]` is M⊗M.
    pub(crate) fn root(matrix: &[f32], rows: usize, columns: usize) -> Option<Self> {
        let side = |length: usize| (1..=length).find(|side| side * side >= length);
        let (r, c) = (side(rows)?, side(columns)?);
        if r * r != rows || c * c != columns || rows * columns != matrix.len() || rows == 1 {
            return None;
        }
        let at = |i: usize, j: usize, k: usize, l: usize| matrix[(i * r + j) * columns + k * c + l];
        // Squares of M's entries; the largest tells its root best.
        let entries = (0..r).flat_map(|i| (0..c).map(move |k| (i, k)));
        let (i, k) =
            entries.max_by(|a, b| at(a.0, a.0, a.1, a.1).total_cmp(&at(b.0, b.0, b.1, b.1)))?;
        let largest = at(i, i, k, k).sqrt();
        let root: Vec<f32> =
            (0..r * c).map(|index| at(i, index / c, k, index % c) / largest).collect();
        for (index, number) in matrix.iter().enumerate() {
            let (row, column) = (index / columns, index % columns);
            let product = root[row / r * c + column / c] * root[row % r * c + column % c];
            // A difference of rounding only; nothing near to it is another matrix.
            if (product - number).abs() > 1e-6 * largest * largest || !product.is_finite() {
                return None;
            }
        }
        let terms = |row: &[f32]| {
            let terms = row.iter().copied().enumerate();
            terms.filter(|(_, number)| *number != 0.0).collect()
        };
        Some(Self { rows: root.chunks(c).map(terms).collect(), columns: c })
    }

    /// Rows of the square that comes in, and of that which leaves.
    pub(crate) fn sides(&self) -> [usize; 2] {
        [self.columns, self.rows.len()]
    }

    /// `x [c·c,n] -> out [r·r,n]`; `between` is memory.
    pub(crate) fn apply(&self, x: &[f32], out: &mut [f32], length: usize, between: &mut Vec<f32>) {
        let [c, r] = self.sides();
        between.resize(between.len().max(r * c * length), 0.0);
        self.along(x, &mut between[..r * c * length], c * length);
        let squares = between[..r * c * length].chunks(c * length).zip(out.chunks_mut(r * length));
        for (x, out) in squares {
            self.along(x, out, length);
        }
    }

    /// `x [c,length] -> out [r,length]`
    fn along(&self, x: &[f32], out: &mut [f32], length: usize) {
        for (out, terms) in out.chunks_mut(length).zip(&self.rows) {
            out.fill(0.0);
            let row = |term: usize| (&x[terms[term].0 * length..][..length], terms[term].1);
            let mut term = 0;
            // Several at once, so that a sum travels to memory and back less often.
            while term + 3 < terms.len() {
                add_rows([row(term), row(term + 1), row(term + 2), row(term + 3)], out);
                term += 4;
            }
            while term + 1 < terms.len() {
                add_rows([row(term), row(term + 1)], out);
                term += 2;
            }
            if term < terms.len() {
                add_rows([row(term)], out);
            }
        }
    }
}

/// Adds multiples of rows.
#[inline]
fn add_rows<const N: usize>(rows: [(&[f32], f32); N], out: &mut [f32]) {
    let (blocks, rest) = out.as_chunks_mut::<WIDTH>();
    let start = blocks.len() * WIDTH;
    let from = rows.map(|(row, _)| row.as_chunks::<WIDTH>().0);
    for (index, block) in blocks.iter_mut().enumerate() {
        for ((_, factor), from) in rows.iter().zip(from) {
            for (sum, x) in block.iter_mut().zip(&from[index]) {
                *sum += factor * x;
            }
        }
    }
    for (index, out) in rest.iter_mut().enumerate() {
        *out += rows.iter().map(|(row, factor)| factor * row[start + index]).sum::<f32>();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M⊗M of a matrix of two rows and three columns.
    fn squared(m: [[f32; 3]; 2]) -> Vec<f32> {
        let mut squared = Vec::new();
        for (i, j) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            squared.extend((0..9).map(|column| m[i][column / 3] * m[j][column % 3]));
        }
        squared
    }

    #[test]
    fn it_is_the_product_with_the_whole_matrix() {
        let matrix = squared([[1.0, 0.0, -5.25], [0.5, 4.0, 0.0]]);
        let mix = Mix::root(&matrix, 4, 9).expect("a square");
        for length in [1, 8, 19] {
            let x: Vec<f32> = (0..9 * length).map(|index| (index % 7) as f32 - 3.0).collect();
            let mut out = vec![0.0; 4 * length];
            mix.apply(&x, &mut out, length, &mut Vec::new());
            for (index, found) in out.iter().enumerate() {
                let (row, column) = (index / length, index % length);
                let term = |k: usize| matrix[row * 9 + k] * x[k * length + column];
                let expected: f32 = (0..9).map(term).sum();
                // Sums of a few products of numbers up to 30 · 3.
                assert!((found - expected).abs() < 1e-4, "{index}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn other_matrices_are_none() {
        let mut matrix = squared([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
        assert!(Mix::root(&matrix, 4, 9).is_some());
        matrix[7] += 0.01;
        assert!(Mix::root(&matrix, 4, 9).is_none());
        assert!(Mix::root(&[0.0; 36], 4, 9).is_none());
        assert!(Mix::root(&[1.0; 6], 2, 3).is_none());
    }
}
