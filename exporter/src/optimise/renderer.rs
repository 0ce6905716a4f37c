//! Hoist the renderer: per-cell layers once per run, rendered features once per query.

use gqn_formats::{ModelConfig, Tensor};

use super::interpolation::Grid;
use crate::graph::{Graph, Value, fixed};
use crate::model::{
    Camera, Query, Rendered, Samples, cell_inputs, numbers, pixel_plane, visible_shares, voxel,
};

/// `scene [1,Z,Y,X,R+5+K], v [N,7] -> what the cores read of it and the RGB skip connection`
///
/// The per-cell layers are computed once per run, the rest once per query; no DRAW step reads a grid. Rays stand in the
/// order of the positions that read them, so that space-to-depth moves nothing.
pub(crate) fn render(graph: &mut Graph, query: &Query<'_>) -> Rendered {
    let voxel = voxel(graph);
    let (features, h, q) =
        (graph.config.representation_channels, graph.config.hidden_size(), voxel.rays);
    let camera = Camera::new(graph, query.poses);
    let plane = pixel_plane(graph, "pixel_plane", h);
    let rays = camera.rays(graph, &plane);
    let ray_map = camera.ray_map(graph, &rays, h);
    graph.scoped("renderer", |graph| {
        let cells = cells(graph, query.scene);
        let rays = if q == 1 { rays } else { rays_of_positions(graph, &camera) };
        let samples = Samples::new(graph, &camera, &rays);
        let g = sample(graph, &cells, &samples);
        let rendered = composite(graph, &camera, &g);
        let positions = graph.reshape("positions", &rendered, camera.of([h * h, q * q * features]));
        let weight = mix_matrix(graph);
        let bias = graph.weight("renderer.mix.bias");
        let mixed = graph.matmul("mix/matmul", &positions, &weight);
        let mixed = graph.add("mix/bias", &mixed, &bias);
        let mixed = graph.relu("mix/relu", &mixed);
        let mixed = graph.transpose("mix/channels_first", &mixed, &[0, 2, 1]);
        let channels = voxel.rendered_channels;
        let mixed = graph.reshape("mix", &mixed, camera.of([channels, h, h]));
        Rendered { rays: ray_map, features: mixed, skip: skip(graph, &camera, &rendered) }
    })
}

/// `scene [1,Z,Y,X,R+5+K] -> grid [cells,R]` (step 6)
fn cells(graph: &mut Graph, scene: &Value) -> Value {
    let (features, cells) = (graph.config.representation_channels, voxel(graph).cell_count());
    let channels = scene.fixed(4);
    let matrix = |graph: &mut Graph, layer: &str, [input, output]: [usize; 2]| {
        graph.derived(
            &format!("renderer.{layer}.matrix"),
            vec![input, output],
            &[format!("renderer.{layer}.weight")],
            |_, from| transposed(from[0]),
        )
    };
    let first = matrix(graph, "cells1", [channels, 2 * features]);
    let second = matrix(graph, "cells2", [2 * features, features]);
    let bias = graph.weight("renderer.cells1.bias");
    let cell_bias = graph.derived(
        "renderer.cell_bias.rows",
        vec![cells, features],
        &["renderer.cell_bias".to_owned(), "renderer.cells2.bias".to_owned()],
        |_, from| {
            let rows = from[0].clone().permuted_axes(vec![1, 2, 3, 0]);
            rows + from[1]
        },
    );
    graph.scoped_in_single("cells", |graph| {
        let scene = graph.reshape("scene", scene, fixed([cells, channels]));
        let inputs = cell_inputs(graph, 1, &scene, features);
        let x = graph.matmul("cells1/matmul", &inputs, &first);
        let x = graph.add("cells1/bias", &x, &bias);
        let x = graph.relu("cells1/relu", &x);
        let x = graph.matmul("cells2/matmul", &x, &second);
        graph.add("cells2/bias", &x, &cell_bias)
    })
}

/// Unit vectors along the rays, those of a position one after the other: `[N,h·h·q·q,3]`.
fn rays_of_positions(graph: &mut Graph, camera: &Camera) -> Value {
    let (h, voxel) = (graph.config.hidden_size(), voxel(graph));
    let (q, half_width) = (voxel.rays, voxel.half_width());
    let at = |pixel: usize| ((pixel as f64 + 0.5) * 2.0 / (h * q) as f64 - 1.0) * half_width;
    let mut plane = Vec::new();
    for position in 0..h * h {
        for ray in 0..q * q {
            let (row, column) = (position / h * q + ray / q, position % h * q + ray % q);
            plane.extend([1.0, at(column), -at(row)]);
        }
    }
    let plane = numbers(graph, "sample_plane", vec![h * h * q * q, 3], plane);
    camera.rays(graph, &plane)
}

