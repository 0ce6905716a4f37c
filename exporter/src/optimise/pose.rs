use gqn_formats::ModelConfig;

use super::slices::{Inputs, core, input_channels};
use crate::graph::{Graph, Value};

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
