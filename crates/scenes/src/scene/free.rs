//! Cameras that go about in a room.

use core::f32::consts::PI;

use parry3d::math::Vec2;

use super::motion::{Motion, finite};
use super::stage::Stage;
use crate::Camera;
use crate::random::Dice;

/// Cameras keep this far from the middle along both walls, and so off them.
pub(super) const REACH: f32 = 0.88;
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

/// What a camera looks at: of its line of sight, the point nearest to the middle of the room that is not too near.
struct Sight {
    eye: Vec2,
    height: f32,
    target: Vec2,
    target_height: f32,
}

impl Sight {
    fn of(camera: &Camera) -> Self {
        let [x, y, height] = camera.position.map(finite);
        let (eye, ahead) = (Vec2::new(x, y), ahead(camera));
        let distance = (-eye.dot(ahead)).max(NEAREST);
        let (sin, cos) = libm::sincosf(camera.pitch);
        let drop = distance * sin / cos.max(0.1);
        Self { eye, height, target: eye + ahead * distance, target_height: height + drop }
    }

    /// The allowed camera that looks at it from as near to its eye as may be; `before` if there is none.
    fn camera(&self, stage: &Stage, before: &Camera) -> Camera {
        let Some(eye) = stands(stage, self.eye) else { return *before };
        let height = self.height.clamp(HEIGHTS.0, HEIGHTS.1);
        let at = self.target_height.clamp(TARGET_HEIGHTS.0, TARGET_HEIGHTS.1);
        // What has come too near is looked past.
        let sight = self.target - eye;
        let target =
            if sight.length() < NEAREST { eye + ahead(before) * NEAREST } else { self.target };
        Camera::looking_at([eye.x, eye.y, height], [target.x, target.y, at])
    }
}

/// The camera after a motion: around the middle of the room, and to what it looks at.
pub(super) fn moved(stage: &Stage, camera: &Camera, motion: &Motion) -> Camera {
    let sight = Sight::of(camera);
    let (sin, cos) = libm::sincosf(-motion.turn * PI);
    let turned = |at: Vec2| Vec2::new(cos * at.x - sin * at.y, sin * at.x + cos * at.y);
    let (eye, target) = (turned(sight.eye), turned(sight.target));
    let distance = (target - eye).length();
    let near = (distance - motion.advance).max(NEAREST.min(distance));
    let wished = Sight {
        eye: target + (eye - target) * (near / distance),
        height: sight.height + motion.raise * (HEIGHTS.1 - HEIGHTS.0),
        target,
        target_height: sight.target_height,
    };
    wished.camera(stage, camera)
}

/// The allowed camera nearest to a place, looking at what `camera` looks at.
pub(super) fn placed(stage: &Stage, camera: &Camera, eye: Vec2) -> Camera {
    Sight { eye, ..Sight::of(camera) }.camera(stage, camera)
}

/// The same line of sight from the nearest allowed place.
pub(super) fn stand(stage: &Stage, camera: &Camera) -> Camera {
    let [x, y, z] = camera.position.map(finite);
    let eye = stands(stage, Vec2::new(x, y)).unwrap_or(Vec2::new(x, y));
    Camera { position: [eye.x, eye.y, z.clamp(HEIGHTS.0, HEIGHTS.1)], ..*camera }
}

/// The allowed place nearest to one; none if objects stand so that there is none near.
fn stands(stage: &Stage, at: Vec2) -> Option<Vec2> {
    /// Leaving one object may lead to another.
    const ROUNDS: usize = 24;
    /// What rounding may take.
    const NEARLY: f32 = 1e-5;
    let mut at = Vec2::new(at.x.clamp(-REACH, REACH), at.y.clamp(-REACH, REACH));
    for _ in 0..ROUNDS {
        let before = at;
        for object in &stage.objects {
            let away = at - Vec2::new(object.centre.x, object.centre.y);
            let (distance, least) = (away.length(), object.reach + CLEARANCE);
            if distance < least - NEARLY {
                let direction = if distance > NEARLY { away / distance } else { Vec2::X };
                // Objects stand so far inside that this does not lead out of the room.
                at += direction * (least - distance);
            }
        }
        if at == before {
            return Some(at);
        }
    }
    None
}

fn ahead(camera: &Camera) -> Vec2 {
    let (sin, cos) = libm::sincosf(finite(camera.yaw));
    Vec2::new(cos, sin)
}
