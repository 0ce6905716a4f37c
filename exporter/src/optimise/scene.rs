//! Hoist the scene: its term of the gates, computed once per scene.

use gqn_formats::ModelConfig;

use super::slices::{Inputs, core, input_channels};
use crate::graph::{Graph, Literal, Value};
use crate::model::tile;

/// Side of the smallest tiled picture on which a 5×5 convolution with zero padding shows every border: two rows from
/// the upper edge, one from within, two from the lower edge.
const BORDERS: usize = 5;

/// Side of the scene's term as it passes from graph to graph.
fn side(config: &ModelConfig) -> usize {
    let is_tiled = config.is_scene_vector() && !config.learns_upsample_r();
    if is_tiled { config.hidden_size().min(BORDERS) } else { config.hidden_size() }
}

/// Shape of what passes from the representation graph to the generator: the gates' terms of all cores, or the voxel grid
/// with its channels innermost.
pub(crate) fn scene_shape(config: &ModelConfig) -> Vec<usize> {
    if config.voxel.is_some() {
        let [_, channels, layers, rows, columns] = config.scene_shape()[..] else {
            unreachable!("a voxel scene has five axes")
        };
        return vec![1, layers, rows, columns, channels];
    }
    let side = side(config);
    vec![1, config.cores() * 4 * config.hidden_channels, side, side]
}

/// `sum of r over the views [1,R,1,1] or [1,R,h,h] -> scene [1,4H·cores,s,s]`
///
/// A convolution is linear in its input channels: W∗\[h, z, v, r\] = `W_h∗h` + `W_z∗z` + `W_v∗up(v)` + `W_r∗up(r)`. The last term
/// is the same in every step and for every camera, so it is computed here, once per scene. It has no bias, so it stays
/// linear in r, and scenes of parts add up to the scene of all views.
///
/// Where r is tiled, every inner position of the convolution sees the same numbers, and only the positions within two of an
/// edge see some of the padding: 25 different results, which the convolution of a 5×5 picture holds all.
pub(crate) fn scene_term(graph: &mut Graph, config: &ModelConfig, r: &Value) -> Value {
    let cores = 0..config.cores();
    let mut terms: Vec<Value> =
        cores.map(|index| core_term(graph, config, index, r, side(config))).collect();
    if terms.len() == 1 {
        return terms.remove(0);
    }
    graph.concat("scene_terms", 1, &terms.iter().collect::<Vec<_>>())
}

/// `r [B,R,1,1] or [B,R,h,h] -> its term of one core's gates [B,4H,s,s]`; where r is tiled, to that side.
pub(crate) fn core_term(
    graph: &mut Graph,
    config: &ModelConfig,
    index: usize,
    r: &Value,
    side: usize,
) -> Value {
    let (hidden, channels) = (config.hidden_channels, config.scene_channels());
    let core = core(config, index);
    let label = |part: &str| core.replace("generation_core", part);
    let r = if config.learns_upsample_r() {
        let weight = graph.weight(&format!("{core}.upsample_r.weight"));
        graph.conv_transpose(&label("upsample_r"), r, &weight)
    } else if r.fixed(2) == side {
        r.clone()
    } else {
        tile(graph, &label("borders"), r, side)
    };
    let weight = graph.derived(
        &format!("{core}.gates.scene.weight"),
        vec![4 * hidden, channels, 5, 5],
        &[format!("{core}.gates.weight")],
        |config, from| input_channels(from[0], Inputs::new(config).scene),
    );
    graph.conv(&label("scene_term"), &[&r, &weight], 1, 2)
}

/// `scene [1,4H·cores,s,s] -> [1,4H,h,h] of every core`: the border classes are spread out again.
pub(crate) fn spread_scene(graph: &mut Graph, config: &ModelConfig, scene: &Value) -> Vec<Value> {
    let (small, large) = (side(config), config.hidden_size());
    let mut scene = scene.clone();
    if small < large {
        let class = |place: usize| match place {
            0 | 1 => place,
            _ if place + 2 >= large => place + BORDERS - large,
            _ => 2,
        };
        let numbers = (0..large).map(|place| class(place) as i64).collect();
        let classes =
            graph.constant(Literal::Indices { name: "borders", shape: vec![large], numbers });
        scene = graph.take("scene/rows", 2, &scene, &classes);
        scene = graph.take("scene/columns", 3, &scene, &classes);
    }
    if config.cores() == 1 {
        return vec![scene];
    }
    graph.scoped("scene", |graph| graph.split_many(1, &scene, "core", config.cores()))
}
