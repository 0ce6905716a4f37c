//! Convolutions and the initialisation of their weights.

use std::borrow::Borrow;

use tch::Tensor;
use tch::nn::{Init, Path};

use super::compute::Layout;
use super::kernel::Part;

/// A convolution with bias.
#[derive(Debug)]
pub(crate) struct Conv {
    weight: Tensor,
    bias: Tensor,
    stride: i64,
    padding: i64,
}

impl Conv {
    /// Stride k, no padding: every k×k block becomes one spatial position. A `ReLU` follows.
    pub(crate) fn strided<'a>(
        path: impl Borrow<Path<'a>>,
        input: i64,
        output: i64,
        kernel: i64,
    ) -> Self {
        Self::new(path, [input, output, kernel], kernel, 0, rectified)
    }

    /// Stride 1, padded so that the size stays. A `ReLU` follows.
    pub(crate) fn same<'a>(
        path: impl Borrow<Path<'a>>,
        input: i64,
        output: i64,
        kernel: i64,
    ) -> Self {
        Self::new(path, [input, output, kernel], 1, kernel / 2, rectified)
    }

    /// Stride 1, padded so that the size stays. Nothing follows: the output is a quantity by itself.
    pub(crate) fn head<'a>(
        path: impl Borrow<Path<'a>>,
        input: i64,
        output: i64,
        kernel: i64,
    ) -> Self {
        Self::new(path, [input, output, kernel], 1, kernel / 2, uniform)
    }

    /// [`Conv::head`] of `[in, out, k]` whose bias starts elsewhere.
    pub(super) fn head_with_bias<'a>(
        path: impl Borrow<Path<'a>>,
        [input, output, kernel]: [i64; 3],
        bias: Init,
    ) -> Self {
        let weight = uniform(input * kernel * kernel);
        Self::with_init(path, [input, output, kernel], weight, bias)
    }

    /// [`Conv::head`] of `[in, out, k]` that starts at zero.
    pub(super) fn zeros<'a>(path: impl Borrow<Path<'a>>, sizes: [i64; 3]) -> Self {
        Self::with_init(path, sizes, Init::Const(0.0), Init::Const(0.0))
    }

    fn with_init<'a>(
        path: impl Borrow<Path<'a>>,
        [input, output, kernel]: [i64; 3],
        weight: Init,
        bias: Init,
    ) -> Self {
        let path = path.borrow();
        let weight = path.var("weight", &[output, input, kernel, kernel], weight);
        let bias = path.var("bias", &[output], bias);
        Self { weight, bias, stride: 1, padding: kernel / 2 }
    }

    fn new<'a>(
        path: impl Borrow<Path<'a>>,
        [input, output, kernel]: [i64; 3],
        stride: i64,
        padding: i64,
        init: fn(i64) -> Init,
    ) -> Self {
        let path = path.borrow();
        let fan = input * kernel * kernel;
        let weight = path.var("weight", &[output, input, kernel, kernel], init(fan));
        let bias = path.var("bias", &[output], uniform(fan));
        Self { weight, bias, stride, padding }
    }

    /// `[out,in,k,k], [out]`
    pub(super) fn parameters(&self) -> [&Tensor; 2] {
        [&self.weight, &self.bias]
    }

    /// `x [B,in,s,s] -> [B,out,s/stride,s/stride]`
    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        let (stride, padding) = ([self.stride; 2], [self.padding; 2]);
        x.conv2d(&self.weight, Some(&self.bias), stride, padding, [1, 1], 1)
    }

    /// [`Conv::forward`] by Winograd's algorithm, if the layout has it and it pays.
    pub(super) fn forward_in(&self, layout: Layout<'_>, x: &Tensor) -> Tensor {
        if layout.is_winograd() && self.padding > 0 {
            let kernel = layout.wide(vec![Part::whole(&self.weight)]);
            layout.convolve(x, &kernel) + self.bias.view([1, -1, 1, 1])
        } else {
            self.forward(x)
        }
    }
}

