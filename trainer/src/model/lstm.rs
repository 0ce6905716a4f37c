//! The convolutional LSTM cell.

use std::borrow::Borrow;

use gqn_formats::Gate;
use tch::nn::Path;
use tch::{Device, Kind, Tensor};

use super::kernel::Part;
use super::layers::{same, uniform};

/// A convolutional LSTM with 5×5 gates (Shi et al. 2015, without peepholes).
///
/// Its input channels are those that change from step to step (the hidden state first), then those that are fixed
/// over a rollout. Gates stand in the order of [`Gate::ALL`]; all biases are inside the non-linearities.
#[derive(Debug)]
pub struct ConvLstmCell {
    weight: Tensor,
    bias: Tensor,
}

/// Hidden and cell state, `[B,H,h,h]` each.
#[derive(Debug)]
pub struct LstmState {
    /// What the gates and the heads read.
    pub hidden: Tensor,
    /// What the cell remembers.
    pub cell: Tensor,
}

impl ConvLstmCell {
    /// A cell with H hidden channels that reads `input` channels, the hidden state among them.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, hidden: i64, input: i64) -> Self {
        const KERNEL: i64 = 5;
        let path = path.borrow();
        let fan = input * KERNEL * KERNEL;
        let weight = path.var("weight", &[4 * hidden, input, KERNEL, KERNEL], uniform(fan));
        let bias = path.var("bias", &[4 * hidden], uniform(fan));
        Self { weight, bias }
    }

    /// `state, other inputs [B,in-H,h,h] -> the next state`, gate by gate
    pub fn step(&self, state: &LstmState, inputs: &[&Tensor]) -> LstmState {
        let inputs: Vec<&Tensor> =
            [&state.hidden].into_iter().chain(inputs.iter().copied()).collect();
        let x = Tensor::cat(&inputs, 1);
        let (weights, biases) = (self.weight.chunk(4, 0), self.bias.chunk(4, 0));
        let logit = |gate: Gate| same(&x, &weights[gate.index()], Some(&biases[gate.index()]));
        let [forget, input, output] =
            [Gate::Forget, Gate::Input, Gate::Output].map(|gate| logit(gate).sigmoid());
        let cell = forget * &state.cell + input * logit(Gate::Candidate).tanh();
        LstmState { hidden: output * cell.tanh(), cell }
    }

    /// The kernel cut along its input channels, into pieces of these sizes, which add up to all.
    pub(super) fn kernels<const N: usize>(&self, sizes: [i64; N]) -> [Part; N] {
        let mut first = 0;
        sizes.map(|size| {
            first += size;
            Part::new(&self.weight, first - size, size)
        })
    }

    /// `[4H]`
    pub(super) fn bias(&self) -> &Tensor {
        &self.bias
    }
}

impl LstmState {
    /// `state, gates [B,4H,h,h] before their non-linearities -> the next state`; no state is that of zeros
    pub(super) fn next(state: Option<&Self>, gates: &Tensor) -> Self {
        let hidden = gates.size()[1] / 4;
        let mut parts = gates.split_with_sizes([3 * hidden, hidden], 1).into_iter();
        let (Some(open), Some(candidate)) = (parts.next(), parts.next()) else {
            unreachable!("two sizes have two parts");
        };
        let mut open = open.sigmoid().chunk(3, 1).into_iter();
        let (Some(forget), Some(input), Some(output)) = (open.next(), open.next(), open.next())
        else {
            unreachable!("3H channels have three thirds");
        };
        let new = input * candidate.tanh();
        let cell = match state {
            Some(state) => forget * &state.cell + new,
            None => new,
        };
        Self { hidden: output * cell.tanh(), cell }
    }

    pub(super) fn shallow_clone(&self) -> Self {
        Self { hidden: self.hidden.shallow_clone(), cell: self.cell.shallow_clone() }
    }

    /// The state before the first step.
    pub fn zeros(batch: i64, hidden: i64, side: i64, like: (Kind, Device)) -> Self {
        let zeros = || Tensor::zeros([batch, hidden, side, side], like);
        Self { hidden: zeros(), cell: zeros() }
    }
}
