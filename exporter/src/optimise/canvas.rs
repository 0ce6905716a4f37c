//! Fold the canvas: the kernel from the hidden state to pixels, composed from two convolutions.

use gqn_formats::{ModelConfig, Tensor};

use super::slices::core;
use crate::graph::{Graph, Value};

/// Side of the block of pixels that one position of the hidden state updates.
pub(crate) const BLOCK: usize = 4;

/// Channels of such a block: red, green and blue of each pixel.
pub(crate) const BLOCK_CHANNELS: usize = 3 * BLOCK * BLOCK;

/// The kernel from the hidden state to blocks of pixels, `[48,H,1,1]`; channel 16·c + 4·dy + dx is colour c at (dy, dx).
///
/// Nothing between the canvas and the picture bends: picture = `W_o∗(Σ_l` `up4(h_l)`) + `b_o`. Both convolutions have kernels
/// that do not overlap, so they compose to one kernel P[c, dy, dx, h] = `Σ_u` `W_o`[c, u] · up4[h, u, dy, dx], and
/// picture = `P∗(Σ_l` `h_l`) + `b_o` with the 48 channels spread over 4×4 pixels. The canvas of U channels at full size is gone.
pub(crate) fn canvas_update_weight(graph: &mut Graph, config: &ModelConfig, step: usize) -> Value {
    let core = core(config, step);
    let name = format!("{core}.canvas_update.weight");
    let weight = graph.derived(
        &name,
        vec![BLOCK_CHANNELS, config.hidden_channels, 1, 1],
        &["observation.weight".to_owned(), format!("{core}.upsample_h.weight")],
        |config, from| composed(config, from[0], from[1]),
    );
    graph.store_in_single(&name);
    weight
}

/// The same kernel as a matrix that multiplies rows from the right, `[H,48]`.
pub(crate) fn canvas_update_matrix(graph: &mut Graph, config: &ModelConfig, step: usize) -> Value {
    let core = core(config, step);
    graph.derived(
        &format!("{core}.canvas_update.matrix"),
        vec![config.hidden_channels, BLOCK_CHANNELS],
        &["observation.weight".to_owned(), format!("{core}.upsample_h.weight")],
        |config, from| composed(config, from[0], from[1]).permuted_axes(vec![1, 0, 2, 3]),
    )
}

/// The observation's bias for every number of a block: `[48,1,1]`, with as many axes of one as `after` says.
pub(crate) fn pixel_bias(graph: &mut Graph, after: usize) -> Value {
    let shape = [vec![BLOCK_CHANNELS], vec![1; after]].concat();
    graph.derived("observation.pixel_bias", shape, &["observation.bias".to_owned()], |_, from| {
        Tensor::from_shape_fn(vec![BLOCK_CHANNELS], |index| from[0][[index[0] / (BLOCK * BLOCK)]])
    })
}

/// `observation [3,U,1,1], upsample_h [H,U,4,4] -> [48,H,1,1]`, summed in double precision.
fn composed(config: &ModelConfig, observation: &Tensor, upsample: &Tensor) -> Tensor {
    Tensor::from_shape_fn(vec![BLOCK_CHANNELS, config.hidden_channels, 1, 1], |index| {
        let (colour, place) = (index[0] / (BLOCK * BLOCK), index[0] % (BLOCK * BLOCK));
        let product = |u: usize| {
            let pixel = upsample[[index[1], u, place / BLOCK, place % BLOCK]];
            f64::from(observation[[colour, u, 0, 0]]) * f64::from(pixel)
        };
        (0..config.canvas_channels).map(product).sum::<f64>() as f32
    })
}
