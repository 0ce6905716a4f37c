//! Kernels that read the hidden state or the latent, as slices of the checkpoint.

use gqn_formats::{Gate, ModelConfig, Tensor};
use ndarray::{Axis, concatenate};

use super::slices::{GATES, Inputs, core, gate_kernels, input_channels};
use crate::graph::{Graph, Rule, Value};

/// The 5×5 kernels that read the hidden state, `[4H+2Z,H,5,5]`.
///
/// The prior of step l and the gates of step l read the same hidden state, that of step l-1: their kernels are stacked
/// along the output channels, and one convolution computes both.
pub(crate) fn recurrent_weight(graph: &mut Graph, config: &ModelConfig, step: usize) -> Value {
    let core = core(config, step);
    let hidden = config.hidden_channels;
    graph.derived(
        &format!("{core}.recurrent.weight"),
        vec![4 * hidden + 2 * config.latent_channels, hidden, 5, 5],
        &[format!("{core}.gates.weight"), "prior.weight".to_owned()],
        |config, from| stacked(&input_channels(from[0], Inputs::new(config).hidden), from[1]),
    )
}

/// The same kernels tap by tap, `[25,(4H+2Z)·H]`.
pub(crate) fn recurrent_taps(graph: &mut Graph, config: &ModelConfig, step: usize) -> Value {
    let core = core(config, step);
    let hidden = config.hidden_channels;
    graph.derived(
        &format!("{core}.recurrent.taps"),
        vec![25, (4 * hidden + 2 * config.latent_channels) * hidden],
        &[format!("{core}.gates.weight"), "prior.weight".to_owned()],
        |config, from| {
            let weight = stacked(&input_channels(from[0], Inputs::new(config).hidden), from[1]);
            weight.permuted_axes(vec![2, 3, 0, 1])
        },
    )
}

/// The kernels of one gate that read the hidden state, tap by tap, `[25,H·H]`.
pub(crate) fn gate_taps(graph: &mut Graph, config: &ModelConfig, step: usize, gate: Gate) -> Value {
    const RULES: [Rule; GATES] = [taps::<0>, taps::<1>, taps::<2>, taps::<3>];
    let (core, hidden) = (core(config, step), config.hidden_channels);
    graph.derived(
        &format!("{core}.gates.{}.taps", gate.name()),
        vec![25, hidden * hidden],
        &[format!("{core}.gates.weight")],
        RULES[gate.index()],
    )
}

fn taps<const GATE: usize>(config: &ModelConfig, from: &[&Tensor]) -> Tensor {
    let weight = gate_kernels(config, from[0], Gate::ALL[GATE]);
    input_channels(&weight, Inputs::new(config).hidden).permuted_axes(vec![2, 3, 0, 1])
}

/// The prior's kernels, tap by tap, `[25,2Z·H]`.
pub(crate) fn prior_taps(graph: &mut Graph, config: &ModelConfig) -> Value {
    graph.derived(
        "prior.taps",
        vec![25, 2 * config.latent_channels * config.hidden_channels],
        &["prior.weight".to_owned()],
        |_, from| from[0].clone().permuted_axes(vec![2, 3, 0, 1]),
    )
}

/// The prior's kernels as a matrix from a position to its terms of the 25 positions around it, `[H,25·2Z]`: a convolution
/// as GEMM and col2im.
pub(crate) fn prior_col2im_matrix(graph: &mut Graph, config: &ModelConfig) -> Value {
    graph.derived(
        "prior.col2im.matrix",
        vec![config.hidden_channels, 25 * 2 * config.latent_channels],
        &["prior.weight".to_owned()],
        |_, from| from[0].clone().permuted_axes(vec![1, 2, 3, 0]),
    )
}

/// Their bias `[4H+2Z]`: that of the prior. The gates' bias stands with the term of the camera.
pub(crate) fn recurrent_bias(graph: &mut Graph, config: &ModelConfig) -> Value {
    let channels = 4 * config.hidden_channels + 2 * config.latent_channels;
    graph.derived("recurrent.bias", vec![channels], &["prior.bias".to_owned()], |config, from| {
        stacked(&Tensor::zeros(vec![4 * config.hidden_channels]), from[0])
    })
}

/// The kernels that read the latent, `[4H,Z,5,5]`.
pub(crate) fn latent_weight(graph: &mut Graph, config: &ModelConfig, step: usize) -> Value {
    let core = core(config, step);
    graph.derived(
        &format!("{core}.gates.latent.weight"),
        vec![4 * config.hidden_channels, config.latent_channels, 5, 5],
        &[format!("{core}.gates.weight")],
        |config, from| input_channels(from[0], Inputs::new(config).latent),
    )
}

/// The same kernels as a matrix that multiplies rows of 25 neighbours from the right, `[25·Z,4H]`.
pub(crate) fn latent_matrix(graph: &mut Graph, config: &ModelConfig, step: usize) -> Value {
    let core = core(config, step);
    graph.derived(
        &format!("{core}.gates.latent.matrix"),
        vec![25 * config.latent_channels, 4 * config.hidden_channels],
        &[format!("{core}.gates.weight")],
        |config, from| {
            let weight = input_channels(from[0], Inputs::new(config).latent);
            weight.permuted_axes(vec![2, 3, 1, 0])
        },
    )
}

/// That of one gate, `[25·Z,H]`.
pub(crate) fn latent_matrix_of_gate(
    graph: &mut Graph,
    config: &ModelConfig,
    step: usize,
    gate: Gate,
) -> Value {
    const RULES: [Rule; GATES] = [matrix::<0>, matrix::<1>, matrix::<2>, matrix::<3>];
    let core = core(config, step);
    graph.derived(
        &format!("{core}.gates.{}.latent.matrix", gate.name()),
        vec![25 * config.latent_channels, config.hidden_channels],
        &[format!("{core}.gates.weight")],
        RULES[gate.index()],
    )
}

fn matrix<const GATE: usize>(config: &ModelConfig, from: &[&Tensor]) -> Tensor {
    let weight = gate_kernels(config, from[0], Gate::ALL[GATE]);
    input_channels(&weight, Inputs::new(config).latent).permuted_axes(vec![2, 3, 1, 0])
}

fn stacked(upper: &Tensor, lower: &Tensor) -> Tensor {
    concatenate(Axis(0), &[upper.view(), lower.view()]).expect("the other axes are equal")
}
