//! A node that is being lowered: its inputs and attributes, checked.

use anyhow::{Context, Result, ensure};

use super::onnx::{Attribute, Node, TensorOf};

/// A node that is being lowered.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) node: &'a Node,
}

impl<'a> Call<'a> {
    fn attribute(self, name: &str) -> Option<&'a Attribute> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn integer(self, name: &str) -> Option<i64> {
        self.attribute(name).map(|attribute| attribute.integer)
    }

    pub(super) fn integers(self, name: &str) -> Option<&'a [i64]> {
        self.attribute(name).map(|attribute| attribute.integers.as_slice())
    }

    pub(super) fn text(self, name: &str) -> Option<&'a [u8]> {
        self.attribute(name).map(|attribute| attribute.text.as_slice())
    }

    pub(super) fn tensor(self, name: &str) -> Option<&'a TensorOf> {
        self.attribute(name).and_then(|attribute| attribute.tensor.as_ref())
    }

    /// Lengths, of which each must be what such a thing can be.
    pub(super) fn lengths(self, name: &str) -> Result<Option<Vec<usize>>> {
        self.integers(name).map(lengths).transpose()
    }

    /// The name of an input, if it is given.
    pub(super) fn optional(self, index: usize) -> Option<&'a str> {
        self.node.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The names of all inputs.
    pub(super) fn inputs(self) -> Result<Vec<&'a str>> {
        (0..self.node.input.len()).map(|index| self.input(index)).collect()
    }

    pub(super) fn input(self, index: usize) -> Result<&'a str> {
        self.optional(index).with_context(|| format!("it has no input {index}"))
    }
}

pub(super) fn lengths(numbers: &[i64]) -> Result<Vec<usize>> {
    numbers.iter().map(|number| Ok(usize::try_from(*number)?)).collect()
}

/// The axes that indices mean, in ascending order and each once.
pub(super) fn axes(indices: &[i64], rank: usize) -> Result<Vec<usize>> {
    let mut axes = indices.iter().map(|index| axis(*index, rank)).collect::<Result<Vec<_>>>()?;
    axes.sort_unstable();
    ensure!(axes.windows(2).all(|pair| pair[0] != pair[1]), "axes {indices:?} name one twice");
    Ok(axes)
}

/// The axis that an index means; negative ones count from the end.
pub(super) fn axis(index: i64, rank: usize) -> Result<usize> {
    let from_start = if index < 0 { index + rank as i64 } else { index };
    let found = usize::try_from(from_start).ok().filter(|axis| *axis < rank);
    found.with_context(|| format!("axis {index} of {rank}"))
}
