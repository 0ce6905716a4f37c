//! Cameras along a path through given ones.

use std::f32::consts::{PI, TAU};

use gqn_scenes::Camera;

/// `count` cameras, evenly along the closed path through the given ones in their order; `phase` (0 to 1) shifts the
/// first between the first two given.
pub(crate) fn closed_path(given: &[Camera], count: usize, phase: f32) -> Vec<Camera> {
    let step = given.len() as f32 / count.max(1) as f32;
    (0..count)
        .map(|index| {
            let place = (index as f32 + phase) * step;
            let from = given[place as usize % given.len()];
            let to = given[(place as usize + 1) % given.len()];
            between(&from, &to, place.fract())
        })
        .collect()
}

/// `count` cameras, two or more, evenly in time from one to another.
pub(crate) fn way(from: &Camera, to: &Camera, count: usize) -> Vec<Camera> {
    let last = count.saturating_sub(1).max(1) as f32;
    (0..count).map(|index| between(from, to, index as f32 / last)).collect()
}

/// The camera at `share` (0 to 1) of the way; yaw and pitch turn the shorter way round.
fn between(from: &Camera, to: &Camera, share: f32) -> Camera {
    // Slow at the ends, so that the path has no corners in time where it has them in space.
    let eased = share * share * (3.0 - 2.0 * share);
    let mix = |from: f32, to: f32| from + (to - from) * eased;
    let turn = |from: f32, to: f32| from + ((to - from + PI).rem_euclid(TAU) - PI) * eased;
    let [x, y, z] = [0, 1, 2].map(|axis| mix(from.position[axis], to.position[axis]));
    Camera { position: [x, y, z], yaw: turn(from.yaw, to.yaw), pitch: turn(from.pitch, to.pitch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn camera(x: f32, yaw: f32) -> Camera {
        Camera { position: [x, 0.0, 0.0], yaw, pitch: 0.0 }
    }

    #[test]
    fn the_path_passes_through_the_given_cameras_and_closes() {
        let given = [camera(0.0, 0.0), camera(1.0, 1.0), camera(4.0, 2.0)];
        let path = closed_path(&given, 6, 0.0);
        for (index, camera) in given.iter().enumerate() {
            assert_eq!(path[2 * index], *camera);
        }
        // Half way between two cameras, and between the last and the first.
        let positions: Vec<f32> = path.iter().map(|camera| camera.position[0]).collect();
        assert_eq!(positions, [0.0, 0.5, 1.0, 2.5, 4.0, 2.0]);
        assert!(
            (closed_path(&given, 3, 0.5)[0].position[0] - 0.5).abs() < 1e-6,
            "half way to the next"
        );
    }

    #[test]
    fn a_way_begins_and_ends_at_the_given_cameras() {
        let (from, to) = (camera(1.0, 0.5), camera(3.0, 1.5));
        let way = way(&from, &to, 5);
        assert_eq!((way.len(), way[0].position, way[4].position), (5, from.position, to.position));
        // Angles go round by way of a remainder.
        assert!((way[0].yaw - from.yaw).abs() < 1e-6 && (way[4].yaw - to.yaw).abs() < 1e-6);
        assert!((way[2].position[0] - 2.0).abs() < 1e-6 && (way[2].yaw - 1.0).abs() < 1e-6);
        assert!(way.windows(2).all(|pair| pair[0].position[0] < pair[1].position[0]));
    }

    #[test]
    fn yaw_turns_the_shorter_way() {
        // From 170 to -170 degrees: 20 degrees on, not 340 back; half way is 180.
        let (from, to) = (camera(0.0, 170_f32.to_radians()), camera(0.0, -170_f32.to_radians()));
        assert!((between(&from, &to, 0.5).yaw - PI).abs() < 1e-5);
    }
}
