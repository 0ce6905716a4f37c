//! The voxel grid with its channels innermost.

use gqn_formats::Dim;

use super::interpolation::Grid;
use crate::graph::{Graph, Value, fixed};
use crate::model::{Camera, Maps, Projection, depth_bins, sampled_map, voxel};

/// `maps of N views -> scene [1,Z,Y,X,R+5+K]`, summed over the views.
///
/// The same as the reference's lift with channels innermost: what a cell reads of a picture is four rows.
pub(crate) fn lift(graph: &mut Graph, camera: &Camera, maps: &Maps) -> Value {
    let voxel = voxel(graph);
    let ([columns, rows, layers], depths) = (voxel.cells, voxel.depth_samples);
    let features = graph.config.representation_channels;
    graph.scoped_in_single("lift", |graph| {
        let projection = Projection::new(graph, camera);
        let views = graph.count_along("views", &maps.features.shape[0]);
        let views = graph.as_numbers("views/numbers", &views);
        let views = graph.reshape("views/column", &views, camera.of([1, 1]));
        let at = [("at/x", &projection.x), ("at/y", &projection.y)]
            .map(|(label, at)| graph.reshape(label, at, camera.of([1, voxel.cell_count()])));
        let at = graph.concat("at", 1, &[&at[0], &at[1]]);
        let map = sampled_map(graph, maps);
        let map_names = ["map_last", "map_strides", "map_corners"];
        let sampled = graph.scoped("maps", |graph| sample(graph, map_names, &map, &at, &views));
        let [features, surfaces] =
            graph.split_into(2, &sampled, [("features", features), ("depth_logits", depths)]);
        let halved = graph.halve("colours/halved", &maps.picture);
        let picture_names = ["picture_last", "picture_strides", "picture_corners"];
        // Evidence has the resolution of the colours, so that one look-up gives both.
        let pixels = match &maps.evidence {
            Some(evidence) => graph.concat("pixels", 1, &[&halved, evidence]),
            None => halved,
        };
        let pixels =
            graph.scoped("colours", |graph| sample(graph, picture_names, &pixels, &at, &views));
        let (colours, evidence) = match &maps.evidence {
            Some(evidence) => {
                let parts = [("colours", 3), ("evidence", evidence.fixed(1))];
                let [colours, evidence] =
                    graph.scoped("pixels", |graph| graph.split_into(2, &pixels, parts));
                let visible = &projection.visible;
                (colours, Some(graph.mul("evidence/times_visible", &evidence, visible)))
            }
            None => (pixels, None),
        };
        let bins = depth_bins(graph, [depths]);
        let hat = graph.hat("depth", &projection.bin, &bins);
        let shares = match maps.evidence {
            Some(_) => surfaces,
            None => graph.softmax("depth_shares", 2, &surfaces),
        };
        let share = graph.mul("density/shares", &shares, &hat);
        let share = graph.sum_along("density/share", 2, &share);
        let share = graph.mul("density/visible", &share, &projection.visible);
        let density = graph.scale("density", &share, depths as f32 / 4.0);
        let [features, colours] = [("features", &features), ("colours", &colours)]
            .map(|(label, x)| graph.mul(&format!("{label}/times_density"), x, &density));
        let mut parts = vec![&features, &density, &projection.visible, &colours];
        parts.extend(&evidence);
        let contribution = graph.concat("contribution", 2, &parts);
        let sum = graph.sum_over_items("sum_over_views", &contribution);
        let channels = sum.fixed(2);
        graph.reshape("cells", &sum, fixed([1, layers, rows, columns, channels]))
    })
}

/// `map [N,C,n,n], at [N,2,cells] in −1..1, number of each view [N,1,1] -> [N,cells,C]`: bilinear, read at the border beyond it.
fn sample(
    graph: &mut Graph,
    name: [&'static str; 3],
    map: &Value,
    at: &Value,
    views: &Value,
) -> Value {
    let (channels, side) = (map.fixed(1), map.fixed(2));
    let table = graph.transpose("channels_last", map, &[0, 2, 3, 1]);
    let table =
        graph.reshape("table", &table, vec![Dim::Named("rows".into()), Dim::Fixed(channels)]);
    let half = side as f32 / 2.0;
    let at = graph.scale("at/scaled", at, half);
    let at = graph.offset("at/shifted", &at, half - 0.5);
    let at = graph.clip("at", &at, 0.0, (side - 1) as f32);
    let first = graph.scale("first_row", views, (side * side) as f32);
    let grid = Grid { name, sizes: [side, side] };
    let corners = grid.corners(graph, &at, Some(&first));
    corners.interpolate(graph, "sampled", &table)
}
