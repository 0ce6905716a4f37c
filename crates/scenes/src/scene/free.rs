//! Cameras that go about in a room.

use super::stage::Stage;
use crate::Camera;
use crate::random::Dice;

/// Cameras keep this far from the middle along both walls, and so off them.
const REACH: f32 = 0.88;
/// Height of the eye, and of what it looks at.
const HEIGHTS: (f32, f32) = (0.22, 0.46);
const TARGET_HEIGHTS: (f32, f32) = (0.08, 0.22);
/// They look at a point at most this far from the middle of the floor, along both walls.
const TARGET_REACH: f32 = 0.4;
/// Free space about the eye, and the least distance of what it looks at, on the ground.
const CLEARANCE: f32 = 0.16;
const NEAREST: f32 = 0.45;

/// Anywhere in the room but in and right before an object, looking inwards.
pub(super) fn camera(stage: &Stage, dice: &mut Dice) -> Camera {
    loop {
        let mut within = |reach: f32| dice.between(-reach, reach);
        let (eye, target) =
            ([within(REACH), within(REACH)], [within(TARGET_REACH), within(TARGET_REACH)]);
        let (height, at) =
            (dice.between(HEIGHTS.0, HEIGHTS.1), dice.between(TARGET_HEIGHTS.0, TARGET_HEIGHTS.1));
        let ground = |x: f32, y: f32| {
            let (dx, dy) = (x - eye[0], y - eye[1]);
            (dx * dx + dy * dy).sqrt()
        };
        let is_clear = stage
            .objects
            .iter()
            .all(|object| ground(object.centre.x, object.centre.y) > object.reach + CLEARANCE);
        if is_clear && ground(target[0], target[1]) > NEAREST {
            return Camera::looking_at([eye[0], eye[1], height], [target[0], target[1], at]);
        }
    }
}
