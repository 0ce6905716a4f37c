//! Prior, posterior and observation: what is read from hidden states and canvas.

use std::borrow::Borrow;

use tch::Tensor;
use tch::nn::Path;

use super::gaussian::DiagonalGaussian;
use super::layers::Conv;

/// From a hidden state to the distribution of a latent (prior and posterior; Eslami et al. 2018, section S3.2).
#[derive(Debug)]
pub struct GaussianHead(Conv);

impl GaussianHead {
    /// A 5×5 convolution from H to 2Z channels: means first, then log-variances.
    pub fn new<'a>(
        path: impl Borrow<Path<'a>>,
        hidden_channels: i64,
        latent_channels: i64,
    ) -> Self {
        Self(Conv::head(path, hidden_channels, 2 * latent_channels, 5))
    }

    /// `hidden [B,H,h,h] -> mean and log-variance [B,Z,h,h]`
    pub fn forward(&self, hidden: &Tensor) -> DiagonalGaussian {
        DiagonalGaussian::from_channels(&self.0.forward(hidden))
    }

    /// `[2Z,H,5,5], [2Z]`
    pub(super) fn parameters(&self) -> [&Tensor; 2] {
        self.0.parameters()
    }
}

/// From the canvas to the mean of the picture.
#[derive(Debug)]
pub struct Observation(Conv);

impl Observation {
    /// A 1×1 convolution from U to 3 channels.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, canvas_channels: i64) -> Self {
        Self(Conv::head(path, canvas_channels, 3, 1))
    }

    /// `canvas [B,U,S,S] -> mean [B,3,S,S]`, not clamped
    pub fn forward(&self, canvas: &Tensor) -> Tensor {
        self.0.forward(canvas)
    }

    /// `[3,U,1,1], [3]`
    pub(super) fn parameters(&self) -> [&Tensor; 2] {
        self.0.parameters()
    }
}
