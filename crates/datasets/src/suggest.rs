//! The geometry of a voxel model, as far as the cameras of a data set tell it.

use std::fmt;

use gqn_scenes::{Camera, Extent, FIELD_OF_VIEW};
use serde::Serialize;

use crate::data_set::DataSet;
use crate::error::DataError;

/// Scenes whose cameras suggest a geometry: `train` and `inspect` say the same of a set.
pub const SUGGESTING_SCENES: usize = 64;

/// Cameras look at one point if their optical axes miss it by less than this share of their distance from it.
const LARGEST_MISS: f64 = 0.05;
/// Cameras whose heights differ by less than this share of their distance stand on one level, as in a room.
const LEVEL: f64 = 0.1;
/// Half the side of the box around the point that cameras look at, in half widths of the nearest picture there.
const AROUND_POINT: f64 = 1.5;
/// Depths before and behind that point, in half sides of the box: its corners reach further than its sides.
const DEPTHS: f64 = 1.1;
/// How far beyond the cameras the box of a room goes, in its ground side: at either side, below and above.
const AROUND_ROOM: f64 = 0.21;
const ABOVE_ROOM: f64 = 0.12;
/// The least depth in a room, in its ground side: cameras may stand close to what they see.
const NEAREST_IN_ROOM: f64 = 0.025;
/// Cells along the larger ground side of a room's box, and along a picture at the point that cameras look at: as many as
/// a feature map of a 64×64 picture has.
const CELLS_OF_ROOM: f64 = 26.0;
const CELLS_OF_PICTURE: f64 = 16.0;
/// The fewest and the most cells along an axis.
const CELLS: (f64, f64) = (4.0, 32.0);

/// A part of the world that seems to hold what cameras look at. Their field of view is not known from files; it is taken
/// for that of the procedural worlds, [`FIELD_OF_VIEW`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SuggestedExtent {
    /// The box, its cells and the depth range.
    pub extent: Extent,
    /// What it was concluded from.
    pub cameras: CameraPattern,
}

/// How the cameras of a set stand.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CameraPattern {
    /// Around a point that they all look at, at several heights: an object.
    AroundPoint,
    /// Elsewhere, or on one level: a room, a maze.
    Inside,
}

impl fmt::Display for CameraPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AroundPoint => "look at one point from around it",
            Self::Inside => "stand inside of what they see",
        })
    }
}

/// What the cameras of at most `sample` scenes, evenly over the set, suggest. Damaged scenes are passed over.
///
/// # Errors
/// [`DataError::Empty`]: none of the scenes that were looked at is sound.
pub fn suggest(set: &DataSet, sample: usize) -> Result<SuggestedExtent, DataError> {
    let count = sample.clamp(1, set.len());
    let scenes = (0..count).filter_map(|index| set.scene(index * set.len() / count).ok());
    let cameras: Vec<Camera> = scenes.flat_map(|scene| scene.cameras).collect();
    SuggestedExtent::of(&cameras).ok_or_else(|| DataError::Empty { path: set.folder().to_owned() })
}

impl SuggestedExtent {
    /// What these cameras suggest; none if there are none.
    pub fn of(cameras: &[Camera]) -> Option<Self> {
        let axes: Vec<Axis> = cameras.iter().filter_map(Axis::of).collect();
        let bounds = Bounds::of(&axes)?;
        Some(around_point(&axes, &bounds).unwrap_or_else(|| inside(&axes, &bounds)))
    }
}

/// The line of sight through the middle of a camera's picture.
struct Axis {
    eye: [f64; 3],
    forward: [f64; 3],
}

impl Axis {
    fn of(camera: &Camera) -> Option<Self> {
        let [eye, forward] = [camera.position, camera.forward()].map(|v| v.map(f64::from));
        eye.iter().chain(&forward).all(|value| value.is_finite()).then_some(Self { eye, forward })
    }

    /// How far a point is from the camera, and from the axis.
    fn distances(&self, point: [f64; 3]) -> (f64, f64) {
        let to = std::array::from_fn(|axis| point[axis] - self.eye[axis]);
        let ahead = dot(to, self.forward);
        let away = dot(to, to).sqrt();
        // What is behind the camera is as far from being looked at as can be.
        let miss = if ahead > 0.0 { (away * away - ahead * ahead).max(0.0).sqrt() } else { away };
        (away, miss)
    }

    /// Height of the axis at a distance on the ground.
    fn height_at(&self, distance: f64) -> f64 {
        let [x, y, z] = self.forward;
        self.eye[2] + distance * z / x.hypot(y).max(0.1)
    }
}

/// Where the cameras stand.
struct Bounds {
    low: [f64; 3],
    high: [f64; 3],
}

