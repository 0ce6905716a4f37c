//! From the features of a view to a voxel grid.

use super::camera::{Camera, numbers, voxel};
use super::representation::Maps;
use crate::graph::{Corners, Graph, Literal, Value, fixed};

/// How far beyond the picture's edge a cell is seen, and how steeply that ends.
const EDGE: f32 = 1.05;
const STEEPNESS: f32 = 10.0;

/// Where the cells' centres appear in the pictures of some views (`docs/voxel.md`, step 2): `[N,cells,1]` each, along z, y
/// and then x.
#[derive(Debug)]
pub(crate) struct Projection {
    /// px: −1 at the left edge of the picture, 1 at the right one.
    pub(crate) x: Value,
    /// py: −1 at the upper edge, 1 at the lower one.
    pub(crate) y: Value,
    /// 0 to 1.
    pub(crate) visible: Value,
    /// k: which depth bin the cell is in, 0 to D − 1; between two bins in parts.
    pub(crate) bin: Value,
}

impl Projection {
    pub(crate) fn new(graph: &mut Graph, camera: &Camera) -> Self {
        let voxel = voxel(graph);
        let [xs, ys, zs] = [0, 1, 2].map(|axis| voxel.centres(axis));
        let mut centres = Vec::new();
        for z in &zs {
            for y in &ys {
                centres.extend(xs.iter().flat_map(|x| [*x, *y, *z]));
            }
        }
        let centres = numbers(graph, "cell_centres", vec![voxel.cell_count(), 3], centres);
        let near = voxel.near as f32;
        graph.scoped("projection", |graph| {
            let (offsets, [ahead, right, up]) = camera.toward(graph, &centres);
            let nearest = graph.constant(Literal::F32(near / 2.0));
            let width = graph.max("depth", &ahead, &nearest);
            let width = graph.scale("half_width", &width, voxel.half_width() as f32);
            let x = graph.div("x", &right, &width);
            let down = graph.neg("down", &up);
            let y = graph.div("y", &down, &width);
            let in_front = graph.scale("in_front/scaled", &ahead, (2.0 / voxel.near) as f32);
            let in_front = graph.offset("in_front/shifted", &in_front, -1.0);
            let in_front = graph.clip("in_front", &in_front, 0.0, 1.0);
            let [across, along] = [("inside_x", &x), ("inside_y", &y)].map(|(label, at)| {
                graph.scoped(label, |graph| {
                    let distance = graph.abs("distance", at);
                    let left = graph.sub_from("left", EDGE, &distance);
                    let scaled = graph.scale("scaled", &left, STEEPNESS);
                    graph.clip("inside", &scaled, 0.0, 1.0)
                })
            });
            let inside = graph.mul("inside", &across, &along);
            let visible = graph.mul("visible", &inside, &in_front);
            let distance = graph.length("distance", &offsets);
            let bins_per_unit = voxel.depth_samples as f64 / (voxel.far - voxel.near);
            let bin = graph.scale("bin/scaled", &distance, bins_per_unit as f32);
            let first = -(voxel.near * bins_per_unit + 0.5) as f32;
            let bin = graph.offset("bin/shifted", &bin, first);
            let bin = graph.clip("bin", &bin, 0.0, (voxel.depth_samples - 1) as f32);
            Self { x, y, visible, bin }
        })
    }
}

/// `maps of N views -> what each view says of each cell [N,R+5+K,Z,Y,X]` (steps 2 to 5)
pub(crate) fn lift(graph: &mut Graph, camera: &Camera, maps: &Maps) -> Value {
    let voxel = voxel(graph);
    let ([columns, rows, layers], depths) = (voxel.cells, voxel.depth_samples);
    let features = graph.config.representation_channels;
    let lines = layers * rows;
    graph.scoped_in_single("lift", |graph| {
        let projection = Projection::new(graph, camera);
        let at = graph.concat("at/x_and_y", 2, &[&projection.x, &projection.y]);
        let at = graph.reshape("at", &at, camera.of([lines, columns, 2]));
        let map = sampled_map(graph, maps);
        let sampled = graph.grid_sample("maps", &map, &at, Corners::Borders);
        let [features, surfaces] =
            graph.split_into(1, &sampled, [("features", features), ("depth_logits", depths)]);
        let colours = graph.halve("colours/halved", &maps.picture);
        let colours = graph.grid_sample("colours", &colours, &at, Corners::Borders);
        let of_cells = |graph: &mut Graph, label: &str, x: &Value| {
            graph.reshape(label, x, camera.of([1, lines, columns]))
        };
        let visible = of_cells(graph, "visible", &projection.visible);
        let bin = of_cells(graph, "bin", &projection.bin);
        let bins = depth_bins(graph, [depths, 1, 1]);
        let hat = graph.hat("depth", &bin, &bins);
        let shares = match maps.evidence {
            Some(_) => surfaces,
            None => graph.softmax("depth_shares", 1, &surfaces),
        };
        let share = graph.mul("density/shares", &shares, &hat);
        let share = graph.sum_along("density/share", 1, &share);
        let share = graph.mul("density/visible", &share, &visible);
        let density = graph.scale("density", &share, depths as f32 / 4.0);
        let [features, colours] = [("features", &features), ("colours", &colours)]
            .map(|(label, x)| graph.mul(&format!("{label}/times_density"), x, &density));
        let evidence = maps.evidence.as_ref().map(|map| {
            let sampled = graph.grid_sample("evidence", map, &at, Corners::Borders);
            graph.mul("evidence/times_visible", &sampled, &visible)
        });
        let mut parts = vec![&features, &density, &visible, &colours];
        parts.extend(&evidence);
        let contribution = graph.concat("contribution", 1, &parts);
        let shape = [&contribution.shape[..2], &fixed([layers, rows, columns])].concat();
        graph.reshape("cells", &contribution, shape)
    })
}

/// Features and depth logits `[N,R+D,h,h]`; of a model with evidence channels features and depth probabilities (step 4).
pub(crate) fn sampled_map(graph: &mut Graph, maps: &Maps) -> Value {
    if maps.evidence.is_none() {
        return maps.features.clone();
    }
    let (features, depths) = (graph.config.representation_channels, voxel(graph).depth_samples);
    graph.scoped("map", |graph| {
        let parts = [("features", features), ("depth_logits", depths)];
        let [features, logits] = graph.split_into(1, &maps.features, parts);
        let shares = graph.softmax("depth_shares", 1, &logits);
        graph.concat("features_and_shares", 1, &[&features, &shares])
    })
}

/// 0 to D − 1 in that shape.
pub(crate) fn depth_bins<const L: usize>(graph: &mut Graph, shape: [usize; L]) -> Value {
    let count: usize = shape.iter().product();
    let bins = (0..count).map(|bin| bin as f64).collect();
    numbers(graph, "depth_bins", shape.to_vec(), bins)
}
