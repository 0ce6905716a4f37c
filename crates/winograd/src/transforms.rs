//! The points and the three transforms, in double precision.

/// The three transforms of y = Aᵀ[(G g) ⊙ (Bᵀ d)] for m outputs, r taps and p = m + r − 1 points, row by row. A row of G
/// and of Bᵀ belongs to a point, a column of Aᵀ too.
#[derive(Debug, Clone, PartialEq)]
pub struct Transforms {
    /// Aᵀ `[m,p]`: from the products to the outputs.
    pub output: Vec<Vec<f64>>,
    /// G `[p,r]`: from the taps to the points.
    pub filter: Vec<Vec<f64>>,
    /// Bᵀ `[p,p]`: from the inputs to the points.
    pub input: Vec<Vec<f64>>,
}

/// The finite points, at which the polynomials are evaluated; the last point is infinity.
///
/// Of the sets tried for F(4, 5), with and without fifths, sixths and three quarters, this one has the smallest errors in
/// single precision (3e-6 for sums of 3200 products of order one), and every entry of A and B is exact.
///
/// # Panics
/// If nothing in this workspace computes F(m, r).
pub fn finite_points(outputs: usize, taps: usize) -> &'static [f64] {
    match (outputs, taps) {
        (2, 5) => &[0.0, 1.0, -1.0, 0.5, -2.0],
        (4, 3) => &[0.0, 1.0, -1.0, 2.0, -2.0],
        (4, 5) => &[0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5],
        _ => panic!("no points for F({outputs}, {taps})"),
    }
}

impl Transforms {
    /// Those of F(m, r) by Toom–Cook's construction.
    ///
    /// # Panics
    /// As [`finite_points`].
    pub fn new(outputs: usize, taps: usize) -> Self {
        let (finite, points) = (finite_points(outputs, taps), outputs + taps - 1);
        let mut output = vec![vec![0.0; points]; outputs];
        let mut filter = vec![vec![0.0; taps]; points];
        let mut input = vec![vec![0.0; points]; points];
        for (k, point) in finite.iter().enumerate() {
            let others = finite.iter().enumerate().filter(|(other, _)| *other != k);
            let others: Vec<f64> = others.map(|(_, point)| *point).collect();
            let norm: f64 = others.iter().map(|other| point - other).product();
            for (power, row) in output.iter_mut().enumerate() {
                row[k] = point.powi(power as i32);
            }
            for (power, value) in filter[k].iter_mut().enumerate() {
                *value = point.powi(power as i32) / norm;
            }
            input[k][..points - 1].copy_from_slice(&with_roots(&others));
        }
        // Infinity reads the highest coefficient.
        output[outputs - 1][points - 1] = 1.0;
        filter[points - 1][taps - 1] = 1.0;
        input[points - 1].copy_from_slice(&with_roots(finite));
        Self { output, filter, input }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn times(matrix: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
        matrix.iter().map(|row| row.iter().zip(vector).map(|(a, b)| a * b).sum()).collect()
    }

    #[test]
    fn a_tile_is_the_direct_convolution() {
        for (outputs, taps) in [(2, 5), (4, 3), (4, 5)] {
            let numbers = |count: usize, step: f64| -> Vec<f64> {
                (0..count).map(|index| (step * index as f64).cos()).collect()
            };
            let (d, g) = (numbers(outputs + taps - 1, 1.1), numbers(taps, 0.6));
            let transforms = Transforms::new(outputs, taps);
            let (u, v) = (times(&transforms.filter, &g), times(&transforms.input, &d));
            let products: Vec<f64> = u.iter().zip(&v).map(|(u, v)| u * v).collect();
            for (index, found) in times(&transforms.output, &products).into_iter().enumerate() {
                let expected: f64 = (0..taps).map(|tap| g[tap] * d[index + tap]).sum();
                // Factors up to 21 times the rounding of double precision.
                let error = (found - expected).abs();
                assert!(error < 1e-13, "F({outputs}, {taps}) at {index}: {found}, not {expected}");
            }
        }
    }
}
