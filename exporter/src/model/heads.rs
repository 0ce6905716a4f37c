//! The prior and the observation: what is read from hidden state and canvas.

use super::gaussian::DiagonalGaussian;
use super::layers::{Conv, Path};
use crate::graph::{Graph, Value};

/// From a hidden state to the distribution of a latent (prior; Eslami et al. 2018, section S3.2).
#[derive(Debug)]
pub(crate) struct GaussianHead(Conv);

impl GaussianHead {
    /// A 5×5 convolution from H to 2Z channels: means first, then log-variances.
    pub(crate) fn new(path: Path) -> Self {
        Self(Conv::same(path))
    }

    /// `hidden [B,H,h,h] -> mean and log-variance [B,Z,h,h]`
    pub(crate) fn forward(&self, graph: &mut Graph, hidden: &Value) -> DiagonalGaussian {
        graph.in_single(|graph| {
            let both = self.0.forward(graph, hidden);
            graph.document("reads the hidden state from before this step");
            let [mean, log_variance] = graph
                .scoped(self.0.field(), |graph| graph.split(1, &both, ["mean", "log_variance"]));
            DiagonalGaussian::new(mean, log_variance)
        })
    }
}

/// From the canvas to the mean of the picture.
#[derive(Debug)]
pub(crate) struct Observation(Conv);

impl Observation {
    /// A 1×1 convolution from U to 3 channels.
    pub(crate) fn new(path: Path) -> Self {
        Self(Conv::same(path))
    }

    /// `canvas [B,U,S,S] -> mean [B,3,S,S]`, not clamped
    pub(crate) fn forward(&self, graph: &mut Graph, canvas: &Value) -> Value {
        let mean = graph.in_single(|graph| self.0.forward(graph, canvas));
        graph.store_in_single(&self.0.weight());
        mean
    }
}
