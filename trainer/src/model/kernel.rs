use std::cell::{OnceCell, RefCell};

use tch::Tensor;

use super::winograd;

/// A kernel that every step convolves with.
#[derive(Debug)]
pub(super) enum Kernel {
    /// `[out,in,k,k]`, as a layout wants it.
    Direct(Tensor),
    /// For Winograd's algorithm.
    Winograd(Box<Transformed>),
}

/// A kernel whose gradient is computed for all steps at once, after the backward pass: one large product of matrices
/// instead of a small one and a sum over a large tensor in every step. For autograd it is a constant; what it has read
/// is kept, and of what it wrote the gradient.
#[derive(Debug)]
pub(super) struct Transformed {
    /// `[out,in,k,k]`, with its graph.
    kernel: Tensor,
    /// `[n²,out,in]`
    points: OnceCell<Tensor>,
    /// What is added to outputs, so that their gradients arrive somewhere.
    zeros: OnceCell<Tensor>,
    /// What was read, and the zeros that were added to what was written.
    uses: RefCell<Vec<(Tensor, Tensor)>>,
}

impl Kernel {
    /// `[out,in,k,k] ->` the same for Winograd's algorithm
    pub(super) fn transformed(kernel: &Tensor) -> Self {
        Self::Winograd(Box::new(Transformed {
            kernel: kernel.shallow_clone(),
            points: OnceCell::new(),
            zeros: OnceCell::new(),
            uses: RefCell::default(),
        }))
    }

    /// The same kernel with another tensor, if autograd knows it.
    pub(super) fn map(&self, change: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        match self {
            Self::Direct(kernel) => Self::Direct(change(kernel)),
            Self::Winograd(transformed) => Self::transformed(&transformed.kernel),
        }
    }

    /// After the backward pass: the kernel `[out,in,k,k]` and its gradient, if autograd does not know it.
    pub(super) fn deferred(&self) -> Option<(Tensor, Tensor)> {
        let Self::Winograd(transformed) = self else { return None };
        let uses = transformed.uses.take();
        let pairs: Vec<_> = uses.into_iter().map(|(x, zeros)| (x, zeros.grad())).collect();
        let size = transformed.kernel.size()[2];
        let gradient = (!pairs.is_empty())
            .then(|| tch::no_grad(|| winograd::kernel_gradient(&pairs, size)))?;
        Some((transformed.kernel.shallow_clone(), gradient))
    }
}

impl Transformed {
    /// `x [B,in,s,s] -> [B,out,s,s]`
    pub(super) fn convolve(&self, x: &Tensor) -> Tensor {
        let points = self.points.get_or_init(|| tch::no_grad(|| winograd::kernel(&self.kernel)));
        let y = winograd::convolve(x, points);
        let zeros = self.zeros.get_or_init(|| y.detach().zeros_like());
        let zeros = zeros.detach().set_requires_grad(true);
        let y = y + &zeros;
        if y.requires_grad() {
            self.uses.borrow_mut().push((x.detach(), zeros));
        }
        y
    }
}
