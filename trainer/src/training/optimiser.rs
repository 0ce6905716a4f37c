//! Adam (Kingma and Ba 2015) with moments that can be saved, which libtorch's own does not give out.

use std::collections::BTreeMap;

use tch::{Device, Kind, Tensor};

use crate::config::schedule::ElboSteps;
use crate::training::ema::Ema;

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
    /// The steps that move it.
    steps: ElboSteps,
    first_moment: Tensor,
    second_moment: Tensor,
}

impl Slot {
    /// How often it was moved before that step; none if the step leaves it as it is.
    fn moved_before(&self, step: u64) -> Option<u64> {
        self.steps.contains(step).then(|| self.steps.count_before(step))
    }
}

impl Adam {
    /// An optimiser of these parameters that has taken no step.
    pub fn new(parameters: BTreeMap<String, Tensor>) -> Self {
        for parameter in parameters.values() {
            // So that every parameter has a gradient, zero if the loss does not reach it: the first of several
            // inference cores never sees anything painted.
            (parameter.sum(Kind::Float) * 0.0).backward();
        }
        let slot = |parameter: Tensor| {
            let zeros = || parameter.detach().zeros_like();
            let (first_moment, second_moment) = (zeros(), zeros());
            Slot { parameter, steps: ElboSteps::ALL, first_moment, second_moment }
        };
        Self {
            slots: parameters
                .into_iter()
                .map(|(name, parameter)| (name, slot(parameter)))
                .collect(),
            steps: 0,
        }
    }

    /// Moves the parameters that `is_restricted` names in these steps only, as an optimiser does that takes no others:
    /// in the remaining steps they and their moments stay as they are.
    pub fn update_only_in(&mut self, steps: ElboSteps, is_restricted: impl Fn(&str) -> bool) {
        for (name, slot) in &mut self.slots {
            slot.steps = if is_restricted(name) { steps } else { ElboSteps::ALL };
        }
    }

    /// Moves every parameter against its gradient, which it forgets, and tells `average` where to.
    pub fn step(&mut self, learning_rate: f64, average: Option<&Ema>) {
        let before = self.steps;
        self.steps += 1;
        tch::no_grad(|| {
            for (name, slot) in &mut self.slots {
                let Some(taken) = slot.moved_before(before) else { continue };
                let correction = |beta: f64| 1.0 - beta.powf((taken + 1) as f64);
                let step_size = learning_rate / correction(BETA_1);
                let scale = correction(BETA_2).sqrt().recip();
                let gradient = slot.parameter.grad();
                let averaged = average.map(|average| average.slot(name, taken));
                for piece in pieces(&slot.parameter) {
                    let cut = |tensor: &Tensor| piece.of(tensor);
                    let mut gradient = cut(&gradient);
                    let mut parameter = cut(&slot.parameter);
                    let first_moment = cut(&slot.first_moment).lerp_(&gradient, 1.0 - BETA_1);
                    let second_moment =
                        cut(&slot.second_moment).lerp_(&gradient.square(), 1.0 - BETA_2);
                    // parameter -= step_size · first / (√second · scale + ε), the factor inside the denominator.
                    let denominator = second_moment
                        .sqrt()
                        .g_mul_scalar_(-scale / step_size)
                        .g_add_scalar_(-EPSILON / step_size);
                    let parameter = parameter.addcdiv_(&first_moment, &denominator);
                    if let Some((averaged, weight)) = &averaged {
                        let _ = cut(averaged).lerp_(&parameter, *weight);
                    }
                    let _ = gradient.zero_();
                }
            }
        });
    }

    /// Scales the gradients down to that global norm if theirs is larger. Waits for no device.
    pub fn clip(&mut self, norm: f64) {
        tch::no_grad(|| {
            let gradients = self.gradients();
            let norms: Vec<Tensor> = gradients.iter().map(Tensor::norm).collect();
            let factor = (Tensor::stack(&norms, 0).norm().reciprocal() * norm).clamp_max(1.0);
            for mut gradient in gradients {
                let _ = gradient.g_mul_(&factor);
            }
        });
    }

    /// Forgets the gradients without a step.
    pub fn zero_grad(&mut self) {
        for slot in self.slots.values_mut() {
            slot.parameter.zero_grad();
        }
    }

