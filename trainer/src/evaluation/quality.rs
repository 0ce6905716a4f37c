//! How near pictures are to the true ones.

use gqn_pictures::ssim;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

/// Means over pictures.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Squared error of pixel values in \[0, 1\].
    pub mse: f64,
    /// Absolute error of pixel values in \[0, 1\].
    pub mae: f64,
    /// The same of values from 0 to 255.
    pub mae_255: f64,
    /// Root of the mean squared error, of values from 0 to 255.
    pub rmse_255: f64,
    /// Peak signal-to-noise ratio in decibels.
    pub psnr: f64,
    /// Structural similarity (Wang et al. 2004).
    pub ssim: f64,
}

/// What [`Quality`] is the mean of.
#[derive(Debug, Default)]
pub(crate) struct QualitySum {
    pictures: usize,
    squared: f64,
    absolute: f64,
    psnr: f64,
    ssim: f64,
}

impl QualitySum {
    /// `predicted [B,3,S,S], truth [B,3,S,S]`, in \[0, 1\]
    pub(crate) fn add(&mut self, predicted: &Tensor, truth: &Tensor) {
        let mean = |x: Tensor| x.mean_dim([1, 2, 3].as_slice(), false, None);
        let error = predicted - truth;
        let squared = mean(error.square());
        self.pictures += predicted.size()[0] as usize;
        // Equal pictures count as 100 dB.
        self.psnr += total(&(squared.clamp_min(1e-10).log10() * -10.0));
        self.squared += total(&squared);
        self.absolute += total(&mean(error.abs()));
        let side = predicted.size()[3] as usize;
        let [predicted, truth] = [predicted, truth].map(values);
        let pairs = predicted.par_chunks_exact(3 * side * side);
        let pairs = pairs.zip(truth.par_chunks_exact(3 * side * side));
        // Collected first: a sum in an order of its own would differ from run to run.
        let each: Vec<f64> = pairs.map(|(a, b)| ssim(side, a, b)).collect();
        self.ssim += each.iter().sum::<f64>();
    }

    pub(crate) fn mean(&self) -> Quality {
        let mean = |sum: f64| sum / self.pictures.max(1) as f64;
        let (mse, mae) = (mean(self.squared), mean(self.absolute));
        let (psnr, ssim) = (mean(self.psnr), mean(self.ssim));
        Quality { mse, mae, mae_255: 255.0 * mae, rmse_255: 255.0 * mse.sqrt(), psnr, ssim }
    }
}

pub(crate) fn total(x: &Tensor) -> f64 {
    x.sum(Kind::Double).double_value(&[])
}

fn values(x: &Tensor) -> Vec<f32> {
    let flat = x.to_device(Device::Cpu).to_kind(Kind::Float).contiguous().view([-1]);
    Vec::try_from(flat).expect("a flat tensor of f32 is a vector")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// f32 means of 768 values.
    const TOLERANCE: f64 = 1e-5;

    #[test]
    fn closed_forms() {
        let flat = |value: f64| Tensor::full([1, 3, 16, 16], value, (Kind::Float, Device::Cpu));
        let mut sum = QualitySum::default();
        // Off by 0.1 and by 0.3.
        sum.add(&flat(0.5), &flat(0.4));
        sum.add(&flat(0.2), &flat(0.5));
        let found = sum.mean();
        let (one, other) = (-10.0 * 0.01_f64.log10(), -10.0 * 0.09_f64.log10());
        let likeness = |a: f64, b: f64| (2.0 * a * b + 1e-4) / (a * a + b * b + 1e-4);
        let expected = Quality {
            mse: 0.05,
            mae: 0.2,
            mae_255: 51.0,
            rmse_255: 255.0 * 0.05_f64.sqrt(),
            psnr: f64::midpoint(one, other),
            ssim: f64::midpoint(likeness(0.5, 0.4), likeness(0.2, 0.5)),
        };
        for (name, found, expected) in [
            ("mse", found.mse, expected.mse),
            ("mae", found.mae, expected.mae),
            ("mae_255", found.mae_255, expected.mae_255),
            ("rmse_255", found.rmse_255, expected.rmse_255),
            ("psnr", found.psnr, expected.psnr),
            ("ssim", found.ssim, expected.ssim),
        ] {
            let error = (found - expected).abs() / expected.abs().max(1.0);
            assert!(error < TOLERANCE, "{name}: {found} is not {expected}");
        }
    }
}
