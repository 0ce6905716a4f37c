//! Robot arms beside an object, after the jaco data set.

use core::f32::consts::{PI, TAU};

use parry3d::bounding_volume::Aabb;
use parry3d::math::Vector;

use super::backdrop::{Backdrop, Room};
use super::frustum::Frustum;
use super::object::{Object, Solid};
use super::room::{finish, small_solid};
use super::stage::{Light, Stage};
use super::texture::{Finish, Pattern};
use crate::Camera;
use crate::colour::{from_bytes, from_hsv};
use crate::random::Dice;

/// Half the length of a wall, and its height.
const HALF_SIDE: f32 = 1.25;
const WALL_HEIGHT: f32 = 0.55;
/// Height of the shoulder, and the lengths of upper arm, forearm and hand.
const SHOULDER: f32 = 0.18;
const LENGTHS: [f32; 3] = [0.25, 0.21, 0.075];
/// How thick they are.
const RADII: [f32; 3] = [0.050, 0.042, 0.038];
/// Length of each of the two parts of a finger, and how thick they are.
const FINGER: f32 = 0.05;
const FINGER_RADIUS: f32 = 0.014;
/// How far the object is from the arm's foot.
const OBJECT_DISTANCE: (f32, f32) = (0.26, 0.42);
/// No part of the arm comes nearer to the floor.
const CLEARANCE: f32 = 0.07;
/// Where the cameras are: distance from the axis of the arm, height, and the height that they look at.
pub(super) const CAMERA_DISTANCE: f32 = 1.15;
pub(super) const CAMERA_HEIGHTS: (f32, f32) = (0.25, 0.85);
const TARGET_HEIGHT: f32 = 0.31;

/// An arm with random joints, and an object beside its foot.
pub(super) fn stage(dice: &mut Dice) -> Stage {
    let (walls, floor) = (*dice.choose(&walls()), *dice.choose(&floors()));
    let hue = dice.unit();
    let (angle, distance) =
        (dice.between(0.0, TAU), dice.between(OBJECT_DISTANCE.0, OBJECT_DISTANCE.1));
    let (sin, cos) = libm::sincosf(angle);
    let albedo = from_hsv(hue, dice.between(0.75, 0.95), dice.between(0.82, 0.98));
    let solid = small_solid(dice.between(0.62, 0.85), dice);
    let object =
        Object::standing(solid, distance * cos, distance * sin, dice.between(0.0, TAU), albedo);
    let mut objects = loop {
        let arm = arm(dice);
        let meets_object = |part: &Object| {
            (part.centre - object.centre).length() < part.bulk + object.reach + 0.02
        };
        if !arm.iter().any(meets_object) {
            break arm;
        }
    };
    objects.push(object);
    let inside = Aabb::new(
        Vector::new(-HALF_SIDE, -HALF_SIDE, 0.0),
        Vector::new(HALF_SIDE, HALF_SIDE, 100.0),
    );
    let light = Light::new(
        Vector::new(1.0, -0.8, 2.2),
        0.25,
        Vector::new(0.74, 0.71, 0.66),
        [Vector::new(0.60, 0.63, 0.68), floor.mean() * 0.30 + Vector::splat(0.26)],
    );
    let room = Room { inside, wall_height: WALL_HEIGHT, walls, floor };
    Stage::new(objects, Backdrop::Room(room), light)
}

/// Anywhere on a cylinder about the arm, looking at its middle.
pub(super) fn camera(dice: &mut Dice) -> Camera {
    let angle = dice.between(0.0, TAU);
    around(angle, dice.between(CAMERA_HEIGHTS.0, CAMERA_HEIGHTS.1))
}

/// Half-way up that cylinder, for an even circle.
pub(super) fn on_circle(angle: f32) -> Camera {
    around(angle, 0.5 * (CAMERA_HEIGHTS.0 + CAMERA_HEIGHTS.1))
}

/// A camera on that cylinder.
pub(super) fn around(angle: f32, height: f32) -> Camera {
    let (sin, cos) = libm::sincosf(angle);
    let position = [CAMERA_DISTANCE * cos, CAMERA_DISTANCE * sin, height];
    Camera::looking_at(position, [0.0, 0.0, TARGET_HEIGHT])
}

