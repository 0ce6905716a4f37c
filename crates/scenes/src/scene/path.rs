//! Where the worlds' cameras are.

use core::f32::consts::TAU;

use crate::random::Dice;
use crate::{Camera, World};

/// Radius of the sphere of cameras about a chain.
pub(super) const SPHERE_RADIUS: f32 = 1.0;
/// Elevation of the circle on which one walks around a chain, in radians.
const ORBIT_ELEVATION: f32 = 0.45;

/// Radius and height of the ring of cameras in a room.
pub(super) const RING_RADIUS: f32 = 0.85;
const RING_HEIGHT: f32 = 0.42;
/// Height over the middle of the floor that they look at.
const RING_TARGET_HEIGHT: f32 = 0.19;

/// A camera anywhere that the world allows, all places equally likely.
pub(super) fn camera(world: World, dice: &mut Dice) -> Camera {
    match world {
        World::ShepardMetzler5 | World::ShepardMetzler7 => {
            // Zones of equal height on a sphere have equal areas.
            let height = dice.between(-1.0, 1.0);
            on_sphere(dice.between(0.0, TAU), height)
        }
        // Of the others, cameras that have a place of their own come from elsewhere.
        _ => on_ring(dice.between(0.0, TAU)),
    }
}

/// Cameras evenly on a circle, counter-clockwise from above.
pub(super) fn orbit(world: World, count: usize) -> Vec<Camera> {
    let angle = |index: usize| TAU * index as f32 / count as f32;
    (0..count)
        .map(|index| match world {
            World::ShepardMetzler5 | World::ShepardMetzler7 => {
                on_sphere(angle(index), libm::sinf(ORBIT_ELEVATION))
            }
            _ => on_ring(angle(index)),
        })
        .collect()
}

/// On the sphere at `height` of its radius, looking at the middle of the chain.
pub(super) fn on_sphere(angle: f32, height: f32) -> Camera {
    let (sin, cos) = libm::sincosf(angle);
    let ground = (1.0 - height * height).max(0.0).sqrt();
    let position = [ground * cos, ground * sin, height].map(|unit| SPHERE_RADIUS * unit);
    Camera::looking_at(position, [0.0; 3])
}

/// On the ring, looking at the middle of the room.
pub(super) fn on_ring(angle: f32) -> Camera {
    let (sin, cos) = libm::sincosf(angle);
    let position = [RING_RADIUS * cos, RING_RADIUS * sin, RING_HEIGHT];
    Camera::looking_at(position, [0.0, 0.0, RING_TARGET_HEIGHT])
}
