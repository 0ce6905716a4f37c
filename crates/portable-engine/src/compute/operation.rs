//! Functions of one or two numbers, element by element.

use super::element::{Element, bits, integer};
use crate::kernels::{exp, sigmoid, softplus, tanh};

/// A function of one or two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Add,
    Sub,
    Mul,
    Div,
    Max,
    Min,
    Neg,
    Abs,
    Sqrt,
    Floor,
    Exp,
    Sigmoid,
    Tanh,
    Softplus,
    /// From a float to an integer, toward zero.
    Truncate,
    /// From an integer to a float.
    Convert,
    /// Of integers.
    Integer(Arithmetic),
}

/// A function of one or two integers. A result beyond ±2³¹ stays there: as an index it is out of range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Max,
    Min,
    Neg,
    Abs,
}

impl Operation {
    /// What it results in.
    pub(crate) fn element(self) -> Element {
        match self {
            Self::Truncate | Self::Integer(_) => Element::Integer,
            _ => Element::Float,
        }
    }

    /// The same function of integers, if there is one.
    pub(crate) fn of_integers(self) -> Option<Self> {
        Some(Self::Integer(match self {
            Self::Add => Arithmetic::Add,
            Self::Sub => Arithmetic::Sub,
            Self::Mul => Arithmetic::Mul,
            Self::Max => Arithmetic::Max,
            Self::Min => Arithmetic::Min,
            Self::Neg => Arithmetic::Neg,
            Self::Abs => Arithmetic::Abs,
            Self::Convert | Self::Integer(_) => return Some(self),
            _ => return None,
        }))
    }

    /// Applies it to every number; a function of one number does not look at `right`.
    pub(super) fn apply(self, out: &mut [f32], left: &[f32], right: &[f32]) {
        match self {
            Self::Add => pairs(out, left, right, |left, right| left + right),
            Self::Sub => pairs(out, left, right, |left, right| left - right),
            Self::Mul => pairs(out, left, right, |left, right| left * right),
            Self::Div => pairs(out, left, right, |left, right| left / right),
            Self::Max => {
                pairs(out, left, right, |left, right| if left < right { right } else { left });
            }
            Self::Min => {
                pairs(out, left, right, |left, right| if left > right { right } else { left });
            }
            Self::Neg => singles(out, left, |number| -number),
            Self::Abs => singles(out, left, f32::abs),
            Self::Sqrt => singles(out, left, f32::sqrt),
            Self::Floor => singles(out, left, f32::floor),
            Self::Exp => in_place(out, left, exp),
            Self::Sigmoid => in_place(out, left, sigmoid),
            Self::Tanh => in_place(out, left, tanh),
            Self::Softplus => in_place(out, left, softplus),
            Self::Truncate => singles(out, left, |number| bits(number as i32)),
            Self::Convert => singles(out, left, |number| integer(number) as f32),
            Self::Integer(arithmetic) => arithmetic.apply(out, left, right),
        }
    }
}

impl Arithmetic {
    /// The result for numbers that are known, if it is one.
    pub(crate) fn checked(self, left: i64, right: i64) -> Option<i64> {
        match self {
            Self::Add => left.checked_add(right),
            Self::Sub => left.checked_sub(right),
            Self::Mul => left.checked_mul(right),
            Self::Max => Some(left.max(right)),
            Self::Min => Some(left.min(right)),
            Self::Neg => left.checked_neg(),
            Self::Abs => left.checked_abs(),
        }
    }

    fn apply(self, out: &mut [f32], left: &[f32], right: &[f32]) {
        let both = |out: &mut [f32], function: fn(i32, i32) -> i32| {
            pairs(out, left, right, |left, right| bits(function(integer(left), integer(right))));
        };
        match self {
            Self::Add => both(out, i32::saturating_add),
            Self::Sub => both(out, i32::saturating_sub),
            Self::Mul => both(out, i32::saturating_mul),
            Self::Max => both(out, Ord::max),
            Self::Min => both(out, Ord::min),
            Self::Neg => both(out, |left, _| left.saturating_neg()),
            Self::Abs => both(out, |left, _| left.saturating_abs()),
        }
    }
}

fn pairs(out: &mut [f32], left: &[f32], right: &[f32], function: impl Fn(f32, f32) -> f32) {
    for (out, (left, right)) in out.iter_mut().zip(left.iter().zip(right)) {
        *out = function(*left, *right);
    }
}

fn singles(out: &mut [f32], numbers: &[f32], function: impl Fn(f32) -> f32) {
    for (out, number) in out.iter_mut().zip(numbers) {
        *out = function(*number);
    }
}

fn in_place(out: &mut [f32], numbers: &[f32], function: impl Fn(&mut [f32])) {
    out.copy_from_slice(numbers);
    function(out);
}