/// Foot, shoulder, links, joints, hand and three fingers: nine joints are turned at random.
fn arm(dice: &mut Dice) -> Vec<Object> {
    let (dark, light) = (from_bytes(64, 66, 74), from_bytes(206, 208, 214));
    let accent = from_bytes(150, 154, 164);
    loop {
        let mut axes = Axes::upright(dice.between(0.0, TAU));
        let mut parts = vec![
            Object::standing(Solid::Frustum(Frustum::cylinder(0.025, 0.10)), 0.0, 0.0, 0.0, dark),
            Object::capsule(Vector::Z * 0.05, Vector::Z * SHOULDER, 0.055, accent),
        ];
        let mut at = Vector::Z * SHOULDER;
        let mut lowest = f32::MAX;
        let bends = [dice.between(-0.9, 0.9), dice.between(0.3, 2.0), dice.between(-1.0, 1.0)];
        for (index, bend) in bends.into_iter().enumerate() {
            axes = axes.turned(dice.between(-0.6, 0.6)).bent(bend);
            let end = at + axes.ahead * LENGTHS[index];
            parts.push(Object::ball(at, RADII[index] * 1.18, light));
            parts.push(Object::capsule(
                at,
                end,
                RADII[index],
                if index == 1 { accent } else { dark },
            ));
            at = end;
            lowest = lowest.min(end.z);
        }
        let (open, curl) = (dice.between(0.15, 0.75), dice.between(-0.9, -0.2));
        for finger in 0..3_u8 {
            let mut axes = axes.turned(TAU / 3.0 * f32::from(finger) + PI / 6.0);
            let root = at + axes.side * (0.6 * RADII[2]);
            axes = axes.bent(open);
            let knuckle = root + axes.ahead * FINGER;
            axes = axes.bent(curl);
            let tip = knuckle + axes.ahead * FINGER;
            parts.push(Object::capsule(root, knuckle, FINGER_RADIUS, light));
            parts.push(Object::capsule(knuckle, tip, FINGER_RADIUS, dark));
            lowest = lowest.min(tip.z);
        }
        if lowest > CLEARANCE {
            return parts;
        }
    }
}

/// Directions of a link: along it, and across it, in the plane in which the next joint bends.
#[derive(Debug, Clone, Copy)]
struct Axes {
    ahead: Vector,
    side: Vector,
}

impl Axes {
    fn upright(yaw: f32) -> Self {
        let (sin, cos) = libm::sincosf(yaw);
        Self { ahead: Vector::Z, side: Vector::new(cos, sin, 0.0) }
    }

    /// Turned about its length.
    fn turned(self, angle: f32) -> Self {
        let (sin, cos) = libm::sincosf(angle);
        Self { ahead: self.ahead, side: self.side * cos + self.ahead.cross(self.side) * sin }
    }

    /// Bent towards its side.
    fn bent(self, angle: f32) -> Self {
        let (sin, cos) = libm::sincosf(angle);
        Self { ahead: self.ahead * cos + self.side * sin, side: self.side * cos - self.ahead * sin }
    }
}

fn walls() -> [Finish; 4] {
    [
        finish(Pattern::Bricks, 0.25, [176, 170, 164], [214, 210, 204]),
        finish(Pattern::Stripes, 0.25, [120, 152, 186], [158, 186, 212]),
        finish(Pattern::Tiles, 0.25, [222, 206, 170], [246, 236, 210]),
        finish(Pattern::Checker, 0.25, [150, 186, 150], [184, 212, 180]),
    ]
}

fn floors() -> [Finish; 4] {
    [
        finish(Pattern::Planks, 0.16, [208, 164, 92], [150, 108, 58]),
        finish(Pattern::Checker, 0.5, [236, 234, 228], [170, 174, 182]),
        finish(Pattern::Tiles, 0.25, [186, 120, 92], [226, 196, 174]),
        finish(Pattern::Tiles, 0.25, [98, 138, 150], [190, 212, 216]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::random::Purpose;

    #[test]
    fn arms_stay_above_the_floor_and_clear_of_the_object() {
        for seed in 0..200 {
            let stage = stage(&mut Dice::new(World::Jaco, seed, Purpose::Content));
            assert_eq!(stage.objects.len(), 15);
            let (object, arm) = stage.objects.split_last().expect("objects");
            for part in arm {
                assert!(part.centre.z > 0.0, "seed {seed}");
                let distance = (part.centre - object.centre).length();
                assert!(distance > object.reach, "seed {seed}: {distance}");
            }
        }
    }

    #[test]
    fn joints_keep_directions_orthogonal() {
        let axes = Axes::upright(0.3).bent(1.0).turned(-0.7).bent(0.4);
        // Rounding of a few products of numbers up to 1.
        assert!(axes.ahead.dot(axes.side).abs() < 1e-6);
        assert!((axes.ahead.length() - 1.0).abs() < 1e-6);
    }
}