/// A bias-free convolution with stride k that makes a picture k times smaller.
#[derive(Debug)]
pub(crate) struct Downsample(Tensor);

impl Downsample {
    pub(crate) fn new<'a>(path: impl Borrow<Path<'a>>, channels: i64, kernel: i64) -> Self {
        let shape = [channels, channels, kernel, kernel];
        Self(path.borrow().var("weight", &shape, uniform(channels * kernel * kernel)))
    }

    /// `[C,C,k,k]`
    pub(super) fn kernel(&self) -> &Tensor {
        &self.0
    }

    /// `x [B,C,k·s,k·s] -> [B,C,s,s]`
    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        let kernel = self.0.size()[2];
        x.conv2d(&self.0, None::<Tensor>, [kernel; 2], [0, 0], [1, 1], 1)
    }
}

/// A bias-free transposed convolution with stride k that makes a picture k times larger.
#[derive(Debug)]
pub(crate) struct Upsample(Tensor);

impl Upsample {
    /// Deviation: `PyTorch` starts these weights at ±1/√(out·k²), as if every output saw k² inputs; it sees one. With
    /// k = 16 the camera would reach the cores two orders of magnitude too small. ±1/√in keeps its size.
    pub(crate) fn new<'a>(
        path: impl Borrow<Path<'a>>,
        input: i64,
        output: i64,
        kernel: i64,
    ) -> Self {
        Self(path.borrow().var("weight", &[input, output, kernel, kernel], uniform(input)))
    }

    /// `[in,out,k,k]`
    pub(super) fn kernel(&self) -> &Tensor {
        &self.0
    }

    /// `x [B,in,1,1] -> [B,out,k,k]`, as a product of matrices: libraries of convolutions copy the kernel, which is
    /// most of a model with a learned up-sampler, into a layout of their own and its gradient back.
    pub(super) fn enlarge_point(&self, x: &Tensor) -> Tensor {
        let (input, output, rows, columns) = self.0.size4().expect("a kernel is [in,out,k,k]");
        x.reshape([-1, input]).matmul(&self.0.view([input, -1])).view([-1, output, rows, columns])
    }

    /// `x [B,in,s,s] -> [B,out,k·s,k·s]`
    pub(crate) fn forward(&self, x: &Tensor) -> Tensor {
        let kernel = self.0.size()[2];
        x.conv_transpose2d(&self.0, None::<Tensor>, [kernel; 2], [0, 0], [0, 0], 1, [1, 1])
    }
}

/// A stride-1 convolution that keeps the size, with a kernel that need not be a layer's own.
pub(super) fn same(x: &Tensor, kernel: &Tensor, bias: Option<&Tensor>) -> Tensor {
    let padding = kernel.size()[2] / 2;
    x.conv2d(kernel, bias, [1, 1], [padding; 2], [1, 1], 1)
}

/// `v [B,C] -> [B,C,s,s]`, the same numbers at every spatial position.
pub(crate) fn tile(v: &Tensor, side: i64) -> Tensor {
    let (batch, channels) = v.size2().expect("a vector for every sample");
    v.view([batch, channels, 1, 1]).expand([batch, channels, side, side], false)
}

/// ±1/√fan, `PyTorch`'s default for convolutions.
pub(crate) fn uniform(fan: i64) -> Init {
    let bound = 1.0 / (fan as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}

/// ±√(6/fan), which keeps the size of what passes a convolution and its `ReLU` (He et al. 2015).
///
/// Deviation: `PyTorch`'s ±1/√fan makes what tells one picture from another 2.4 times smaller in every layer. After the
/// eight of a tower the cores would see next to nothing of the context, and learn to get the scene from the query
/// picture, through the latents, instead.
fn rectified(fan: i64) -> Init {
    let bound = (6.0 / fan as f64).sqrt();
    Init::Uniform { lo: -bound, up: bound }
}
