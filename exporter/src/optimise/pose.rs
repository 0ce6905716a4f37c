//! Hoist the camera: its term of the gates, with the gates' bias.

use gqn_formats::{Gate, ModelConfig, Tensor};
use ndarray::Axis;

use super::slices::{GATES, Inputs, core, gate_kernels, input_channels};
use super::winograd_tiles::CHANNEL_BLOCK;
use crate::graph::{Graph, Rule, Value};

/// `v [B,7,1,1], or a ray map [B,6,h,h] -> [B,4H,h,h] of that core`, the gates' bias included.
///
/// The camera's term `W_v∗up(v)` of the gates is the same in every step, so it is computed once per query; the bias of
/// the gates goes with it.
pub(crate) fn pose_term(graph: &mut Graph, config: &ModelConfig, index: usize, v: &Value) -> Value {
    let core = core(config, index);
    let label = |part: &str| core.replace("generation_core", part);
    let v = if config.learns_upsample_v() {
        let upsample = graph.weight(&format!("{core}.upsample_v.weight"));
        graph.conv_transpose(&label("upsample_v"), v, &upsample)
    } else {
        v.clone()
    };
    let weight = graph.derived(
        &format!("{core}.gates.pose.weight"),
        vec![4 * config.hidden_channels, config.camera_channels(), 5, 5],
        &[format!("{core}.gates.weight")],
        |config, from| input_channels(from[0], Inputs::new(config).pose),
    );
    let bias = graph.weight(&format!("{core}.gates.bias"));
    graph.conv(&label("pose_term"), &[&v, &weight, &bias], 1, 2)
}

/// `ray map and rendered features [B,6+C,h,h] -> [B,4H,h,h] of that core`, the gates' bias included.
pub(crate) fn fixed_term(
    graph: &mut Graph,
    config: &ModelConfig,
    index: usize,
    inputs: &Value,
) -> Value {
    let core = core(config, index);
    let weight = graph.derived(
        &format!("{core}.gates.fixed.weight"),
        vec![4 * config.hidden_channels, inputs.fixed(1), 5, 5],
        &[format!("{core}.gates.weight")],
        |config, from| input_channels(from[0], Inputs::new(config).fixed()),
    );
    let bias = graph.weight(&format!("{core}.gates.bias"));
    let label = core.replace("generation_core", "fixed_term");
    graph.conv(&label, &[inputs, &weight, &bias], 1, 2)
}

/// The kernels of that term tap by tap, `[25,4H·I]` with I input channels, those beyond 6 + C of zeros, and their bias `[4H]`.
pub(crate) fn fixed_taps(
    graph: &mut Graph,
    config: &ModelConfig,
    index: usize,
    inputs: usize,
) -> (Value, Value) {
    let core = core(config, index);
    let taps = graph.derived(
        &format!("{core}.gates.fixed.taps"),
        vec![25, 4 * config.hidden_channels * inputs],
        &[format!("{core}.gates.weight")],
        |config, from| padded_taps(config, from[0]),
    );
    (taps, graph.weight(&format!("{core}.gates.bias")))
}

/// Those of one gate, `[25,H·I]` and `[H]`.
pub(crate) fn fixed_taps_of_gate(
    graph: &mut Graph,
    config: &ModelConfig,
    index: usize,
    inputs: usize,
    gate: Gate,
) -> (Value, Value) {
    const TAPS: [Rule; GATES] = [taps::<0>, taps::<1>, taps::<2>, taps::<3>];
    const BIASES: [Rule; GATES] = [bias::<0>, bias::<1>, bias::<2>, bias::<3>];
    let (core, hidden) = (core(config, index), config.hidden_channels);
    let name = format!("{core}.gates.{}", gate.name());
    let [weight, bias] = ["weight", "bias"].map(|field| [format!("{core}.gates.{field}")]);
    let taps = format!("{name}.fixed.taps");
    let taps = graph.derived(&taps, vec![25, hidden * inputs], &weight, TAPS[gate.index()]);
    (taps, graph.derived(&format!("{name}.bias"), vec![hidden], &bias, BIASES[gate.index()]))
}

fn taps<const GATE: usize>(config: &ModelConfig, from: &[&Tensor]) -> Tensor {
    padded_taps(config, &gate_kernels(config, from[0], Gate::ALL[GATE]))
}

fn bias<const GATE: usize>(config: &ModelConfig, from: &[&Tensor]) -> Tensor {
    gate_kernels(config, from[0], Gate::ALL[GATE])
}

/// `weight [out,in,5,5] -> [5,5,out,I]`
fn padded_taps(config: &ModelConfig, weight: &Tensor) -> Tensor {
    let taps = input_channels(weight, Inputs::new(config).fixed()).permuted_axes(vec![2, 3, 0, 1]);
    let mut shape = taps.shape().to_vec();
    let channels = shape[3];
    shape[3] = channels.next_multiple_of(CHANNEL_BLOCK);
    let mut padded = Tensor::zeros(shape);
    padded.slice_axis_mut(Axis(3), (..channels).into()).assign(&taps);
    padded
}
