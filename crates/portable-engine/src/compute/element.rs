//! Integers that are computed at run time, as indices are.
//!
//! The values of a plan are all slices of `f32`. One of integers holds the bits of an `i32` in each: whatever copies
//! numbers copies integers too, and only [`Operation`](super::Operation)s and [`Gather`](super::Gather) look at them.

/// What the numbers of a value are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Element {
    Float,
    Integer,
}

/// The integer whose bits those are.
pub(crate) fn integer(bits: f32) -> i32 {
    bits.to_bits().cast_signed()
}

/// The bits of an integer.
pub(crate) fn bits(integer: i32) -> f32 {
    f32::from_bits(integer.cast_unsigned())
}
