use std::cell::OnceCell;

use tch::{Kind, Tensor};

/// Winograd's F(4×4, 5×5): a tile of 4×4 outputs from 8×8 inputs with 64 multiplications a pair of channels instead of
/// 400 (Lavin and Gray 2016). The products of all tiles are one batched product of matrices.
const TILE: i64 = 4;
const INPUT: i64 = 8;
const KERNEL: i64 = 5;

/// Where the polynomials are evaluated, besides at infinity.
const POINTS: [f64; 7] = [0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5];

/// Whether a picture of that side consists of whole tiles.
pub(super) fn fits(side: i64) -> bool {
    side % TILE == 0
}

/// `kernel [out,in,5,5] -> [64,in,out]`
pub(super) fn kernel(kernel: &Tensor) -> Tensor {
    let (output, input, ..) = kernel.size4().expect("a kernel has four axes");
    let flat = kernel.permute([2, 3, 1, 0]).reshape([KERNEL * KERNEL, input * output]);
    with_transforms(|transforms| transforms.kernel.matmul(&flat)).view([
        INPUT * INPUT,
        input,
        output,
    ])
}

/// `x [B,in,s,s], kernel [64,in,out] -> [B,out,s,s]`, with channels as the innermost axis in memory
pub(super) fn convolve(x: &Tensor, kernel: &Tensor) -> Tensor {
    let (batch, channels, height, width) = x.size4().expect("x is [B,C,s,s]");
    let (rows, columns, output) = (height / TILE, width / TILE, kernel.size()[2]);
    let border = (INPUT - TILE) / 2;
    let padded = x.permute([0, 2, 3, 1]).constant_pad_nd([0, 0, border, border, border, border]);
    let tiles = padded.unfold(1, INPUT, TILE).unfold(2, INPUT, TILE);
    let tiles = tiles.permute([4, 5, 0, 1, 2, 3]).reshape([INPUT * INPUT, -1]);
    with_transforms(|transforms| {
        let points = transforms.input.matmul(&tiles).view([INPUT * INPUT, -1, channels]);
        let products = points.bmm(kernel).view([INPUT * INPUT, -1]);
        let tiles = transforms.output.matmul(&products);
        let tiles = tiles.view([TILE, TILE, batch, rows, columns, output]);
        tiles.permute([2, 3, 0, 4, 1, 5]).reshape([batch, height, width, output])
    })
    .permute([0, 3, 1, 2])
}

/// The three transforms, for both axes at once.
struct Transforms {
    /// `[64,64]`
    input: Tensor,
    /// `[64,25]`
    kernel: Tensor,
    /// `[16,64]`
    output: Tensor,
}

fn with_transforms<T>(job: impl FnOnce(&Transforms) -> T) -> T {
    thread_local! {
        static TRANSFORMS: OnceCell<Transforms> = const { OnceCell::new() };
    }
    TRANSFORMS.with(|cell| job(cell.get_or_init(Transforms::new)))
}

impl Transforms {
    /// Toom–Cook's matrices, transposed: an input row has the coefficients of Π (x - q) over the other points, a kernel
    /// row the powers of its point over Π (point - q), an output column the powers of its point.
    fn new() -> Self {
        let mut input = Vec::new();
        let mut kernel = Vec::new();
        let mut output = vec![0.0; (TILE * INPUT) as usize];
        for (index, point) in POINTS.into_iter().enumerate() {
            let others = || {
                let all = POINTS.into_iter().enumerate();
                all.filter(move |(other, _)| *other != index).map(|(_, other)| other)
            };
            input.extend(coefficients(others()));
            let scale: f64 = others().map(|other| point - other).product();
            kernel.extend((0..KERNEL).map(|power| point.powi(power as i32) / scale));
            for power in 0..TILE {
                output[(power * INPUT) as usize + index] = point.powi(power as i32);
            }
        }
        input.extend(coefficients(POINTS.into_iter()));
        kernel.extend([0.0, 0.0, 0.0, 0.0, 1.0]);
        output[(TILE * INPUT) as usize - 1] = 1.0;
        let both_axes = |numbers: &[f64], columns: i64| {
            let matrix = Tensor::from_slice(numbers).view([-1, columns]);
            matrix.kron(&matrix).to_kind(Kind::Float)
        };
        Self {
            input: both_axes(&input, INPUT),
            kernel: both_axes(&kernel, KERNEL),
            output: both_axes(&output, INPUT),
        }
    }
}

/// Of Π (x - root), lowest power first.
fn coefficients(roots: impl Iterator<Item = f64>) -> [f64; INPUT as usize] {
    let mut found = [0.0; INPUT as usize];
    found[0] = 1.0;
    for root in roots {
        for power in (0..INPUT as usize).rev() {
            let below = if power > 0 { found[power - 1] } else { 0.0 };
            found[power] = below - root * found[power];
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::convert::with_torch_seed;
    use crate::model::layers::same;

    /// The points' powers lose a digit: some 1e-6 of the largest output.
    const TOLERANCE: f64 = 5e-6;

    #[test]
    fn is_the_convolution() {
        let [x, weight] = with_torch_seed(5, || {
            [[2, 3, 8, 12], [7, 3, 5, 5]]
                .map(|shape| Tensor::randn(shape, (Kind::Float, Device::Cpu)))
        });
        let (found, expected) = (convolve(&x, &kernel(&weight)), same(&x, &weight, None));
        assert_eq!(found.size(), expected.size());
        let error = (found - &expected).abs().max() / expected.abs().max();
        let error = error.double_value(&[]);
        assert!(error < TOLERANCE, "error {error:e}");
    }
}
