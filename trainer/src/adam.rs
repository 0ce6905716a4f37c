//! Adam (Kingma and Ba 2015) with moments that can be saved, which libtorch's own does not give out.

use std::collections::BTreeMap;

use tch::Tensor;

const BETA_1: f64 = 0.9;
const BETA_2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// The optimiser: parameters with their first and second moments.
#[derive(Debug)]
pub struct Adam {
    slots: BTreeMap<String, Slot>,
    steps: u64,
}

#[derive(Debug)]
struct Slot {
    parameter: Tensor,
    first_moment: Tensor,
    second_moment: Tensor,
}

impl Adam {
    /// An optimiser of these parameters that has taken no step.
    pub fn new(parameters: BTreeMap<String, Tensor>) -> Self {
        let slot = |parameter: Tensor| {
            let zeros = || parameter.detach().zeros_like();
            let (first_moment, second_moment) = (zeros(), zeros());
            Slot { parameter, first_moment, second_moment }
        };
        Self {
            slots: parameters
                .into_iter()
                .map(|(name, parameter)| (name, slot(parameter)))
                .collect(),
            steps: 0,
        }
    }

    /// Moves every parameter against its gradient and forgets the gradients.
    ///
    /// # Panics
    /// When no gradient was computed.
    pub fn step(&mut self, learning_rate: f64) {
        self.steps += 1;
        let correction = |beta: f64| 1.0 - beta.powf(self.steps as f64);
        let step_size = learning_rate / correction(BETA_1);
        let scale = correction(BETA_2).sqrt().recip();
        tch::no_grad(|| {
            for slot in self.slots.values_mut() {
                let mut gradient = slot.parameter.grad();
                assert!(gradient.defined(), "the loss reaches every parameter");
                let _ =
                    slot.first_moment.g_mul_scalar_(BETA_1).g_add_(&(&gradient * (1.0 - BETA_1)));
                let _ = slot
                    .second_moment
                    .g_mul_scalar_(BETA_2)
                    .addcmul_(&gradient, &(&gradient * (1.0 - BETA_2)));
                let denominator = slot.second_moment.sqrt() * scale + EPSILON;
                let _ = slot
                    .parameter
                    .addcdiv_(&slot.first_moment, &(denominator * (-1.0 / step_size)));
                let _ = gradient.zero_();
            }
        });
    }

    /// Forgets the gradients without a step.
    pub fn zero_grad(&mut self) {
        for slot in self.slots.values_mut() {
            slot.parameter.zero_grad();
        }
    }

    /// First and second moments by name.
    pub fn moments(&self) -> impl Iterator<Item = (&str, [&Tensor; 2])> {
        self.slots
            .iter()
            .map(|(name, slot)| (name.as_str(), [&slot.first_moment, &slot.second_moment]))
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Goes on where another optimiser of the same parameters stood; `moments` gives first and second by name.
    pub fn restore(&mut self, steps: u64, moments: impl Fn(&str) -> [Tensor; 2]) {
        self.steps = steps;
        for (name, slot) in &mut self.slots {
            let [first, second] = moments(name);
            slot.first_moment.copy_(&first);
            slot.second_moment.copy_(&second);
        }
    }
}

#[cfg(test)]
mod tests {
    use tch::nn::{self, OptimizerConfig, VarStore};
    use tch::{Device, Kind};

    use super::*;
    use crate::convert::with_torch_seed;

    /// Both are f32; they differ in the order of two multiplications.
    const TOLERANCE: f64 = 2e-6;

    #[test]
    fn agrees_with_libtorch() {
        let run = |ours: bool| {
            let store = VarStore::new(Device::Cpu);
            let normal = nn::Init::Randn { mean: 0.0, stdev: 1.0 };
            let w = with_torch_seed(1, || store.root().var("w", &[20], normal));
            let mut theirs = nn::Adam::default().build(&store, 0.01).expect("an optimiser");
            let mut adam = Adam::new(store.variables().into_iter().collect());
            for step in 1..=50 {
                let loss = (&w * f64::from(step) - 1.0).square().sum(Kind::Float);
                if ours {
                    loss.backward();
                    adam.step(0.01);
                } else {
                    theirs.backward_step(&loss);
                }
            }
            w.detach().copy()
        };
        let difference = (run(true) - run(false)).abs().max().double_value(&[]);
        assert!(difference < TOLERANCE, "difference {difference}");
    }
}
