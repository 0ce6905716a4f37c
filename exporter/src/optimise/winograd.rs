//! Winograd's minimal filtering F(m×m, 5×5) for tiles of m = 4 or 2 (Winograd 1980; Lavin and Gray 2016, in the field's form).
//!
//! Four outputs of a filter of five taps are a product of polynomials read backwards, and a product of degree 7 follows
//! from its values at eight points. In one dimension y = Aᵀ[(G g) ⊙ (Bᵀ d)] with eight multiplications instead of 20;
//! in two the transforms nest, and 64 products stand for 400. Summed over channels, the products are 64 matrix
//! products, one for each pair of points. With two outputs there are six points, and 36 products stand for 100.

/// Taps of the filter in one dimension.
pub(crate) const TAPS: usize = 5;

/// How many outputs a tile has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tile {
    /// F(2×2, 5×5): 2.8 times fewer products than taps, and about 40 % of the errors (1.8e-6 against 4.6e-6 rms).
    F2,
    /// F(4×4, 5×5): 6.25 times fewer.
    F4,
}

impl Tile {
    /// The tile with so many points in one dimension.
    ///
    /// # Panics
    /// If there is none.
    pub(crate) fn of_points(points: usize) -> Self {
        let tile = [Self::F2, Self::F4].into_iter().find(|tile| tile.points() == points);
        tile.expect("a tile has six or eight points")
    }

    /// Outputs in one dimension.
    pub(crate) const fn side(self) -> usize {
        match self {
            Self::F2 => 2,
            Self::F4 => 4,
        }
    }

    /// Inputs in one dimension, and points.
    pub(crate) const fn points(self) -> usize {
        self.side() + TAPS - 1
    }
}

/// The three transforms, row by row. In two dimensions, for m² outputs and P pairs of points, `[m²,P]`, `[P,25]`, `[P,P]`; in
/// one, for m outputs and p points, `[m,p]`, `[p,5]`, `[p,p]`.
#[derive(Debug)]
pub(crate) struct Transforms {
    /// Aᵀ, or Aᵀ⊗Aᵀ: from products to outputs.
    pub(crate) output: Vec<f32>,
    /// G, or G⊗G: from taps to the points' values.
    pub(crate) filter: Vec<f32>,
    /// Bᵀ, or Bᵀ⊗Bᵀ: from inputs to the points' values.
    pub(crate) input: Vec<f32>,
}

impl Transforms {
    /// In two dimensions.
    pub(crate) fn new(tile: Tile) -> Self {
        let [output, filter, input] = matrices(tile).map(|matrix| squared(&matrix));
        Self { output, filter, input }
    }

    /// In one dimension.
    pub(crate) fn one_dimensional(tile: Tile) -> Self {
        let [output, filter, input] = matrices(tile)
            .map(|matrix| matrix.concat().into_iter().map(|number| number as f32).collect());
        Self { output, filter, input }
    }
}

/// From a whole line of that length to the points of its tiles, `[tiles·p,side]`: what lies outside of the line is zero
/// and left out.
pub(crate) fn row_transform(tile: Tile, side: usize) -> Vec<f32> {
    let (m, points, input) = (tile.side(), tile.points(), Transforms::one_dimensional(tile).input);
    let number = |row: usize, x: usize| {
        let tap = (x + 2).checked_sub(row / points * m).filter(|tap| *tap < points);
        tap.map_or(0.0, |tap| input[row % points * points + tap])
    };
    (0..side / m * points).flat_map(|row| (0..side).map(move |x| number(row, x))).collect()
}

/// Aᵀ, G and Bᵀ.
fn matrices(tile: Tile) -> [Vec<Vec<f64>>; 3] {
    let gqn_winograd::Transforms { output, filter, input } =
        gqn_winograd::Transforms::new(tile.side(), TAPS);
    [output, filter, input]
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

    fn check(tile: Tile) {
        // Sums of 25 products of order one; transforms up to 21 in size.
        const TOLERANCE: f32 = 1e-4;
        let points = tile.points();
        let numbers = |count: usize, step: f32| -> Vec<f32> {
            (0..count).map(|index| (step * index as f32).sin()).collect()
        };
        let (d, g) = (numbers(points * points, 1.3), numbers(TAPS * TAPS, 0.7));
        let transforms = Transforms::new(tile);
        let u = times(&transforms.filter, TAPS * TAPS, &g);
        let v = times(&transforms.input, points * points, &d);
        let products: Vec<f32> = u.iter().zip(&v).map(|(u, v)| u * v).collect();
        let found = times(&transforms.output, points * points, &products);
        assert_eq!(found.len(), tile.side() * tile.side());
        for (index, found) in found.into_iter().enumerate() {
            let (y, x) = (index / tile.side(), index % tile.side());
            let term = |tap: usize| g[tap] * d[(y + tap / TAPS) * points + x + tap % TAPS];
            let expected: f32 = (0..TAPS * TAPS).map(term).sum();
            assert!((found - expected).abs() < TOLERANCE, "({y}, {x}): {found}, not {expected}");
        }
    }

    #[test]
    fn a_tile_is_the_direct_convolution() {
        check(Tile::F4);
    }

    #[test]
    fn a_line_is_the_direct_convolution() {
        for tile in [Tile::F4, Tile::F2] {
            let numbers = |count: usize, step: f32| -> Vec<f32> {
                (0..count).map(|index| (step * index as f32).cos()).collect()
            };
            let (d, g) = (numbers(tile.points(), 1.1), numbers(TAPS, 0.6));
            let transforms = Transforms::one_dimensional(tile);
            let u = times(&transforms.filter, TAPS, &g);
            let v = times(&transforms.input, tile.points(), &d);
            let products: Vec<f32> = u.iter().zip(&v).map(|(u, v)| u * v).collect();
            let found = times(&transforms.output, tile.points(), &products);
            assert_eq!(found.len(), tile.side());
            for (index, found) in found.into_iter().enumerate() {
                let expected: f32 = (0..TAPS).map(|tap| g[tap] * d[index + tap]).sum();
                assert!((found - expected).abs() < 1e-5, "{index}: {found}, not {expected}");
            }
        }
    }

    #[test]
    fn a_fine_tile_is_the_direct_convolution() {
        check(Tile::F2);
    }
}
