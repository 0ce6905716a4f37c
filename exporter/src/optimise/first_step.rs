//! The first DRAW step, whose state is zero: its latent needs no convolution.

use ndarray::Axis;

use crate::graph::{Graph, Value};

/// `noise -> z of the first step`; channels stand along the axis that `after` axes follow.
///
/// The first hidden state is zero, so the first prior is its bias: mean `b_μ` and standard deviation exp(½ `b_σ`) are
/// numbers of the file, and z = `b_μ` + exp(½ `b_σ`) · noise. The recurrent convolution of zeros is zero, and a cell state
/// of zeros leaves nothing to forget: neither is in the graph.
pub(crate) fn first_latent(graph: &mut Graph, after: usize, noise: &Value) -> Value {
    let latent = graph.config.latent_channels;
    let shape = [vec![latent], vec![1; after]].concat();
    let bias = ["prior.bias".to_owned()];
    let mean = graph.derived("prior.first.mean", shape.clone(), &bias, |config, from| {
        let latent = config.latent_channels;
        from[0].slice_axis(Axis(0), (..latent).into()).to_owned()
    });
    let std_dev = graph.derived("prior.first.std_dev", shape, &bias, |config, from| {
        let latent = config.latent_channels;
        from[0].slice_axis(Axis(0), (latent..).into()).mapv(|log| (0.5 * log).exp())
    });
    graph.scoped_in_single("latent", |graph| {
        let deviation = graph.mul("deviation", noise, &std_dev);
        graph.add("sample", &deviation, &mean)
    })
}
