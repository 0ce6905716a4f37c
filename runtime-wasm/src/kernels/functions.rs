//! Functions of many numbers at once: without branches and tables, so that compilers make vectors of them.

use std::f32::consts::LOG2_E;

/// eˣ of every number, to two units in the last place; 0 below -87, and what e⁸⁸ is above 88.
pub(crate) fn exp(numbers: &mut [f32]) {
    for number in numbers {
        *number = exp_of(*number);
    }
}

/// 1 / (1 + e⁻ˣ)
pub(crate) fn sigmoid(numbers: &mut [f32]) {
    for number in numbers {
        *number = 1.0 / (1.0 + exp_of(-*number));
    }
}

/// Near zero the error stays that of a number near one, 1e-7.
pub(crate) fn tanh(numbers: &mut [f32]) {
    for number in numbers {
        *number = 1.0 - 2.0 / (1.0 + exp_of(2.0 * *number));
    }
}

/// eˣ = 2ⁿ · e^r, n a whole number and |r| at most half of ln 2, where eight terms of the series are enough.
#[inline(always)]
#[allow(
    clippy::inline_always,
    reason = "a call for each number would cost more than what it computes"
)]
fn exp_of(x: f32) -> f32 {
    /// Added and taken away again, it leaves a whole number: the last place of its sums is one.
    const ROUNDING: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let n = (x * LOG2_E + ROUNDING) - ROUNDING;
    let r = (x - n * LN_2_UPPER) - n * LN_2_LOWER;
    let series = 1.0
        + r * (1.0
            + r * (0.5
                + r * (1.0 / 6.0 + r * (1.0 / 24.0 + r * (1.0 / 120.0 + r * (1.0 / 720.0))))));
    let power = f32::from_bits(((n as i32 + 127) << 23) as u32);
    series * power
}

/// ln 2 in two parts, the upper of so few digits that its products with n are exact.
const LN_2_UPPER: f32 = 0.693_359_375;
const LN_2_LOWER: f32 = -2.121_944_4e-4;

#[cfg(test)]
mod tests {
    use super::*;

    /// Two units in the last place.
    const TOLERANCE: f64 = 2.0 * f32::EPSILON as f64;

    #[track_caller]
    fn check(function: fn(&mut [f32]), expected: fn(f64) -> f64, relative: bool) {
        let numbers: Vec<f32> = (-8000..=8000).map(|index| index as f32 * 0.01).collect();
        let mut found = numbers.clone();
        function(&mut found);
        for (x, found) in numbers.into_iter().zip(found) {
            let expected = expected(f64::from(x));
            let size = if relative { expected } else { 1.0 };
            let error = (f64::from(found) - expected).abs();
            assert!(error <= TOLERANCE * size, "of {x}: {found}, not {expected}");
        }
    }

    #[test]
    fn functions_are_those_of_mathematics() {
        check(exp, f64::exp, true);
        check(tanh, f64::tanh, false);
        check(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), false);
    }

    #[test]
    fn far_numbers_stay_numbers_and_none_stays_none() {
        let mut far = [-1e30, 1e30, f32::NEG_INFINITY, f32::INFINITY, f32::NAN];
        tanh(&mut far);
        assert_eq!(far[..4], [-1.0, 1.0, -1.0, 1.0]);
        assert!(far[4].is_nan());
    }
}
