//! Positions, axes and rays of cameras, from poses.

use gqn_formats::{Dim, VoxelConfig};
use gqn_scenes::PoseEncoding;

use crate::graph::{Graph, Literal, Value, fixed};

/// Where cameras stand and look (`docs/voxel.md`, Camera).
#[derive(Debug)]
pub(crate) struct Camera {
    /// o: `[N,3]`.
    position: Value,
    /// forward, right and up: `[N,3,3]`, a unit vector a row.
    axes: Value,
}

impl Camera {
    /// `v [N,7] -> position and axes`
    pub(crate) fn new(graph: &mut Graph, v: &Value) -> Self {
        graph.scoped_in_single("camera", |graph| {
            let labels = match graph.config.pose_encoding {
                PoseEncoding::CosSin => ["cos_yaw", "sin_yaw", "cos_pitch", "sin_pitch"],
                PoseEncoding::SinCos => ["sin_yaw", "cos_yaw", "sin_pitch", "cos_pitch"],
            };
            let [a, b, c, d] = labels.map(|label| (label, 1));
            let [position, a, b, c, d] = graph.split_into(1, v, [("position", 3), a, b, c, d]);
            let (cos_yaw, sin_yaw, cos_pitch, sin_pitch) = match graph.config.pose_encoding {
                PoseEncoding::CosSin => (a, b, c, d),
                PoseEncoding::SinCos => (b, a, d, c),
            };
            let forward = [("forward_x", &cos_yaw), ("forward_y", &sin_yaw)]
                .map(|(label, yaw)| graph.mul(label, &cos_pitch, yaw));
            let right_y = graph.neg("right_y", &cos_yaw);
            let zero = graph.scale("right_z", &sin_yaw, 0.0);
            let down = graph.neg("down", &sin_pitch);
            let up = [("up_x", &cos_yaw), ("up_y", &sin_yaw)]
                .map(|(label, yaw)| graph.mul(label, &down, yaw));
            let numbers = [
                &forward[0],
                &forward[1],
                &sin_pitch,
                &sin_yaw,
                &right_y,
                &zero,
                &up[0],
                &up[1],
                &cos_pitch,
            ];
            let axes = graph.concat("numbers", 1, &numbers);
            let shape = [&v.shape[..1], &fixed([3, 3])].concat();
            Self { axes: graph.reshape("axes", &axes, shape), position }
        })
    }

    /// `N` and then those lengths.
    pub(crate) fn of<const L: usize>(&self, lengths: [usize; L]) -> Vec<Dim> {
        [&self.position.shape[..1], &fixed(lengths)].concat()
    }

    /// `plane [rays,3] -> unit vectors along the rays [N,rays,3]`; a row of the plane is (1, a(column), −a(row)).
    pub(crate) fn rays(&self, graph: &mut Graph, plane: &Value) -> Value {
        graph.scoped_in_single("rays", |graph| {
            let directions = graph.matmul("directions", plane, &self.axes);
            let length = graph.length("length", &directions);
            graph.div("unit", &directions, &length)
        })
    }

    /// `rays [N,n·n,3] of side n -> ray map [N,6,n,n]`
    pub(crate) fn ray_map(&self, graph: &mut Graph, rays: &Value, side: usize) -> Value {
        graph.scoped_in_single("ray_map", |graph| {
            let position = self.scaled_position(graph);
            let position = graph.reshape("position/as_picture", &position, self.of([3, 1, 1]));
            let position = graph.expand("position/tile", &position, &self.of([3, side, side]));
            let rays = graph.transpose("directions/channels_first", rays, &[0, 2, 1]);
            let rays = graph.reshape("directions", &rays, self.of([3, side, side]));
            graph.concat("position_and_directions", 1, &[&position, &rays])
        })
    }

