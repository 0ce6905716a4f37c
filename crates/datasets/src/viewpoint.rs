//! Viewpoints as the files of other tools have them: x, y, z, cos yaw, sin yaw, cos pitch, sin pitch.

use gqn_scenes::Camera;

/// Numbers of a viewpoint.
#[cfg(feature = "hdf5")]
pub(crate) const POSE: usize = 7;

/// The camera of a viewpoint.
pub(crate) fn camera(pose: &[f32]) -> Camera {
    let angle = |cos: f32, sin: f32| sin.atan2(cos);
    Camera {
        position: [pose[0], pose[1], pose[2]],
        yaw: angle(pose[3], pose[4]),
        pitch: angle(pose[5], pose[6]),
    }
}
