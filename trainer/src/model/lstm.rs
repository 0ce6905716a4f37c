use std::borrow::Borrow;

use tch::nn::Path;
use tch::{Kind, Tensor};

use super::layers::uniform;

/// A convolutional LSTM with 5×5 gates (Shi et al. 2015, without peepholes).
///
/// Its input channels are those that change from step to step (the hidden state first), then those that are fixed
/// over a rollout. A convolution is linear in its input channels, so the fixed part is computed once: [`Self::bind`].
#[derive(Debug)]
pub struct ConvLstmCell {
    weight: Tensor,
    bias: Tensor,
    changing: i64,
}

/// Hidden and cell state, `[B,H,h,h]` each.
#[derive(Debug)]
pub struct LstmState {
    /// What the gates and the heads read.
    pub hidden: Tensor,
    /// What the cell remembers.
    pub cell: Tensor,
}

/// A cell with the inputs of one rollout that do not change already convolved.
#[derive(Debug)]
pub struct BoundCell {
    weight: Tensor,
    fixed_term: Tensor,
}

impl ConvLstmCell {
    /// A cell with H hidden channels, `changing` input channels (H of them the hidden state) and `fixed` ones.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, hidden: i64, changing: i64, fixed: i64) -> Self {
        const KERNEL: i64 = 5;
        let path = path.borrow();
        let fan = (changing + fixed) * KERNEL * KERNEL;
        let weight =
            path.var("weight", &[4 * hidden, changing + fixed, KERNEL, KERNEL], uniform(fan));
        let bias = path.var("bias", &[4 * hidden], uniform(fan));
        Self { weight, bias, changing }
    }

    /// `fixed [B,fixed,h,h] ->` the cell for a rollout with these inputs
    pub fn bind(&self, fixed: &Tensor) -> BoundCell {
        let fixed_weight =
            self.weight.narrow(1, self.changing, self.weight.size()[1] - self.changing);
        let fixed_term = same(fixed, &fixed_weight, Some(&self.bias));
        BoundCell { weight: self.weight.narrow(1, 0, self.changing), fixed_term }
    }
}

impl BoundCell {
    /// `state, changing inputs without the hidden state [B,changing-H,h,h] -> the next state`
    ///
    /// Gates stand in the order forget, input, output, state; all biases are inside the sigmoids.
    pub fn step(&self, state: &LstmState, inputs: &[&Tensor]) -> LstmState {
        let mut changing = vec![&state.hidden];
        changing.extend(inputs);
        let gates = same(&Tensor::cat(&changing, 1), &self.weight, None) + &self.fixed_term;
        let mut gates = gates.chunk(4, 1).into_iter();
        let (Some(forget), Some(input), Some(output), Some(candidate)) =
            (gates.next(), gates.next(), gates.next(), gates.next())
        else {
            unreachable!("4H channels have four quarters");
        };
        let cell = forget.sigmoid() * &state.cell + input.sigmoid() * candidate.tanh();
        LstmState { hidden: output.sigmoid() * cell.tanh(), cell }
    }
}

impl LstmState {
    /// The state before the first step.
    pub fn zeros(batch: i64, hidden: i64, side: i64, device: tch::Device) -> Self {
        let zeros = || Tensor::zeros([batch, hidden, side, side], (Kind::Float, device));
        Self { hidden: zeros(), cell: zeros() }
    }
}

/// A stride-1 convolution that keeps the size, with a weight that is part of another.
fn same(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
    let padding = weight.size()[2] / 2;
    x.conv2d(weight, bias, [1, 1], [padding; 2], [1, 1], 1)
}
