use std::collections::BTreeMap;

use gqn_formats::{ModelConfig, Tensor};

/// Numbers of a graph that come from the checkpoint.
#[derive(Debug, Clone)]
pub(crate) struct Weight {
    pub(crate) name: String,
    pub(crate) shape: Vec<usize>,
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
        Self { name: name.to_owned(), shape, from: vec![name.to_owned()], rule }
    }

    /// Number of scalars.
    pub(crate) fn elements(&self) -> u64 {
        self.shape.iter().product::<usize>() as u64
    }

    /// Its numbers.
    ///
    /// # Panics
    /// If a parameter is missing or the result has another shape, which a checked checkpoint rules out.
    pub(crate) fn numbers(
        &self,
        config: &ModelConfig,
        parameters: &BTreeMap<String, Tensor>,
    ) -> Tensor {
        let find = |name: &String| {
            parameters.get(name).unwrap_or_else(|| panic!("the weight `{name}` is missing"))
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
