//! A weight: a parameter, or what follows from parameters by a rule.

use std::collections::BTreeMap;

use gqn_formats::{Dim, ModelConfig, Tensor};

use super::value::{Element, Value};

/// Numbers of a graph that come from the checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct Weight {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
    /// How its numbers are stored.
    pub(crate) element: Element,
    /// Whether it stays in single precision where the others are stored in half.
    pub(crate) in_single: bool,
    /// Its numbers are rounded to multiples of the power of two that is nearest to their standard deviation divided by this.
    pub(crate) grain: Option<u16>,
    /// Names of the parameters that the rule reads, in its order.
    pub(super) from: Vec<String>,
    pub(super) rule: Rule,
}

/// From parameters to the numbers of a weight, in the order of its shape. It is a plain function, so that a graph can be counted without its numbers.
pub(crate) type Rule = fn(&ModelConfig, &[&Tensor]) -> Tensor;

impl Weight {
    /// A parameter as it is.
    pub(super) fn parameter(name: &str, shape: Vec<usize>) -> Self {
        let rule: Rule = |_, from| from[0].clone();
        let (element, from) = (Element::F32, vec![name.to_owned()]);
        Self { name: name.to_owned(), shape, element, in_single: false, grain: None, from, rule }
    }

    /// The weight as nodes read it.
    pub(crate) fn value(&self) -> Value {
        let shape = self.shape.iter().copied().map(Dim::Fixed).collect();
        Value { name: self.name.clone(), element: self.element, shape }
    }

    /// Number of scalars.
    pub(crate) fn elements(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }

    /// Bytes of its numbers as they are stored.
    pub(crate) fn bytes(&self) -> u64 {
        self.elements() * self.element.bytes()
    }

    /// Its numbers.
    ///
    /// # Panics
    /// If a parameter is missing or the result has another shape, which a checked checkpoint rules out.
    pub(crate) fn numbers(
        &self,
        config: &ModelConfig,
        parameters: &BTreeMap<&str, &Tensor>,
    ) -> Tensor {
        let find = |name: &String| {
            *parameters
                .get(name.as_str())
                .unwrap_or_else(|| panic!("the weight `{name}` is missing"))
        };
        let from: Vec<&Tensor> = self.from.iter().map(find).collect();
        let mut numbers = (self.rule)(config, &from);
        if let Some(grain) = self.grain {
            round(&mut numbers, grain);
        }
        assert_eq!(numbers.len() as u64, self.elements(), "numbers in `{}`", self.name);
        numbers
            .as_standard_layout()
            .into_owned()
            .into_shape_with_order(self.shape.clone())
            .expect("as many numbers")
    }
}

/// Rounds each number to a multiple of the power of two that is nearest to their standard deviation divided by `grain`.
fn round(numbers: &mut Tensor, grain: u16) {
    let step = (numbers.std(0.0) / f32::from(grain)).log2().round().exp2();
    if step.is_normal() {
        numbers.mapv_inplace(|number| (number / step).round() * step);
    }
}

#[cfg(test)]
mod tests {
    use gqn_formats::Tensor;

    use super::round;

    #[test]
    fn rounded_numbers_are_multiples_of_one_power_of_two_and_near() {
        let numbers = (0_u8..200).map(|at| (f32::from(at) * 0.7).sin() * 0.3).collect();
        let exact = Tensor::from_shape_vec(vec![10, 20], numbers).unwrap();
        let mut rounded = exact.clone();
        // The standard deviation is 0.21: a sixth of it lies nearest to 2⁻⁵.
        round(&mut rounded, 6);
        assert_ne!(rounded, exact);
        for (found, exact) in rounded.iter().zip(&exact) {
            assert!((found * 32.0).fract() == 0.0, "{found}");
            assert!((found - exact).abs() <= 1.0 / 64.0, "{found}, not {exact}");
        }
        // Nothing is divided by nothing.
        let mut equal = Tensor::zeros(vec![4]);
        round(&mut equal, 6);
        assert_eq!(equal, Tensor::zeros(vec![4]));
    }
}