impl Bounds {
    fn of(axes: &[Axis]) -> Option<Self> {
        let first = axes.first()?.eye;
        let mut bounds = Self { low: first, high: first };
        for Axis { eye, .. } in axes {
            for (axis, value) in eye.iter().enumerate() {
                bounds.low[axis] = bounds.low[axis].min(*value);
                bounds.high[axis] = bounds.high[axis].max(*value);
            }
        }
        Some(bounds)
    }
}

/// A box around the point that all cameras look at, if there is one and they do not stand on one level.
fn around_point(axes: &[Axis], bounds: &Bounds) -> Option<SuggestedExtent> {
    let point = nearest_point(axes)?;
    let distances: Vec<(f64, f64)> = axes.iter().map(|axis| axis.distances(point)).collect();
    let mean = |pick: fn(&(f64, f64)) -> f64| {
        distances.iter().map(pick).sum::<f64>() / distances.len() as f64
    };
    let (away, miss) = (mean(|(away, _)| *away), mean(|(_, miss)| miss * miss).sqrt());
    if miss > LARGEST_MISS * away || bounds.high[2] - bounds.low[2] < LEVEL * away {
        return None;
    }
    let nearest = distances.iter().map(|(away, _)| *away).fold(f64::INFINITY, f64::min);
    let farthest = distances.iter().map(|(away, _)| *away).fold(0.0, f64::max);
    let half_width = (f64::from(FIELD_OF_VIEW) / 2.0).tan();
    let half = AROUND_POINT * half_width * nearest;
    let mut low = point.map(|value| value - half);
    let high = point.map(|value| value + half);
    if bounds.low[2] > point[2] - LEVEL * away {
        // Nobody looks from below: there is a ground, and the point is above it.
        low[2] = point[2] - 0.5 * half;
    }
    let cell = 2.0 * half_width * away / CELLS_OF_PICTURE;
    let near = (nearest - DEPTHS * half).max(0.05 * nearest);
    Some(suggested(CameraPattern::AroundPoint, low, high, [near, farthest + DEPTHS * half], cell))
}

/// A box that goes beyond the cameras.
fn inside(axes: &[Axis], bounds: &Bounds) -> SuggestedExtent {
    let [x, y, z] = std::array::from_fn(|axis| bounds.high[axis] - bounds.low[axis]);
    // Of cameras that all stand in one place, whatever can be a unit.
    let side = if x.max(y).max(z) > 1e-3 { x.max(y).max(z) } else { 1.0 };
    let mut heights: Vec<f64> = axes.iter().map(|axis| axis.height_at(side / 2.0)).collect();
    heights.sort_by(f64::total_cmp);
    let looked_at = heights[heights.len() / 2].max(bounds.low[2] - side);
    let ground = |value: f64, sign: f64| value + sign * AROUND_ROOM * side;
    let low = [
        ground(bounds.low[0], -1.0),
        ground(bounds.low[1], -1.0),
        bounds.low[2].min(looked_at) - ABOVE_ROOM * side,
    ];
    let high = [
        ground(bounds.high[0], 1.0),
        ground(bounds.high[1], 1.0),
        bounds.high[2] + ABOVE_ROOM * side,
    ];
    // From a camera in one corner to the opposite corner of the box.
    let far = [0, 1].map(|axis| high[axis] - bounds.low[axis]);
    let cell = (1.0 + 2.0 * AROUND_ROOM) * side / CELLS_OF_ROOM;
    let depths = [NEAREST_IN_ROOM * side, far[0].hypot(far[1])];
    suggested(CameraPattern::Inside, low, high, depths, cell)
}

fn suggested(
    cameras: CameraPattern,
    low: [f64; 3],
    high: [f64; 3],
    [near, far]: [f64; 2],
    cell: f64,
) -> SuggestedExtent {
    let count =
        |axis: usize| ((high[axis] - low[axis]) / cell).round().clamp(CELLS.0, CELLS.1) as usize;
    let cells = std::array::from_fn(count);
    // Three digits of the box's size, so that a file shows numbers that one can read.
    let digit = 10_f64.powf((high[0] - low[0]).max(1e-6).log10().floor() - 2.0);
    let rounded = |value: f64| {
        let steps = (value / digit).round();
        // A power below one as the divisor gives the decimal number that is nearest.
        if digit < 1.0 { steps / (1.0 / digit).round() } else { steps * digit }
    };
    let extent = Extent {
        low: low.map(rounded),
        high: high.map(rounded),
        near: rounded(near).max(digit),
        far: rounded(far),
        cells,
    };
    SuggestedExtent { extent, cameras }
}

