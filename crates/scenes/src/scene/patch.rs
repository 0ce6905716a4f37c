//! What a ray finds on a wall or a floor.

use parry3d::math::Vector;

use super::object::Hit;

/// A point of a wall or the floor.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patch {
    pub(crate) hit: Hit,
    /// Which of the walls' sides it is on, or the floor.
    pub(crate) side: u16,
    pub(crate) albedo: Vector,
    /// Share of the ambient light that the corners of the room let through.
    pub(crate) openness: f32,
}
