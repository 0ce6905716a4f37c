//! Winograd's minimal filtering F(4×4, 5×5) (Winograd 1980; Lavin and Gray 2016, in the field's form).
//!
//! Four outputs of a filter of five taps are a product of polynomials read backwards, and a product of degree 7 follows
//! from its values at eight points. In one dimension y = Aᵀ[(G g) ⊙ (Bᵀ d)] with eight multiplications instead of 20;
//! in two the transforms nest, and 64 products stand for 400. Summed over channels, the products are 64 matrix
//! products, one for each pair of points.

/// Outputs of a tile in one dimension.
pub(crate) const TILE: usize = 4;

/// Taps of the filter in one dimension.
pub(crate) const TAPS: usize = 5;

/// Inputs of a tile in one dimension, and points.
pub(crate) const POINTS: usize = TILE + TAPS - 1;

/// The finite points; the eighth is infinity. Of the sets tried, with and without fifths, sixths and three quarters,
/// this one has the smallest errors in single precision (3e-6 for sums of 3200 products of order one), and every entry
/// of A and B is exact.
const FINITE: [f64; POINTS - 1] = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5];

/// The three transforms for two dimensions, row by row: `[16,64]`, `[64,25]`, `[64,64]`.
#[derive(Debug)]
pub(crate) struct Transforms {
    /// Aᵀ⊗Aᵀ: from products to outputs.
    pub(crate) output: Vec<f32>,
    /// G⊗G: from taps to the points' values.
    pub(crate) filter: Vec<f32>,
    /// Bᵀ⊗Bᵀ: from inputs to the points' values.
    pub(crate) input: Vec<f32>,
}

impl Transforms {
    pub(crate) fn new() -> Self {
        let (mut output, mut filter, mut input) = (
            vec![vec![0.0; POINTS]; TILE],
            vec![vec![0.0; TAPS]; POINTS],
            vec![vec![0.0; POINTS]; POINTS],
        );
        for (k, point) in FINITE.into_iter().enumerate() {
            let others = FINITE.into_iter().enumerate().filter(|(other, _)| *other != k);
            let others: Vec<f64> = others.map(|(_, point)| point).collect();
            let norm: f64 = others.iter().map(|other| point - other).product();
            for (power, row) in output.iter_mut().enumerate() {
                row[k] = point.powi(power as i32);
            }
            for (power, value) in filter[k].iter_mut().enumerate() {
                *value = point.powi(power as i32) / norm;
            }
            input[k][..POINTS - 1].copy_from_slice(&with_roots(&others));
        }
        // Infinity reads the highest coefficient.
        output[TILE - 1][POINTS - 1] = 1.0;
        filter[POINTS - 1][TAPS - 1] = 1.0;
        input[POINTS - 1].copy_from_slice(&with_roots(&FINITE));
        Self { output: squared(&output), filter: squared(&filter), input: squared(&input) }
    }
}

/// Coefficients, lowest first, of the monic polynomial with those roots.
fn with_roots(roots: &[f64]) -> Vec<f64> {
    let mut coefficients = vec![1.0];
    for root in roots {
        let mut next = vec![0.0; coefficients.len() + 1];
        for (power, coefficient) in coefficients.iter().enumerate() {
            next[power + 1] += coefficient;
            next[power] -= root * coefficient;
        }
        coefficients = next;
    }
    coefficients
}

/// The Kronecker product of a matrix with itself.
fn squared(matrix: &[Vec<f64>]) -> Vec<f32> {
    let mut product = Vec::new();
    for upper in matrix {
        for lower in matrix {
            product.extend(
                upper.iter().flat_map(|left| lower.iter().map(move |right| (left * right) as f32)),
            );
        }
    }
    product
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(matrix: &[f32], columns: usize, vector: &[f32]) -> Vec<f32> {
        let row = |row: &[f32]| row.iter().zip(vector).map(|(a, b)| a * b).sum();
        matrix.chunks(columns).map(row).collect()
    }

    #[test]
    fn a_tile_is_the_direct_convolution() {
        // Sums of 25 products of order one; transforms up to 21 in size.
        const TOLERANCE: f32 = 1e-4;
        let numbers = |count: usize, step: f32| -> Vec<f32> {
            (0..count).map(|index| (step * index as f32).sin()).collect()
        };
        let (d, g) = (numbers(POINTS * POINTS, 1.3), numbers(TAPS * TAPS, 0.7));
        let transforms = Transforms::new();
        let u = times(&transforms.filter, TAPS * TAPS, &g);
        let v = times(&transforms.input, POINTS * POINTS, &d);
        let products: Vec<f32> = u.iter().zip(&v).map(|(u, v)| u * v).collect();
        let found = times(&transforms.output, POINTS * POINTS, &products);
        for (index, found) in found.into_iter().enumerate() {
            let (y, x) = (index / TILE, index % TILE);
            let term = |tap: usize| g[tap] * d[(y + tap / TAPS) * POINTS + x + tap % TAPS];
            let expected: f32 = (0..TAPS * TAPS).map(term).sum();
            assert!((found - expected).abs() < TOLERANCE, "({y}, {x}): {found}, not {expected}");
        }
    }
}