/// `grid [cells,R], samples -> g [N,rays·D,R]` (step 7)
fn sample(graph: &mut Graph, cells: &Value, samples: &Samples) -> Value {
    let sizes = voxel(graph).cells;
    let last = sizes.iter().map(|size| (size - 1) as f64).collect();
    let last = numbers(graph, "box_cells", vec![3, 1], last);
    graph.scoped_in_single("sampled", |graph| {
        let at = graph.transpose("at/axes_first", &samples.at, &[0, 2, 1]);
        let at = graph.mul("at", &at, &last);
        let grid = Grid { name: ["cell_last", "cell_strides", "cell_corners"], sizes };
        let corners = grid.corners(graph, &at, None);
        let g = corners.interpolate(graph, "cells", cells);
        graph.mul("g", &g, &samples.inside)
    })
}

/// `g [N,rays·D,R] -> rendered features [N,rays,R]` (step 8)
fn composite(graph: &mut Graph, camera: &Camera, g: &Value) -> Value {
    let (depths, features) = (voxel(graph).depth_samples, g.fixed(2));
    let rays = g.fixed(1) / depths;
    let weight = graph.derived(
        "renderer.opacity.matrix",
        vec![features, 1],
        &["renderer.opacity.weight".to_owned()],
        |_, from| transposed(from[0]),
    );
    let bias = graph.weight("renderer.opacity.bias");
    graph.scoped_in_single("compositing", |graph| {
        let read = graph.relu("relu", g);
        let logit = graph.matmul("opacity/matmul", &read, &weight);
        let logit = graph.add("opacity/bias", &logit, &bias);
        let logit = graph.reshape("opacity", &logit, camera.of([rays, depths]));
        let shares = visible_shares(graph, &logit, depths);
        let shares = graph.reshape("shares", &shares, camera.of([rays, 1, depths]));
        let g = graph.reshape("g", g, camera.of([rays, depths, features]));
        let sum = graph.matmul("sum", &shares, &g);
        graph.reshape("rendered", &sum, camera.of([rays, features]))
    })
}

/// `[q·q·R,C]`: the kernel that mixes the rays of a position, for channels that stand ray by ray.
fn mix_matrix(graph: &mut Graph) -> Value {
    let voxel = voxel(graph);
    let inputs = graph.config.representation_channels * voxel.rays * voxel.rays;
    graph.derived(
        "renderer.mix.matrix",
        vec![inputs, voxel.rendered_channels],
        &["renderer.mix.weight".to_owned()],
        by_ray,
    )
}

fn by_ray(config: &ModelConfig, from: &[&Tensor]) -> Tensor {
    let (features, outputs) = (config.representation_channels, from[0].shape()[0]);
    let rays = from[0].shape()[1] / features;
    let index = |at: ndarray::IxDyn| {
        let (ray, feature) = (at[0] / features, at[0] % features);
        from[0][[at[1], feature * rays + ray, 0, 0]]
    };
    Tensor::from_shape_fn(vec![rays * features, outputs], index)
}

/// `rendered [N,rays,R] -> [N,3,S,S]` (step 10)
fn skip(graph: &mut Graph, camera: &Camera, rendered: &Value) -> Value {
    let (h, q, features) = (graph.config.hidden_size(), voxel(graph).rays, rendered.fixed(2));
    let [weight, bias] =
        ["renderer.rgb.weight", "renderer.rgb.bias"].map(|name| graph.weight(name));
    graph.scoped("skip", |graph| {
        let read = graph.relu("relu", rendered);
        let read = graph.reshape("apart", &read, camera.of([h, h, q, q, features]));
        let read = graph.transpose("channels_first", &read, &[0, 5, 1, 3, 2, 4]);
        // This alone changes no number; exported graphs in half precision have it in single.
        let read = graph.in_single(|graph| {
            graph.reshape("picture", &read, camera.of([features, h * q, h * q]))
        });
        let colours = graph.conv("conv", &[&read, &weight, &bias], 1, 1);
        if q == 4 { colours } else { graph.depth_to_space("pixels", &colours, 4 / q) }
    })
}

/// `weight [out,in,1,1] -> [in,out]`
fn transposed(weight: &Tensor) -> Tensor {
    weight.clone().permuted_axes(vec![1, 0, 2, 3])
}
