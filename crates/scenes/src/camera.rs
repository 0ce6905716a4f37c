//! Where a picture was taken from.

use parry3d::math::{Vec2, Vector};
use serde::{Deserialize, Serialize};

use crate::pose::{Pose, PoseEncoding};

/// Vertical and horizontal field of view of every camera, in radians (50 degrees; pictures are square).
pub const FIELD_OF_VIEW: f32 = 50.0 * core::f32::consts::PI / 180.0;

/// Half the width of the picture plane at distance one: `tan(FIELD_OF_VIEW / 2)`.
pub(crate) const HALF_WIDTH: f32 = 0.466_307_66;

/// A camera without roll. The world is right-handed with z up; its unit is about the radius of a room.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Camera {
    /// Where the eye is: x, y, z in world units.
    pub position: [f32; 3],
    /// Heading about +z, from +x towards +y, in radians.
    pub yaw: f32,
    /// Elevation of the line of sight above the horizontal, in radians.
    pub pitch: f32,
}

impl Camera {
    /// The camera at `position` that has `target` in the middle of its picture.
    ///
    /// Straight up and down are allowed (yaw is 0 then); a target at the eye gives yaw and pitch 0.
    pub fn looking_at(position: [f32; 3], target: [f32; 3]) -> Self {
        let d = Vector::from(target) - Vector::from(position);
        let ground = libm::sqrtf(d.x * d.x + d.y * d.y);
        Self { position, yaw: libm::atan2f(d.y, d.x), pitch: libm::atan2f(d.z, ground) }
    }

    /// What [`is_in_range`](Self::is_in_range) asks for, as messages say it.
    pub const RANGE: &str = "a position within a million world units and angles in radians";

    /// Whether all numbers are finite, the position is within a million world units of the origin along each axis, and the
    /// angles are some thousand turns at most. A world is some units wide: far beyond it, 32-bit numbers no longer tell
    /// places or angles from one another, and their squares become infinite.
    pub fn is_in_range(&self) -> bool {
        const FARTHEST: f32 = 1e6;
        const MOST_RADIANS: f32 = 1e4;
        // Comparisons with what is no number are false.
        self.position.iter().all(|value| value.abs() <= FARTHEST)
            && [self.yaw, self.pitch].iter().all(|angle| angle.abs() <= MOST_RADIANS)
    }

    /// What the networks see of this camera. The only place where a camera becomes a pose.
    pub fn pose(&self, encoding: PoseEncoding) -> Pose {
        let [x, y, z] = self.position;
        let (sin_yaw, cos_yaw) = libm::sincosf(self.yaw);
        let (sin_pitch, cos_pitch) = libm::sincosf(self.pitch);
        Pose(match encoding {
            PoseEncoding::CosSin => [x, y, z, cos_yaw, sin_yaw, cos_pitch, sin_pitch],
            PoseEncoding::SinCos => [x, y, z, sin_yaw, cos_yaw, sin_pitch, cos_pitch],
        })
    }

    /// The unit vector along the line of sight.
    pub fn forward(&self) -> [f32; 3] {
        self.axes().forward.to_array()
    }

    pub(crate) fn axes(&self) -> Axes {
        let (sin_yaw, cos_yaw) = libm::sincosf(self.yaw);
        let (sin_pitch, cos_pitch) = libm::sincosf(self.pitch);
        Axes {
            forward: Vector::new(cos_pitch * cos_yaw, cos_pitch * sin_yaw, sin_pitch),
            right: Vector::new(sin_yaw, -cos_yaw, 0.0),
            up: Vector::new(-sin_pitch * cos_yaw, -sin_pitch * sin_yaw, cos_pitch),
        }
    }
}

/// The camera's own directions in the world, of unit length and orthogonal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Axes {
    pub(crate) forward: Vector,
    pub(crate) right: Vector,
    pub(crate) up: Vector,
}

impl Axes {
    /// The unit direction through a point of the picture; `at` runs from -1 to 1, right and up.
    pub(crate) fn ray_direction(&self, at: Vec2) -> Vector {
        let d = self.forward + self.right * (at.x * HALF_WIDTH) + self.up * (at.y * HALF_WIDTH);
        d / libm::sqrtf(d.length_squared())
    }
}
