//! The exponential moving average of the weights: what is painted with while the optimiser goes on with its own.

use std::collections::BTreeMap;

use tch::Tensor;

use crate::model::Gqn;

/// An average of a model's weights over the steps.
#[derive(Debug)]
pub struct Ema {
    decay: f64,
    slots: BTreeMap<String, Tensor>,
}

impl Ema {
    /// An average that starts at these weights. `decay` is what of the old average stays in a step.
    pub fn new(decay: f64, parameters: BTreeMap<String, Tensor>) -> Self {
        let slots =
            parameters.into_iter().map(|(name, weight)| (name, weight.detach().copy())).collect();
        Self { decay, slots }
    }

    /// The average of a parameter, and how much its next value counts after `steps` steps that have moved it. Early on
    /// the average is that of the few steps there were, so that the fresh weights are soon forgotten: the decay is
    /// (1 + steps) / (10 + steps) at most.
    pub(crate) fn slot(&self, name: &str, steps: u64) -> (Tensor, f64) {
        let steps = steps as f64;
        let weight = 1.0 - self.decay.min((1.0 + steps) / (10.0 + steps));
        (self.slots[name].shallow_clone(), weight)
    }

    /// The averaged weights by name.
    pub fn weights(&self) -> &BTreeMap<String, Tensor> {
        &self.slots
    }

    /// Goes on from another average of the same parameters.
    pub fn restore(&mut self, weights: impl Fn(&str) -> Tensor) {
        for (name, slot) in &mut self.slots {
            slot.copy_(&weights(name));
        }
    }

    /// Runs `job` while the model has the averaged weights; its own are back afterwards, bit for bit.
    pub fn with_averaged_weights<T>(&self, model: &Gqn, job: impl FnOnce(&Gqn) -> T) -> T {
        let parameters = model.parameters();
        let own: Vec<Tensor> = parameters.values().map(|weight| weight.detach().copy()).collect();
        tch::no_grad(|| {
            for (name, mut parameter) in model.parameters() {
                parameter.copy_(&self.slots[&name]);
            }
        });
        let result = job(model);
        tch::no_grad(|| {
            for (mut parameter, own) in parameters.into_values().zip(&own) {
                parameter.copy_(own);
            }
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;
    use tch::Device;

    use super::*;

    #[test]
    fn the_models_own_weights_come_back() {
        let [model, other] =
            [1, 2].map(|seed| Gqn::new(&Preset::TinyTower.config(), Device::Cpu, seed));
        let average = Ema::new(0.9, other.parameters());
        let weights = |model: &Gqn| model.checkpoint(0, gqn_formats::Provenance::default());
        let before = weights(&model);
        let published = average.with_averaged_weights(&model, weights);
        assert_eq!(published, weights(&other));
        assert_eq!(weights(&model), before);
        assert_ne!(before, published);
    }
}
