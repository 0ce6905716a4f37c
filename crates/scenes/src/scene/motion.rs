//! Moving about where a world's cameras may be.

use core::f32::consts::{FRAC_PI_2, PI, TAU};

use super::path::{Reach, on_ring, on_sphere, orbit, reach};
use crate::{Camera, World};

/// How far up and down one may go on a sphere, in radians: short of the poles, where a picture would turn over.
const MOST_ELEVATION: f32 = 1.45;

/// A wish to go somewhere else. What a world's cameras cannot do is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Motion {
    /// What is drawn to the right, in widths of the picture: half a turn for 1.
    pub turn: f32,
    /// What is drawn down, in heights of the picture: the camera rises by a quarter turn for 1.
    pub raise: f32,
}

impl World {
    /// Where one begins to look around.
    pub fn home(self) -> Camera {
        orbit(self, 1)[0]
    }

    /// Whether its cameras go up and down, or [`Motion::raise`] does nothing.
    pub fn can_raise(self) -> bool {
        match reach(self) {
            Reach::Sphere { .. } => true,
            Reach::Ring { .. } => false,
        }
    }

    /// The camera after a motion: always one that the world allows.
    #[must_use]
    pub fn moved(self, camera: &Camera, motion: &Motion) -> Camera {
        let [azimuth, elevation] = angles(camera);
        self.at(azimuth - finite(motion.turn) * PI, elevation + finite(motion.raise) * FRAC_PI_2)
    }

    /// The allowed camera part of the way from one to another: `t` of 0 is `from`, of 1 is `to`.
    #[must_use]
    pub fn between(self, from: &Camera, to: &Camera, t: f32) -> Camera {
        let ([azimuth, elevation], [to_azimuth, to_elevation]) = (angles(from), angles(to));
        let t = finite(t).clamp(0.0, 1.0);
        let turn = to_azimuth - azimuth;
        // The shorter way around.
        let turn = turn - TAU * libm::roundf(turn / TAU);
        self.at(azimuth + t * turn, elevation + t * (to_elevation - elevation))
    }

    /// Where a camera stands on a map of the world as seen from above, and where it looks.
    pub fn to_map(self, camera: &Camera) -> MapPoint {
        let [x, y, _] = camera.position.map(|value| value / (2.0 * self.map_reach()));
        MapPoint { u: 0.5 + x, v: 0.5 - y, heading: FRAC_PI_2 - camera.yaw }
    }

    /// The allowed camera nearest to a place on the map. On a sphere it stays above or below, as `camera` is.
    #[must_use]
    pub fn from_map(self, camera: &Camera, u: f32, v: f32) -> Camera {
        let [x, y] = [u - 0.5, 0.5 - v].map(|value| finite(value) * 2.0 * self.map_reach());
        let (azimuth, ground) = (libm::atan2f(y, x), libm::sqrtf(x * x + y * y));
        let elevation = match reach(self) {
            Reach::Sphere { radius } => libm::acosf((ground / radius).min(1.0)),
            Reach::Ring { .. } => 0.0,
        };
        self.at(azimuth, if camera.position[2] < 0.0 { -elevation } else { elevation })
    }

    /// Half the width of the map, in world units: what the cameras reach and a margin.
    pub(super) fn map_reach(self) -> f32 {
        match reach(self) {
            Reach::Sphere { radius } | Reach::Ring { radius } => 1.18 * radius,
        }
    }

    fn at(self, azimuth: f32, elevation: f32) -> Camera {
        match reach(self) {
            Reach::Sphere { .. } => {
                let elevation = elevation.clamp(-MOST_ELEVATION, MOST_ELEVATION);
                on_sphere(azimuth, libm::sinf(elevation))
            }
            Reach::Ring { .. } => on_ring(azimuth),
        }
    }
}

/// A place on a map of a world: u to the right, v down, both 0 to 1, north (+y) up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapPoint {
    /// From the left edge to the right.
    pub u: f32,
    /// From the upper edge to the lower.
    pub v: f32,
    /// Direction of sight in radians, clockwise from up.
    pub heading: f32,
}

/// Azimuth and elevation of where a camera stands, as seen from the world's middle.
fn angles(camera: &Camera) -> [f32; 2] {
    let [x, y, z] = camera.position.map(finite);
    [libm::atan2f(y, x), libm::atan2f(z, libm::sqrtf(x * x + y * y))]
}

/// What comes from a pointer or a link may be anything.
fn finite(value: f32) -> f32 {
    if value.is_finite() { value.clamp(-1e6, 1e6) } else { 0.0 }
}
