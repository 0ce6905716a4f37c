//! Weighted sums of a few rows.

/// Numbers of a row that are summed together: their sums stay in registers.
const WIDTH: usize = 32;

/// Writes the sum of some rows, each times its weight; `row` gives the row of a term, which is as long as the sum.
pub(crate) fn sum_rows<'a>(weights: &[f32], row: impl Fn(usize) -> &'a [f32], out: &mut [f32]) {
    let length = out.len();
    let mut start = 0;
    while length - start >= WIDTH {
        sum_part::<WIDTH>(weights, &row, start, out);
        start += WIDTH;
    }
    while length - start >= WIDTH / 4 {
        sum_part::<{ WIDTH / 4 }>(weights, &row, start, out);
        start += WIDTH / 4;
    }
    for (index, out) in out.iter_mut().enumerate().skip(start) {
        *out = weights.iter().enumerate().map(|(term, weight)| weight * row(term)[index]).sum();
    }
}

#[inline(always)]
#[allow(clippy::inline_always, reason = "the sums stay in registers where the closure is inlined")]
fn sum_part<'a, const N: usize>(
    weights: &[f32],
    row: &impl Fn(usize) -> &'a [f32],
    start: usize,
    out: &mut [f32],
) {
    let mut sums = [0.0; N];
    for (term, weight) in weights.iter().enumerate() {
        let row = &row(term)[start..][..N];
        sums.iter_mut().zip(row).for_each(|(sum, number)| *sum += weight * number);
    }
    out[start..][..N].copy_from_slice(&sums);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_those_of_a_plain_loop() {
        for length in [1, WIDTH / 4, WIDTH - 1, WIDTH, 2 * WIDTH + WIDTH / 4 + 3] {
            // Small whole numbers, so that every order of summing gives the same.
            let numbers: Vec<f32> =
                (0..3 * length).map(|index| ((index * 7) % 11) as f32 - 5.0).collect();
            let weights = [2.0, -1.0, 3.0];
            let mut out = vec![100.0; length];
            sum_rows(&weights, |term| &numbers[term * length..][..length], &mut out);
            for (index, found) in out.iter().enumerate() {
                let term = |term: usize| weights[term] * numbers[term * length + index];
                let expected: f32 = (0..3).map(term).sum();
                assert!((found - expected).abs() <= 0.0, "{index}: {found}, not {expected}");
            }
        }
    }
}
