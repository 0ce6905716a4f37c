//! Kernels of convolutions, and the deferred gradients of Winograd's.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;

use tch::{Kind, Tensor};

use super::winograd;

/// A kernel that a layout convolves with.
#[derive(Debug)]
pub(super) enum Kernel<'a> {
    /// `[out,in,k,k]`, as a layout wants it.
    Direct(Tensor),
    /// For Winograd's algorithm.
    Winograd(Box<Transformed<'a>>),
}

/// Some input channels of a parameter `[out,in,k,k]`.
#[derive(Debug)]
pub(super) struct Part {
    parameter: Tensor,
    first: i64,
    count: i64,
}

/// A kernel whose gradient is [`Deferred`]. For autograd it is a constant.
#[derive(Debug)]
pub(super) struct Transformed<'a> {
    /// One above the other.
    parts: Vec<Part>,
    /// `[n²,out,in]`
    points: OnceCell<Tensor>,
    /// What is added to outputs, so that their gradients arrive somewhere.
    zeros: OnceCell<Tensor>,
    deferred: &'a Deferred,
}

/// The gradients of Winograd's kernels, which are computed after the backward pass for all uses of a kernel at once: one
/// large product of matrices instead of a small one and a sum over a large tensor in every step. What was read waits
/// here, 2.25 or 4 times smaller than transformed, as autograd would keep it.
#[derive(Debug, Default)]
pub(super) struct Deferred(RefCell<BTreeMap<(usize, i64), Waiting>>);

#[derive(Debug)]
struct Waiting {
    parts: Vec<Part>,
    /// What was read, and the zeros that were added to what was written.
    uses: Vec<(Tensor, Tensor)>,
}

impl<'a> Kernel<'a> {
    pub(super) fn transformed(parts: Vec<Part>, deferred: &'a Deferred) -> Self {
        let (points, zeros) = (OnceCell::new(), OnceCell::new());
        Self::Winograd(Box::new(Transformed { parts, points, zeros, deferred }))
    }

    /// The same kernel with another tensor, if autograd knows it.
    pub(super) fn map(&self, change: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        match self {
            Self::Direct(kernel) => Self::Direct(change(kernel)),
            Self::Winograd(transformed) => Self::transformed(
                transformed.parts.iter().map(Part::shallow_clone).collect(),
                transformed.deferred,
            ),
        }
    }
}

impl Part {
    pub(super) fn new(parameter: &Tensor, first: i64, count: i64) -> Self {
        Self { parameter: parameter.shallow_clone(), first, count }
    }

    /// All of a parameter.
    pub(super) fn whole(parameter: &Tensor) -> Self {
        Self::new(parameter, 0, parameter.size()[1])
    }

    /// `[out,count,k,k]`
    pub(super) fn kernel(&self) -> Tensor {
        self.parameter.narrow(1, self.first, self.count)
    }

    fn outputs(&self) -> i64 {
        self.parameter.size()[0]
    }

    /// This part of the parameter's gradient.
    fn gradient(&self) -> Tensor {
        if !self.parameter.grad().defined() {
            (self.parameter.sum(Kind::Float) * 0.0).backward();
        }
        self.parameter.grad().narrow(1, self.first, self.count)
    }

    fn shallow_clone(&self) -> Self {
        Self::new(&self.parameter, self.first, self.count)
    }
}

impl Transformed<'_> {
    /// `x [B,in,s,s] -> [B,out,s,s]`
    pub(super) fn convolve(&self, x: &Tensor) -> Tensor {
        let points = self.points.get_or_init(|| {
            let parts: Vec<Tensor> = self.parts.iter().map(Part::kernel).collect();
            tch::no_grad(|| winograd::kernel(&Tensor::cat(&parts, 0)))
        });
        let y = winograd::convolve(x, points);
        let zeros = self.zeros.get_or_init(|| y.detach().zeros_like());
        let zeros = zeros.detach().set_requires_grad(true);
        let y = y + &zeros;
        if y.requires_grad() {
            self.deferred.wait(&self.parts, x, zeros);
        }
        y
    }
}

impl Deferred {
    fn wait(&self, parts: &[Part], x: &Tensor, zeros: Tensor) {
        let mut kernels = self.0.borrow_mut();
        let waiting =
            kernels.entry((parts[0].parameter.data_ptr() as usize, parts[0].first)).or_insert_with(
                || Waiting { parts: parts.iter().map(Part::shallow_clone).collect(), uses: vec![] },
            );
        waiting.uses.push((x.detach(), zeros));
    }

    /// After a backward pass: adds the gradients of those kernels that `tiles` or more wait for to the parameters'.
    pub(super) fn settle(&self, tiles: i64) {
        let is_ready = |waiting: &Waiting| {
            let count = waiting.uses.iter().map(|(x, _)| winograd::tiles(x)).sum::<i64>();
            count >= tiles
        };
        let ready: Vec<Waiting> = self
            .0
            .borrow_mut()
            .extract_if(.., |_, waiting| is_ready(waiting))
            .map(|(_, waiting)| waiting)
            .collect();
        for Waiting { parts, uses } in ready {
            let pairs: Vec<_> = uses.into_iter().map(|(x, zeros)| (x, zeros.grad())).collect();
            let gradients: Vec<_> =
                parts.iter().map(|part| (part.gradient(), part.outputs())).collect();
            tch::no_grad(|| {
                let mut first = 0;
                for (gradient, outputs) in gradients {
                    winograd::add_kernel_gradient(&pairs, first, &gradient);
                    first += outputs;
                }
            });
        }
    }
}
