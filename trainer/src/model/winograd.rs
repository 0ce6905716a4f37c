//! Winograd's algorithm for large convolutions, and its gradients.

use std::cell::RefCell;
use std::collections::BTreeMap;

use gqn_winograd::Transforms;
use tch::{Kind, Tensor};

/// Winograd's F(4×4, k×k): a tile of 4×4 outputs from n×n inputs, n = k + 3, with n² multiplications a pair of channels
/// instead of 16·k² (Lavin and Gray 2016). The products of all tiles are one batched product of matrices.
///
/// Along an axis, the transforms of all its tiles are one matrix, so that no tile is ever cut out: first the rows are
/// multiplied with it, then the columns. Pictures have their channels as the innermost axis in memory.
const TILE: i64 = 4;

/// Tiles and output channels whose share of a kernel's gradient is computed at once: enough for large products of
/// matrices, few enough to need little memory.
const TILES_AT_ONCE: i64 = 512;
const OUTPUTS_AT_ONCE: i64 = 128;

/// Whether a picture of that side consists of whole tiles.
pub(super) fn fits(side: i64) -> bool {
    side % TILE == 0
}

/// `kernel [out,in,k,k] -> [n²,out,in]`
pub(super) fn kernel(kernel: &Tensor) -> Tensor {
    let (output, input, size, _) = kernel.size4().expect("a kernel has four axes");
    let points = size + TILE - 1;
    let flat = kernel.reshape([-1, size * size]).transpose(0, 1);
    kernel_transform(size).matmul(&flat).view([points * points, output, input])
}

/// `x [B,in,s,s], kernel [n²,out,in] -> [B,out,s,s]`
pub(super) fn convolve(x: &Tensor, kernel: &Tensor) -> Tensor {
    let (.., height, width) = x.size4().expect("x is [B,C,s,s]");
    let size = kernel_size(kernel.size()[0]);
    let products = to_points(x, size, Axis::Input).bmm(&kernel.transpose(1, 2));
    from_points(&products, size, [height, width])
}

/// Tiles of `x [B,C,s,s]`.
pub(super) fn tiles(x: &Tensor) -> i64 {
    let (batch, _, height, width) = x.size4().expect("x is [B,C,s,s]");
    batch * (height / TILE) * (width / TILE)
}

/// Of pairs of `x [B,in,s,s]` and the gradient of what [`convolve`] made of it with one kernel: adds what concerns the
/// kernel's output channels from `first` on to their gradient `[out,in,k,k]`.
pub(super) fn add_kernel_gradient(pairs: &[(Tensor, Tensor)], first: i64, gradient: &Tensor) {
    let (outputs, input, size, _) = gradient.size4().expect("a kernel has four axes");
    let at_once = (TILES_AT_ONCE / tiles(&pairs[0].0)).max(1);
    for pairs in pairs.chunks(at_once as usize) {
        let (x, y): (Vec<_>, Vec<_>) = pairs.iter().map(|(x, y)| (x, y)).unzip();
        let x = to_points(&Tensor::cat(&x, 0), size, Axis::Input);
        for start in (0..outputs).step_by(OUTPUTS_AT_ONCE as usize) {
            let count = OUTPUTS_AT_ONCE.min(outputs - start);
            let y: Vec<_> = y.iter().map(|y| y.narrow(1, first + start, count)).collect();
            let y = to_points(&Tensor::cat(&y, 0), size, Axis::Output);
            let products = y.transpose(1, 2).bmm(&x).view([-1, count * input]);
            let part = products.transpose(0, 1).matmul(&kernel_transform(size));
            let _ = gradient.narrow(0, start, count).g_add_(&part.view([count, input, size, size]));
        }
    }
}

/// A matrix along an axis of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Axis {
    /// `[n·tiles,s]`: from spatial positions to the points of every tile.
    Input,
    /// `[n·tiles,s]`: from spatial positions to the points whose products they are made of; its transpose makes them.
    Output,
}

/// `x [B,C,s,s] -> [n²,B·tiles,C]`
fn to_points(x: &Tensor, size: i64, axis: Axis) -> Tensor {
    let (batch, channels, height, width) = x.size4().expect("x is [B,C,s,s]");
    let (points, rows, columns) = (size + TILE - 1, height / TILE, width / TILE);
    let x = x.permute([0, 2, 3, 1]).reshape([batch, height, width * channels]);
    let x = axis_transform(axis, size, height).matmul(&x);
    let x = x.view([batch * points * rows, width, channels]);
    let x = axis_transform(axis, size, width).matmul(&x);
    x.view([batch, points, rows, points, columns, channels]).permute([1, 3, 0, 2, 4, 5]).reshape([
        points * points,
        batch * rows * columns,
        channels,
    ])
}

