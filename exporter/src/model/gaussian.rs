//! Normal distributions of independent components, and their samples.

use crate::graph::{Graph, Value};

/// A normal distribution of independent components.
#[derive(Debug)]
pub(crate) struct DiagonalGaussian {
    mean: Value,
    log_variance: Value,
}

impl DiagonalGaussian {
    /// The distribution with that mean and logarithm of the variance, of equal shape.
    pub(crate) fn new(mean: Value, log_variance: Value) -> Self {
        Self { mean, log_variance }
    }

    /// The sample that standard normal `noise` stands for; zeros give the mean.
    pub(crate) fn sample(&self, graph: &mut Graph, noise: &Value) -> Value {
        graph.scoped_in_single("latent", |graph| {
            let half = graph.scale("half_log_variance", &self.log_variance, 0.5);
            let std_dev = graph.exp("std_dev", &half);
            let deviation = graph.mul("deviation", &std_dev, noise);
            let sample = graph.add("sample", &self.mean, &deviation);
            graph.document("mean + exp(½ log-variance) · noise");
            sample
        })
    }
}