/// The point with the least sum of squared distances from the axes; none if these are parallel.
///
/// Σ (I − d·dᵀ) (p − o) = 0 over the axes with eyes o and directions d, by Cramer's rule.
fn nearest_point(axes: &[Axis]) -> Option<[f64; 3]> {
    let (mut matrix, mut right) = ([[0.0; 3]; 3], [0.0; 3]);
    for Axis { eye, forward } in axes {
        for row in 0..3 {
            for column in 0..3 {
                let part = f64::from(u8::from(row == column)) - forward[row] * forward[column];
                matrix[row][column] += part;
                right[row] += part * eye[column];
            }
        }
    }
    let scale = axes.len() as f64;
    let whole = determinant(&matrix);
    if whole < 1e-6 * scale.powi(3) {
        return None;
    }
    Some(std::array::from_fn(|axis| {
        let mut replaced = matrix;
        for (row, value) in replaced.iter_mut().zip(right) {
            row[axis] = value;
        }
        determinant(&replaced) / whole
    }))
}

fn determinant(m: &[[f64; 3]; 3]) -> f64 {
    m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use gqn_scenes::{Scene, Split, World};

    use super::*;

    fn of_world(world: World) -> SuggestedExtent {
        let cameras: Vec<Camera> = (0..64)
            .flat_map(|index| {
                let scene = Scene::generate(world, Split::Train.scene_seed(3, index));
                scene.cameras(world.views_per_scene().min(30))
            })
            .collect();
        SuggestedExtent::of(&cameras).expect("there are cameras")
    }

    #[test]
    fn the_suggestion_holds_what_is_known_of_each_world_and_not_much_more() {
        for world in World::ALL {
            let (found, known) = (of_world(world).extent, world.extent());
            for axis in 0..3 {
                let report = format!("{world}, axis {axis}: found {found:?}, known {known:?}");
                assert!(found.low[axis] <= known.low[axis] + 1e-9, "{report}");
                assert!(found.high[axis] >= known.high[axis] - 1e-9, "{report}");
                let [found_side, known_side] =
                    [found, known].map(|extent| extent.high[axis] - extent.low[axis]);
                assert!(found_side <= 2.1 * known_side, "{report}");
                // Cells about as large as the known ones.
                let [found_cell, known_cell] = [found, known].map(|extent| {
                    (extent.high[axis] - extent.low[axis]) / (extent.cells[axis] - 1) as f64
                });
                assert!((0.5..=2.0).contains(&(found_cell / known_cell)), "{report}");
            }
            assert!(found.near > 0.0 && found.near <= known.near, "{world}: {found:?}");
            assert!(
                (known.far..=2.0 * known.far).contains(&found.far),
                "{world}: {found:?}, known {known:?}"
            );
        }
    }

    #[test]
    fn objects_and_rooms_are_told_apart() {
        use CameraPattern::{AroundPoint, Inside};
        let expected = [AroundPoint, AroundPoint, Inside, Inside, Inside, Inside, AroundPoint];
        assert_eq!(World::ALL.map(|world| of_world(world).cameras), expected);
    }

    #[test]
    fn the_nearest_point_is_where_axes_meet() {
        let target = [0.3, -0.2, 0.7];
        let eyes = [[1.0, 0.0, 0.0], [0.0, 2.0, 1.0], [-1.0, -1.0, 3.0]];
        let axes: Vec<Axis> = eyes
            .iter()
            .filter_map(|eye| Axis::of(&Camera::looking_at(*eye, target.map(|v| v as f32))))
            .collect();
        let found = nearest_point(&axes).expect("they are not parallel");
        for (found, expected) in found.into_iter().zip(target) {
            assert!((found - expected).abs() < 1e-5, "found {found}, expected {expected}");
        }
        // Parallel axes meet nowhere.
        let camera = |x: f32| Camera { position: [x, 0.0, 0.0], yaw: 1.0, pitch: 0.2 };
        let parallel: Vec<Axis> =
            [0.0, 1.0, 2.0].iter().filter_map(|x| Axis::of(&camera(*x))).collect();
        assert_eq!(nearest_point(&parallel), None);
    }

    #[test]
    fn few_and_odd_cameras_give_a_box_or_nothing() {
        assert_eq!(SuggestedExtent::of(&[]), None);
        let camera = Camera { position: [1.0, 2.0, 3.0], yaw: 0.0, pitch: 0.0 };
        let found = SuggestedExtent::of(&[camera]).expect("a box").extent;
        assert!((0..3).all(|axis| found.low[axis] < found.high[axis]), "{found:?}");
        assert!(found.near > 0.0 && found.near < found.far, "{found:?}");
        let odd = Camera { position: [f32::NAN; 3], ..camera };
        assert_eq!(SuggestedExtent::of(&[odd]), None);
    }
}