    /// The gradients of those parameters that the next step moves, in the order of their names.
    pub fn gradients(&self) -> Vec<Tensor> {
        let moving = self.slots.values().filter(|slot| slot.moved_before(self.steps).is_some());
        moving.map(|slot| slot.parameter.grad()).collect()
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

    /// Counts on from that many steps.
    pub(crate) fn go_on_at(&mut self, steps: u64) {
        self.steps = steps;
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

/// A stretch of a flat tensor.
struct Piece {
    start: i64,
    length: i64,
}

impl Piece {
    fn of(&self, tensor: &Tensor) -> Tensor {
        tensor.view([-1]).narrow(0, self.start, self.length)
    }
}

/// On a CPU, pieces of which a handful fit into the cache, so that memory is read once for a step and not once for
/// every operation; elsewhere the whole.
fn pieces(parameter: &Tensor) -> Vec<Piece> {
    const CACHED: i64 = 32 * 1024;
    let elements = parameter.numel() as i64;
    let length = if parameter.device() == Device::Cpu { CACHED } else { elements };
    (0..elements)
        .step_by(length.max(1) as usize)
        .map(|start| Piece { start, length: length.min(elements - start) })
        .collect()
}

#[cfg(test)]
mod tests {
    use tch::nn::{self, OptimizerConfig, VarStore};

    use super::*;
    use crate::convert::with_torch_seed;

    /// Both are f32; they differ in the order of two multiplications.
    const TOLERANCE: f64 = 2e-6;

    #[test]
    fn clipping_keeps_the_direction() {
        let store = VarStore::new(Device::Cpu);
        let [a, b] = ["a", "b"].map(|name| store.root().var(name, &[1], nn::Init::Const(0.0)));
        let mut adam = Adam::new(store.variables().into_iter().collect());
        let gradients = |adam: &mut Adam, norm| {
            (&a * 3.0 + &b * 4.0).sum(Kind::Float).backward();
            adam.clip(norm);
            let found = [&a, &b].map(|parameter| parameter.grad().double_value(&[0]));
            adam.zero_grad();
            found
        };
        // The gradient is (3, 4), of norm 5.
        for (norm, expected) in [(10.0, [3.0, 4.0]), (1.0, [0.6, 0.8])] {
            for (found, expected) in gradients(&mut adam, norm).into_iter().zip(expected) {
                assert!((found - expected).abs() < TOLERANCE, "found {found}, expected {expected}");
            }
        }
    }

    #[test]
    fn mean_picture_steps_leave_the_others_to_an_optimiser_that_takes_only_those() {
        let run = |steps: &[u64], mean_every: Option<u32>| {
            let store = VarStore::new(Device::Cpu);
            let late = store.root().var("late", &[3], nn::Init::Const(0.0));
            let mut adam = Adam::new(store.variables().into_iter().collect());
            adam.update_only_in(ElboSteps { start: 0, mean_every }, |_| true);
            for &step in steps {
                // In a mean-picture step the loss does not reach it.
                if !adam.gradients().is_empty() {
                    (&late * 2.0 - step as f64).square().sum(Kind::Float).backward();
                }
                adam.step(0.01, None);
            }
            Vec::<f32>::try_from(late.detach()).expect("three numbers")
        };
        assert_eq!(run(&[0, 1, 2, 3, 4, 5, 6, 7], Some(3)), run(&[0, 1, 3, 4, 6, 7], None));
        assert_ne!(run(&[0, 1, 2], Some(3)), run(&[0, 1, 2], None));
    }

    #[test]
    fn restricted_parameters_are_moved_as_by_an_optimiser_that_begins_later() {
        const START: u64 = 7;
        let run = |steps: std::ops::Range<u64>, start: u64| {
            let store = VarStore::new(Device::Cpu);
            let zero = nn::Init::Const(0.0);
            let [early, late] = ["early", "late"].map(|name| store.root().var(name, &[3], zero));
            let mut adam = Adam::new(store.variables().into_iter().collect());
            let average = Ema::new(0.9, store.variables().into_iter().collect());
            adam.update_only_in(ElboSteps { start, mean_every: None }, |name| name == "late");
            for step in steps {
                let mut loss = (&early + step as f64).square();
                let moving = if adam.steps() < start {
                    1
                } else {
                    loss += (&late * 2.0 - step as f64).square();
                    2
                };
                assert_eq!(adam.gradients().len(), moving);
                loss.sum(Kind::Float).backward();
                adam.step(0.01, Some(&average));
            }
            let moments: Vec<Tensor> = adam
                .moments()
                .filter(|(name, _)| *name == "late")
                .flat_map(|(_, moments)| moments.map(Tensor::copy))
                .collect();
            let mut found = vec![late.detach().copy(), average.weights()["late"].copy()];
            found.extend(moments);
            found
        };
        let untouched = run(0..START, START);
        assert!(untouched.iter().all(|tensor| tensor.abs().max().double_value(&[]) == 0.0));
        for (found, expected) in run(0..20, START).iter().zip(run(START..20, 0)) {
            assert!(found.equal(&expected), "found {found:?}, expected {expected:?}");
        }
    }

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
                    adam.step(0.01, None);
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
