//! How near a picture is to another. Values are in \[0, 1\].

use serde::Serialize;

/// Distances of a predicted picture from the true one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FrameMetrics {
    /// Mean squared error over pixels and channels.
    pub mse: f64,
    /// Peak signal-to-noise ratio in decibels; infinite (in JSON: null) for equal pictures.
    pub psnr: f64,
    /// Structural similarity, 1 for equal pictures.
    pub ssim: f64,
}

impl FrameMetrics {
    /// predicted `[3,S,S]`, truth `[3,S,S]` → metrics
    pub fn compare(side: usize, predicted: &[f32], truth: &[f32]) -> Self {
        let mse = mse(predicted, truth);
        Self { mse, psnr: psnr(mse), ssim: ssim(side, predicted, truth) }
    }

    /// The mean of each metric; the PSNR is that of the mean MSE (the trainer's evaluation averages the
    /// pictures' PSNR instead, which is a little higher). None for no pictures.
    pub fn mean(metrics: &[Self]) -> Option<Self> {
        let count = metrics.len() as f64;
        let mse = metrics.iter().map(|metrics| metrics.mse).sum::<f64>() / count;
        let ssim = metrics.iter().map(|metrics| metrics.ssim).sum::<f64>() / count;
        (!metrics.is_empty()).then(|| Self { mse, psnr: psnr(mse), ssim })
    }
}

/// Mean squared error.
///
/// # Panics
/// If the pictures have no or different numbers of values.
pub fn mse(a: &[f32], b: &[f32]) -> f64 {
    assert!(
        a.len() == b.len() && !a.is_empty(),
        "{} and {} values cannot be compared",
        a.len(),
        b.len()
    );
    let sum: f64 = a.iter().zip(b).map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2)).sum();
    sum / a.len() as f64
}

/// Peak signal-to-noise ratio in decibels of a mean squared error, for values in \[0, 1\].
pub fn psnr(mse: f64) -> f64 {
    -10.0 * mse.log10()
}

/// a `[C,S,S]`, b `[C,S,S]` → structural similarity (Wang et al. 2004: Gaussian window of 11×11, σ 1.5, K 0.01 and
/// 0.03), the mean over channels and over the places where the window fits.
///
/// # Panics
/// If the pictures differ in size, are no multiple of `side` squared, or are smaller than the window.
pub fn ssim(side: usize, a: &[f32], b: &[f32]) -> f64 {
    const STABLE_MEAN: f64 = 0.01 * 0.01;
    const STABLE_VARIANCE: f64 = 0.03 * 0.03;
    let plane = side * side;
    assert!(side >= WINDOW && a.len() == b.len() && !a.is_empty() && a.len().is_multiple_of(plane));
    let (mut sum, mut places) = (0.0, 0usize);
    for (a, b) in a.chunks_exact(plane).zip(b.chunks_exact(plane)) {
        let moment = |value: &dyn Fn(f64, f64) -> f64| {
            let values: Vec<f64> =
                a.iter().zip(b).map(|(a, b)| value(f64::from(*a), f64::from(*b))).collect();
            smooth(side, &values)
        };
        let (mean_a, mean_b) = (moment(&|a, _| a), moment(&|_, b| b));
        let (square_a, square_b) = (moment(&|a, _| a * a), moment(&|_, b| b * b));
        let product = moment(&|a, b| a * b);
        for i in 0..mean_a.len() {
            let (mean_product, mean_squares) =
                (mean_a[i] * mean_b[i], mean_a[i].powi(2) + mean_b[i].powi(2));
            let covariance = product[i] - mean_product;
            let variances = square_a[i] + square_b[i] - mean_squares;
            let likeness =
                (2.0 * mean_product + STABLE_MEAN) * (2.0 * covariance + STABLE_VARIANCE);
            sum += likeness / ((mean_squares + STABLE_MEAN) * (variances + STABLE_VARIANCE));
        }
        places += mean_a.len();
    }
    sum / places as f64
}

const WINDOW: usize = 11;

/// The Gaussian-weighted mean around every place where the window fits, rows then columns.
fn smooth(side: usize, values: &[f64]) -> Vec<f64> {
    let mut weights = [0.0; WINDOW];
    for (index, weight) in weights.iter_mut().enumerate() {
        let distance = (index as f64 - (WINDOW / 2) as f64) / 1.5;
        *weight = (-0.5 * distance * distance).exp();
    }
    let total: f64 = weights.iter().sum();
    let fits = side - WINDOW + 1;
    let mean = |value: &dyn Fn(usize) -> f64| {
        weights.iter().enumerate().map(|(index, weight)| weight * value(index)).sum::<f64>() / total
    };
    let rows: Vec<f64> = (0..side * fits)
        .map(|i| mean(&|offset| values[i / fits * side + i % fits + offset]))
        .collect();
    (0..fits * fits).map(|i| mean(&|offset| rows[i + offset * fits])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sums of a few thousand terms in double precision.
    const TOLERANCE: f64 = 1e-9;

    #[track_caller]
    fn check(found: f64, expected: f64) {
        assert!((found - expected).abs() < TOLERANCE, "{found} is not {expected}");
    }

    #[test]
    fn closed_forms() {
        let side = 16;
        let flat = |value: f32| vec![value; 3 * side * side];
        let ramp: Vec<f32> = (0..3 * side * side).map(|i| (i % 97) as f32 / 97.0).collect();
        check(mse(&flat(0.25), &flat(0.75)), 0.25);
        check(psnr(0.01), 20.0);
        check(ssim(side, &ramp, &ramp), 1.0);
        // Without variance only the comparison of the means is left: (2ab + C1) / (a² + b² + C1).
        check(
            ssim(side, &flat(0.25), &flat(0.75)),
            (2.0 * 0.1875 + 1e-4) / (0.0625 + 0.5625 + 1e-4),
        );
        let inverted: Vec<f32> = ramp.iter().map(|value| 1.0 - value).collect();
        assert!(
            ssim(side, &ramp, &inverted) < 0.0,
            "the negative of a picture is structurally unlike it"
        );
    }

    #[test]
    fn the_mean_takes_the_psnr_of_the_mean_error() {
        let one = FrameMetrics { mse: 0.01, psnr: 20.0, ssim: 0.5 };
        let other = FrameMetrics { mse: 0.19, psnr: psnr(0.19), ssim: 0.7 };
        let mean = FrameMetrics::mean(&[one, other]).expect("two pictures");
        check(mean.mse, 0.1);
        check(mean.psnr, 10.0);
        check(mean.ssim, 0.6);
        assert_eq!(FrameMetrics::mean(&[]), None);
    }
}
