use tract_onnx::pb::{AttributeProto, NodeProto, TensorProto};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::internal::TractErrorContext;

/// A node that is being lowered.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    pub(super) node: &'a NodeProto,
}

impl<'a> Call<'a> {
    fn attribute(&self, name: &str) -> Option<&'a AttributeProto> {
        self.node.attribute.iter().find(|attribute| attribute.name == name)
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.attribute(name).map(|attribute| attribute.i)
    }

    pub(super) fn integers(&self, name: &str) -> Option<&'a [i64]> {
        self.attribute(name).map(|attribute| attribute.ints.as_slice())
    }

    pub(super) fn text(&self, name: &str) -> Option<&'a [u8]> {
        self.attribute(name).map(|attribute| attribute.s.as_slice())
    }

    pub(super) fn tensor(&self, name: &str) -> Option<&'a TensorProto> {
        self.attribute(name).and_then(|attribute| attribute.t.as_ref())
    }

    /// Lengths, of which each must be what such a thing can be.
    pub(super) fn lengths(&self, name: &str) -> TractResult<Option<TVec<usize>>> {
        self.integers(name).map(lengths).transpose()
    }

    /// The name of an input, if it is given.
    pub(super) fn optional(&self, index: usize) -> Option<&'a str> {
        self.node.input.get(index).map(String::as_str).filter(|name| !name.is_empty())
    }

    pub(super) fn input(&self, index: usize) -> TractResult<&'a str> {
        self.optional(index).with_context(|| format!("it has no input {index}"))
    }
}

pub(super) fn lengths(numbers: &[i64]) -> TractResult<TVec<usize>> {
    numbers.iter().map(|number| Ok(usize::try_from(*number)?)).collect()
}

/// The axis that an index means; negative ones count from the end.
pub(super) fn axis(index: i64, rank: usize) -> TractResult<usize> {
    let from_start = if index < 0 { index + rank as i64 } else { index };
    let found = usize::try_from(from_start).ok().filter(|axis| *axis < rank.max(1));
    found.with_context(|| format!("axis {index} of {rank}"))
}