/// `[n²,B·tiles,C] -> [B,C,s,s]`
fn from_points(products: &Tensor, size: i64, [height, width]: [i64; 2]) -> Tensor {
    let (points, rows, columns) = (size + TILE - 1, height / TILE, width / TILE);
    let (_, tiles, channels) = products.size3().expect("products are [n²,tiles,C]");
    let batch = tiles / (rows * columns);
    let x = products
        .view([points, points, batch, rows, columns, channels])
        .permute([2, 0, 3, 1, 4, 5])
        .reshape([batch * points * rows, points * columns, channels]);
    let back = |side| axis_transform(Axis::Output, size, side).transpose(0, 1);
    let x = back(width).matmul(&x).view([batch, points * rows, width * channels]);
    back(height).matmul(&x).view([batch, height, width, channels]).permute([0, 3, 1, 2])
}

fn kernel_size(points: i64) -> i64 {
    (1..=points).find(|size| (size + TILE - 1).pow(2) >= points).expect("a number")
}

/// `[n²,k²]`, for both axes at once.
fn kernel_transform(size: i64) -> Tensor {
    cached((None, size, size), || {
        let matrix = matrix(&Points::new(size).kernel, size);
        matrix.kron(&matrix)
    })
}

fn axis_transform(axis: Axis, size: i64, side: i64) -> Tensor {
    cached((Some(axis), size, side), || {
        let points = Points::new(size);
        let (n, tiles) = (size + TILE - 1, side / TILE);
        let mut numbers = vec![0.0; (n * tiles * side) as usize];
        let (width, table, first) = match axis {
            Axis::Input => (n, &points.input, -(size / 2)),
            Axis::Output => (TILE, &points.output, 0),
        };
        for point in 0..n {
            for tile in 0..tiles {
                for offset in 0..width {
                    let position = TILE * tile + offset + first;
                    if (0..side).contains(&position) {
                        numbers[((point * tiles + tile) * side + position) as usize] =
                            table[(point * width + offset) as usize];
                    }
                }
            }
        }
        matrix(&numbers, side)
    })
}

fn matrix(numbers: &[f64], columns: i64) -> Tensor {
    Tensor::from_slice(numbers).view([-1, columns])
}

/// What a matrix transforms, the kernel's size and the side's length.
type MatrixKey = (Option<Axis>, i64, i64);

/// The same matrices serve again and again.
fn cached(key: MatrixKey, make: impl FnOnce() -> Tensor) -> Tensor {
    thread_local! {
        static MATRICES: RefCell<BTreeMap<MatrixKey, Tensor>> =
            const { RefCell::new(BTreeMap::new()) };
    }
    MATRICES.with_borrow_mut(|matrices| {
        let matrix = matrices.entry(key).or_insert_with(|| make().to_kind(Kind::Float));
        matrix.shallow_clone()
    })
}

/// The transforms along one axis, a row for each point.
struct Points {
    /// `[n,n]`
    input: Vec<f64>,
    /// `[n,k]`
    kernel: Vec<f64>,
    /// `[n,4]`
    output: Vec<f64>,
}

impl Points {
    fn new(size: i64) -> Self {
        let Transforms { output, filter, input } = Transforms::new(TILE as usize, size as usize);
        let output = (0..input.len()).flat_map(|point| output.iter().map(move |row| row[point]));
        Self { output: output.collect(), kernel: filter.concat(), input: input.concat() }
    }
}

#[cfg(test)]
mod tests {
    use tch::Device;

    use super::*;
    use crate::convert::with_torch_seed;
    use crate::model::layers::same;

    /// The points' powers lose a digit: some 5e-6 of the largest number.
    const TOLERANCE: f64 = 2e-5;

    #[track_caller]
    fn check(what: &str, found: &Tensor, expected: &Tensor) {
        assert_eq!(found.size(), expected.size(), "{what}");
        let error = (found - expected).abs().max() / expected.abs().max();
        let error = error.double_value(&[]);
        assert!(error < TOLERANCE, "{what}: error {error:e}");
    }

    #[test]
    fn is_the_convolution_and_its_gradients() {
        for size in [3, 5] {
            let draw = |shape: [i64; 4]| Tensor::randn(shape, (Kind::Float, Device::Cpu));
            let (x, weight, slope) = with_torch_seed(5, || {
                (draw([2, 3, 8, 12]), draw([7, 3, size, size]), draw([2, 7, 8, 12]))
            });
            let leaves = [&x, &weight].map(|leaf| leaf.copy().set_requires_grad(true));
            let expected = same(&leaves[0], &leaves[1], None);
            (&expected * &slope).sum(Kind::Float).backward();
            let leaf = x.copy().set_requires_grad(true);
            let found = convolve(&leaf, &kernel(&weight));
            (&found * &slope).sum(Kind::Float).backward();
            check("output", &found, &expected);
            check("gradient of x", &leaf.grad(), &leaves[0].grad());
            let pairs = [0, 1].map(|sample| (x.narrow(0, sample, 1), slope.narrow(0, sample, 1)));
            let gradient = weight.zeros_like();
            for (first, count) in [(0, 3), (3, 4)] {
                add_kernel_gradient(&pairs, first, &gradient.narrow(0, first, count));
            }
            check("gradient of the kernel", &gradient, &leaves[1].grad());
        }
    }
}