    /// o in the box, −1 at its lower and 1 at its upper end: `[N,3]`.
    pub(crate) fn scaled_position(&self, graph: &mut Graph) -> Value {
        let in_box = self.position_in_box(graph);
        let twice = graph.scale("position/twice", &in_box, 2.0);
        graph.offset("position/scaled", &twice, -1.0)
    }

    /// u of o: (o − low) / (high − low), `[N,3]`.
    fn position_in_box(&self, graph: &mut Graph) -> Value {
        let voxel = voxel(graph);
        let scale = box_scale(graph, &voxel);
        let offset: Vec<f64> =
            (0..3).map(|axis| -voxel.low[axis] / (voxel.high[axis] - voxel.low[axis])).collect();
        let offset = numbers(graph, "box_offset", vec![3], offset);
        let scaled = graph.mul("position/box_scale", &self.position, &scale);
        graph.add("position/in_box", &scaled, &offset)
    }

    /// `unit vectors [N,rays,3] -> u of the D points along each ray [N,rays·D,3]`, where the box is 0..1.
    pub(crate) fn points(&self, graph: &mut Graph, rays: &Value) -> Value {
        let voxel = voxel(graph);
        let (count, samples) = (rays.fixed(1), voxel.depth_samples);
        let scale = box_scale(graph, &voxel);
        let distances = voxel.sample_distances();
        let distances = numbers(graph, "sample_distances", vec![samples, 1], distances);
        graph.scoped("points", |graph| {
            let position = self.position_in_box(graph);
            let position = graph.reshape("position", &position, self.of([1, 1, 3]));
            let rays = graph.mul("rays/box_scale", rays, &scale);
            let rays = graph.reshape("rays", &rays, self.of([count, 1, 3]));
            let along = graph.mul("along", &rays, &distances);
            let points = graph.add("in_box", &along, &position);
            graph.reshape("points", &points, self.of([count * samples, 3]))
        })
    }

    /// `points [cells,3] -> from the camera to each of them [N,cells,3]`, and how far that goes forward, right and up,
    /// `[N,cells,1]` each
    pub(crate) fn toward(&self, graph: &mut Graph, points: &Value) -> (Value, [Value; 3]) {
        let position = graph.reshape("position", &self.position, self.of([1, 3]));
        let offsets = graph.sub("offsets", points, &position);
        let columns = graph.transpose("axes/columns", &self.axes, &[0, 2, 1]);
        let along = graph.matmul("along_axes", &offsets, &columns);
        let along = graph.split(2, &along, ["ahead", "right", "up"]);
        (offsets, along)
    }
}

/// The geometry.
///
/// # Panics
/// If the model is no voxel model.
pub(crate) fn voxel(graph: &Graph) -> VoxelConfig {
    graph.config.voxel.clone().expect("a voxel model has a geometry")
}

/// Numbers that follow from the config, rounded once.
pub(crate) fn numbers(
    graph: &mut Graph,
    name: &'static str,
    shape: Vec<usize>,
    numbers: Vec<f64>,
) -> Value {
    let numbers = numbers.into_iter().map(|number| number as f32).collect();
    graph.constant(Literal::Numbers { name, shape, numbers })
}

/// `[n·n,3]`: what a ray of each pixel takes of the axes, row by row: (1, a(column), −a(row)).
pub(crate) fn pixel_plane(graph: &mut Graph, name: &'static str, side: usize) -> Value {
    let half_width = voxel(graph).half_width();
    let at = |index: usize| ((index as f64 + 0.5) * 2.0 / side as f64 - 1.0) * half_width;
    let pixels = (0..side).flat_map(|row| (0..side).map(move |column| (row, column)));
    let plane = pixels.flat_map(|(row, column)| [1.0, at(column), -at(row)]).collect();
    numbers(graph, name, vec![side * side, 3], plane)
}

fn box_scale(graph: &mut Graph, voxel: &VoxelConfig) -> Value {
    let scale = (0..3).map(|axis| 1.0 / (voxel.high[axis] - voxel.low[axis])).collect();
    numbers(graph, "box_scale", vec![3], scale)
}
