//! Functions of many numbers at once: without branches and tables, so that compilers make vectors of them.

use std::f32::consts::LOG2_E;

/// eˣ of every number, to two units in the last place; what e⁻⁸⁷ is below -87, and what e⁸⁸ is above 88.
pub(crate) fn exp(numbers: &mut [f32]) {
    let exp = Exp::new();
    for number in numbers {
        *number = exp.of(*number);
    }
}

/// 1 / (1 + e⁻ˣ)
pub(crate) fn sigmoid(numbers: &mut [f32]) {
    let exp = Exp::new();
    for number in numbers {
        *number = 1.0 / (1.0 + exp.of(-*number));
    }
}

/// Near zero the error stays that of a number near one, 1e-7.
pub(crate) fn tanh(numbers: &mut [f32]) {
    let exp = Exp::new();
    for number in numbers {
        *number = 1.0 - 2.0 / (1.0 + exp.of(2.0 * *number));
    }
}

/// The numbers that eˣ is computed with.
///
/// They are variables: engines of wasm put a constant vector together anew, in four instructions, wherever it is used.
struct Exp {
    smallest: f32,
    largest: f32,
    log2_e: f32,
    /// Added and taken away again, it leaves a whole number: the last place of its sums is one.
    rounding: f32,
    /// ln 2 in two parts, the upper of so few digits that its products with n are exact.
    ln_2: [f32; 2],
    /// Of the series, the highest power first.
    series: [f32; 6],
}

impl Exp {
    fn new() -> Self {
        std::hint::black_box(Self {
            smallest: -87.0,
            largest: 88.0,
            log2_e: LOG2_E,
            rounding: 12_582_912.0,
            ln_2: [0.693_359_4, -2.121_944_4e-4],
            series: [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0],
        })
    }

    /// eˣ = 2ⁿ · e^r, n a whole number and |r| at most half of ln 2, where seven terms of the series are enough.
    #[inline(always)]
    #[allow(clippy::inline_always, reason = "a call would cost more than what it computes")]
    fn of(&self, x: f32) -> f32 {
        let x = if x < self.smallest { self.smallest } else { x };
        let x = if x > self.largest { self.largest } else { x };
        let shifted = x * self.log2_e + self.rounding;
        let n = shifted - self.rounding;
        let r = (x - n * self.ln_2[0]) - n * self.ln_2[1];
        let [f, e, d, c, b, a] = self.series;
        let series = a + r * (a + r * (b + r * (c + r * (d + r * (e + r * f)))));
        // The last places of the sum hold n, and the exponent stands above 23 digits of fraction.
        let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(a.to_bits()));
        series * power
    }
}

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
