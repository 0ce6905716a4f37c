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

/// ln(1 + eˣ) to four units in the last place, also where eˣ overflows: max(x, 0) + ln(1 + e^-|x|).
pub(crate) fn softplus(numbers: &mut [f32]) {
    let exp = Exp::new();
    let logarithm =
        std::hint::black_box([1.0 / 13.0, 1.0 / 11.0, 1.0 / 9.0, 1.0 / 7.0, 0.2, 1.0 / 3.0, 1.0]);
    for number in numbers {
        let x = *number;
        let power = exp.of(-x.abs());
        // ln(1 + p) = 2 · artanh(s) with s = p / (2 + p): at most 1/3, so that seven terms are enough.
        let s = power / (2.0 + power);
        let squared = s * s;
        let series = logarithm.iter().fold(0.0, |sum, factor| sum * squared + factor);
        let positive = if x < 0.0 { 0.0 } else { x };
        *number = positive + 2.0 * s * series;
    }
}

/// Numbers that are summed or compared at once.
const LANES: usize = 16;

/// The sum of some numbers.
pub(crate) fn sum(numbers: &[f32]) -> f32 {
    let (blocks, rest) = numbers.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for block in blocks {
        sums.iter_mut().zip(block).for_each(|(sum, number)| *sum += number);
    }
    halve(sums, |left, right| left + right) + rest.iter().sum::<f32>()
}

/// The largest of some numbers; -∞ if there are none.
pub(crate) fn largest(numbers: &[f32]) -> f32 {
    let larger = |left: f32, right: f32| if left < right { right } else { left };
    let (blocks, rest) = numbers.as_chunks::<LANES>();
    let mut found = [f32::NEG_INFINITY; LANES];
    for block in blocks {
        found.iter_mut().zip(block).for_each(|(found, number)| *found = larger(*found, *number));
    }
    rest.iter().copied().fold(halve(found, larger), larger)
}

/// All lanes as one, half by half.
fn halve(mut lanes: [f32; LANES], function: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = LANES / 2;
    while half > 0 {
        for index in 0..half {
            lanes[index] = function(lanes[index], lanes[index + half]);
        }
        half /= 2;
    }
    lanes[0]
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

    /// The size of what an error is compared with.
    #[derive(Clone, Copy)]
    enum Size {
        One,
        Result,
    }

    /// `units` in the last place are allowed.
    #[track_caller]
    fn check(function: fn(&mut [f32]), expected: fn(f64) -> f64, size: Size, units: f64) {
        let numbers: Vec<f32> = (-8000..=8000).map(|index| index as f32 * 0.01).collect();
        let mut found = numbers.clone();
        function(&mut found);
        for (x, found) in numbers.into_iter().zip(found) {
            let expected = expected(f64::from(x));
            let size = if let Size::Result = size { expected } else { 1.0 };
            let error = (f64::from(found) - expected).abs();
            assert!(
                error <= units * f64::from(f32::EPSILON) * size,
                "of {x}: {found}, not {expected}"
            );
        }
    }

    #[test]
    fn functions_are_those_of_mathematics() {
        check(exp, f64::exp, Size::Result, 2.0);
        check(tanh, f64::tanh, Size::One, 2.0);
        check(sigmoid, |x| 1.0 / (1.0 + (-x).exp()), Size::One, 2.0);
        check(softplus, |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), Size::Result, 4.0);
    }

    #[test]
    fn sums_and_largest_numbers_are_those_of_plain_loops() {
        for length in [0, 1, LANES - 1, LANES, 5 * LANES + 3] {
            // Small whole numbers, so that every order of summing gives the same.
            let numbers: Vec<f32> =
                (0..length).map(|index| ((index * 7) % 11) as f32 - 20.0).collect();
            let expected = numbers.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let plain = numbers.iter().sum::<f32>();
            assert!((sum(&numbers) - plain).abs() < f32::EPSILON, "sum of {length}");
            assert_eq!(largest(&numbers).to_bits(), expected.to_bits(), "largest of {length}");
        }
    }

    #[test]
    fn far_numbers_stay_numbers_and_none_stays_none() {
        let mut far = [-1e30, 1e30, f32::NEG_INFINITY, f32::INFINITY, f32::NAN];
        tanh(&mut far);
        assert_eq!(far[..4], [-1.0, 1.0, -1.0, 1.0]);
        assert!(far[4].is_nan());
        let mut far = [-1e30, 1e30, f32::INFINITY, f32::NAN];
        softplus(&mut far);
        assert!(far[0] < 1e-30 && far[3].is_nan(), "{far:?}");
        assert_eq!(far[1..3], [1e30, f32::INFINITY]);
    }
}
