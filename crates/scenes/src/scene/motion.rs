//! What a user asks of a camera and where it is on a map: values, of no scene in particular.

use core::f32::consts::TAU;

/// A wish to go somewhere else. What a scene's cameras cannot do is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Motion {
    /// What is drawn to the right, in widths of the picture: half a turn for 1, about the middle or, in a maze, on the
    /// spot.
    pub turn: f32,
    /// What is drawn down, in heights of the picture: the camera rises by a quarter turn for 1, or as far as it may.
    pub raise: f32,
    /// How far one goes ahead, in world units.
    pub advance: f32,
}

/// A place on a map of a scene: u to the right, v down, both 0 to 1, north (+y) up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MapPoint {
    /// From the left edge to the right.
    pub u: f32,
    /// From the upper edge to the lower.
    pub v: f32,
    /// Direction of sight in radians, clockwise from up.
    pub heading: f32,
}

/// The same turn the shorter way around.
pub(super) fn shorter(turn: f32) -> f32 {
    turn - TAU * libm::roundf(turn / TAU)
}

/// What comes from a pointer or a link may be anything.
pub(super) fn finite(value: f32) -> f32 {
    if value.is_finite() { value.clamp(-1e6, 1e6) } else { 0.0 }
}
