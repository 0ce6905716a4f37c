//! What flows between nodes, with element type and shape.

use gqn_formats::{Dim, Port, names};

/// Element type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    F32,
    F16,
    I8,
    I64,
}

impl Element {
    /// The number that ONNX gives to an element type.
    pub(crate) fn code(self) -> i64 {
        match self {
            Self::F32 => 1,
            Self::I8 => 3,
            Self::I64 => 7,
            Self::F16 => 10,
        }
    }

    /// Bytes of a number.
    pub(crate) fn bytes(self) -> u64 {
        match self {
            Self::I8 => 1,
            Self::F16 => 2,
            Self::F32 => 4,
            Self::I64 => 8,
        }
    }
}

/// What a node reads or writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) name: String,
    pub(crate) element: Element,
    pub(crate) shape: Vec<Dim>,
}

impl Value {
    pub(crate) fn of_port(port: &Port) -> Self {
        Self { name: port.name.clone(), element: Element::F32, shape: port.shape.clone() }
    }

    /// Length of an axis that every graph knows.
    pub(crate) fn fixed(&self, axis: usize) -> usize {
        match &self.shape[axis] {
            Dim::Fixed(length) => *length,
            Dim::Named(name) => {
                panic!("axis {axis} of {} is `{name}`, expected a fixed length", self.name)
            }
        }
    }

    /// Number of elements for one view or one query.
    pub(crate) fn elements_per_item(&self) -> u64 {
        elements_per_item(&self.shape)
    }
}

/// Number of elements where every named axis has length one.
pub(crate) fn elements_per_item(shape: &[Dim]) -> u64 {
    let length = |dim: &Dim| match dim {
        Dim::Fixed(length) => *length as u64,
        Dim::Named(_) => 1,
    };
    shape.iter().map(length).product()
}

/// Fixed lengths as a shape.
pub(crate) fn fixed<const N: usize>(lengths: [usize; N]) -> Vec<Dim> {
    lengths.map(Dim::Fixed).to_vec()
}

/// The shape of an element-wise result. Shapes align at their last axis; the axis of noises is one, or as long as
/// the axis it meets.
///
/// # Panics
/// If the shapes do not fit.
pub(crate) fn broadcast(left: &[Dim], right: &[Dim]) -> Vec<Dim> {
    let rank = left.len().max(right.len());
    let at = |shape: &[Dim], axis: usize| {
        (axis + shape.len()).checked_sub(rank).map(|axis| shape[axis].clone())
    };
    let one = |dim: &Dim| *dim == Dim::Fixed(1) || *dim == Dim::Named(names::NOISES.to_owned());
    (0..rank)
        .map(|axis| match (at(left, axis), at(right, axis)) {
            (Some(left), Some(right)) if left == right || one(&right) => left,
            (Some(left), Some(right)) if one(&left) => right,
            (Some(dim), None) | (None, Some(dim)) => dim,
            (left, right) => panic!("axis {axis}: {left:?} does not broadcast with {right:?}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_aligns_the_last_axis() {
        let queries = || Dim::Named("queries".into());
        let state = vec![queries(), Dim::Fixed(3)];
        let noise = vec![Dim::Named(names::NOISES.into()), Dim::Fixed(3)];
        assert_eq!(broadcast(&state, &noise), state);
        assert_eq!(broadcast(&noise, &state), state);
        assert_eq!(broadcast(&[], &state), state);
        assert_eq!(broadcast(&fixed([1, 3]), &state), state);
    }

    #[test]
    #[should_panic(expected = "does not broadcast")]
    fn other_lengths_are_a_bug() {
        broadcast(&fixed([2]), &fixed([3]));
    }
}
