//! Products with a small matrix of many zeros, and with its Kronecker square M⊗M.

/// A matrix with many zeros, for the left side of products.
#[derive(Debug)]
pub(crate) struct Sparse {
    /// Of each row what is not zero, and where.
    rows: Vec<Vec<(usize, f32)>>,
    columns: usize,
}

/// Numbers of a row that are summed together: their sums stay in registers.
const WIDTH: usize = 32;

impl Sparse {
    /// The matrix, row by row.
    pub(crate) fn new(matrix: &[f32], columns: usize) -> Self {
        let terms = |row: &[f32]| {
            let terms = row.iter().copied().enumerate();
            terms.filter(|(_, number)| *number != 0.0).collect()
        };
        Self { rows: matrix.chunks(columns).map(terms).collect(), columns }
    }

    /// The matrix, if leaving out its zeros saves more than the products of a dense one are faster.
    pub(crate) fn if_it_pays(matrix: &[f32], columns: usize) -> Option<Self> {
        let terms = matrix.iter().filter(|number| **number != 0.0).count();
        (2 * terms <= matrix.len()).then(|| Self::new(matrix, columns))
    }

    /// Rows and columns.
    pub(crate) fn sides(&self) -> [usize; 2] {
        [self.rows.len(), self.columns]
    }

    /// `x [columns,length] -> out [rows,length]`
    pub(crate) fn apply(&self, x: &[f32], out: &mut [f32], length: usize) {
        for (out, terms) in out.chunks_mut(length).zip(&self.rows) {
            let (blocks, rest) = out.as_chunks_mut::<WIDTH>();
            let whole = blocks.len() * WIDTH;
            for (index, block) in blocks.iter_mut().enumerate() {
                let mut sums = [0.0; WIDTH];
                for (row, factor) in terms {
                    let x = &x[row * length + index * WIDTH..][..WIDTH];
                    sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += factor * x);
                }
                *block = sums;
            }
            for (index, out) in rest.iter_mut().enumerate() {
                let term = |(row, factor): &(usize, f32)| factor * x[row * length + whole + index];
                *out = terms.iter().map(term).sum();
            }
        }
    }
}

/// A small matrix with many zeros, and its product with itself (M⊗M) times the rows of a square.
///
/// Row (i, j) of the result is the sum over k and l of `M[i,k]` · `M[j,l]` · row (k, l): first along one side of the square,
/// then along the other, which takes a fraction of the products of the whole matrix.
#[derive(Debug)]
pub(crate) struct KroneckerSquare {
    root: Sparse,
}

impl KroneckerSquare {
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
        Some(Self { root: Sparse::new(&root, c) })
    }

    /// Rows of the square that comes in, and of that which leaves.
    pub(crate) fn sides(&self) -> [usize; 2] {
        let [r, c] = self.root.sides();
        [c, r]
    }

    /// `x [c·c,n] -> out [r·r,n]`; `between` is memory.
    pub(crate) fn apply(&self, x: &[f32], out: &mut [f32], length: usize, between: &mut Vec<f32>) {
        let [c, r] = self.sides();
        between.resize(between.len().max(r * c * length), 0.0);
        self.root.apply(x, &mut between[..r * c * length], c * length);
        let squares = between[..r * c * length].chunks(c * length).zip(out.chunks_mut(r * length));
        for (x, out) in squares {
            self.root.apply(x, out, length);
        }
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
    fn a_sparse_matrix_is_the_product_with_the_whole() {
        let matrix = [0.0, 2.0, 0.0, 0.0, 1.0, 0.0, 0.0, -4.25, 0.0, 0.0, 0.0, 0.0];
        let sparse = Sparse::if_it_pays(&matrix, 4).expect("most are zeros");
        assert!(Sparse::if_it_pays(&[1.0, 1.0, 1.0, 0.0], 2).is_none());
        for length in [1, WIDTH, 2 * WIDTH + 7] {
            let x: Vec<f32> = (0..4 * length).map(|index| (index % 7) as f32 - 3.0).collect();
            let mut out = vec![100.0; 3 * length];
            sparse.apply(&x, &mut out, length);
            for (index, found) in out.iter().enumerate() {
                let (row, column) = (index / length, index % length);
                let term = |k: usize| matrix[row * 4 + k] * x[k * length + column];
                let expected: f32 = (0..4).map(term).sum();
                // Quarters of small whole numbers are exact.
                assert!((found - expected).abs() <= 0.0, "{index}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn it_is_the_product_with_the_whole_matrix() {
        let matrix = squared([[1.0, 0.0, -5.25], [0.5, 4.0, 0.0]]);
        let mix = KroneckerSquare::root(&matrix, 4, 9).expect("a square");
        for length in [1, WIDTH, WIDTH + 11] {
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
        assert!(KroneckerSquare::root(&matrix, 4, 9).is_some());
        matrix[7] += 0.01;
        assert!(KroneckerSquare::root(&matrix, 4, 9).is_none());
        assert!(KroneckerSquare::root(&[0.0; 36], 4, 9).is_none());
        assert!(KroneckerSquare::root(&[1.0; 6], 2, 3).is_none());
    }
}
