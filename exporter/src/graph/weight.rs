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
        Self { name: name.to_owned(), shape, element, in_single: false, from, rule }
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
        let numbers = (self.rule)(config, &from);
        assert_eq!(numbers.len() as u64, self.elements(), "numbers in `{}`", self.name);
        numbers
            .as_standard_layout()
            .into_owned()
            .into_shape_with_order(self.shape.clone())
            .expect("as many numbers")
    }
}
