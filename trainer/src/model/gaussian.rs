//! Normal distributions of independent components.

use tch::Tensor;

/// A normal distribution of independent components.
#[derive(Debug)]
pub struct DiagonalGaussian {
    mean: Tensor,
    log_variance: Tensor,
}

impl DiagonalGaussian {
    /// The distribution with that mean and logarithm of the variance, of equal shape.
    pub fn new(mean: Tensor, log_variance: Tensor) -> Self {
        Self { mean, log_variance }
    }

    /// `[B,2Z,h,h]`, means first, then log-variances
    pub(super) fn from_channels(both: &Tensor) -> Self {
        let mut halves = both.chunk(2, 1).into_iter();
        let (Some(mean), Some(log_variance)) = (halves.next(), halves.next()) else {
            unreachable!("2Z channels have two halves");
        };
        Self { mean, log_variance }
    }

    /// The mean, which is also the mode.
    pub fn mean(&self) -> &Tensor {
        &self.mean
    }

    /// The natural logarithm of the variance.
    pub fn log_variance(&self) -> &Tensor {
        &self.log_variance
    }

    /// The standard deviation, `exp(½ log_variance)`.
    pub fn std_dev(&self) -> Tensor {
        (&self.log_variance * 0.5).exp()
    }

    /// The sample that standard normal `noise` stands for; zeros give the mean. Differentiable in the parameters.
    pub fn sample(&self, noise: &Tensor) -> Tensor {
        &self.mean + self.std_dev() * noise
    }

    /// Logarithm of the density at `x`, in nats, by component.
    pub fn log_prob(&self, x: &Tensor) -> Tensor {
        let squared = (x - &self.mean).square() * (-&self.log_variance).exp();
        (squared + &self.log_variance + (2.0 * std::f64::consts::PI).ln()) * -0.5
    }

    /// Kullback–Leibler divergence of `other` from this distribution, in nats, by component.
    pub fn kl(&self, other: &Self) -> Tensor {
        let ratio = (&self.log_variance - &other.log_variance).exp();
        let shift = (&self.mean - &other.mean).square() * (-&other.log_variance).exp();
        (ratio + shift - 1.0 + &other.log_variance - &self.log_variance) * 0.5
    }
}

#[cfg(test)]
mod tests {
    use tch::{Kind, Tensor};

    use super::DiagonalGaussian;

    /// Closed forms in f64, so only the rounding of the arithmetic remains.
    const TOLERANCE: f64 = 1e-12;

    fn gaussian(mean: f64, variance: f64) -> DiagonalGaussian {
        let scalar = |value: f64| Tensor::from_slice(&[value]);
        DiagonalGaussian::new(scalar(mean), scalar(variance.ln()))
    }

    #[track_caller]
    fn check(found: &Tensor, expected: f64) {
        let found = found.double_value(&[0]);
        assert!((found - expected).abs() < TOLERANCE, "found {found}, expected {expected}");
    }

    #[test]
    fn kl_is_the_textbook_formula() {
        // ln(s2/s1) + (s1² + (m1 - m2)²) / (2 s2²) - ½ with m1 = 1, s1 = 2, m2 = -1, s2 = 3.
        let expected = (3.0_f64 / 2.0).ln() + (4.0 + 4.0) / 18.0 - 0.5;
        check(&gaussian(1.0, 4.0).kl(&gaussian(-1.0, 9.0)), expected);
        check(&gaussian(0.3, 2.0).kl(&gaussian(0.3, 2.0)), 0.0);
    }

    #[test]
    fn the_logarithm_is_of_the_variance() {
        // exp(½ ln 4) = 2, not exp(ln 4): a known mistake of earlier implementations.
        check(&gaussian(1.0, 4.0).std_dev(), 2.0);
        check(&gaussian(1.0, 4.0).sample(&Tensor::from_slice(&[1.5])), 4.0);
        check(
            &gaussian(1.0, 4.0).sample(&Tensor::zeros([1], (Kind::Double, tch::Device::Cpu))),
            1.0,
        );
    }

    #[test]
    fn log_prob_is_the_density() {
        let expected = -((5.0_f64 - 1.0).powi(2)) / 8.0
            - 2.0_f64.ln()
            - 0.5 * (2.0 * std::f64::consts::PI).ln();
        check(&gaussian(1.0, 4.0).log_prob(&Tensor::from_slice(&[5.0])), expected);
    }
}
