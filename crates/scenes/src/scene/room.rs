//! Rooms with a few objects in them.

use core::f32::consts::TAU;

use parry3d::bounding_volume::Aabb;
use parry3d::math::Vector;
use parry3d::shape::{Ball, Capsule, Cuboid};

use super::backdrop::{Backdrop, Room};
use super::frustum::Frustum;
use super::object::{Object, Solid};
use super::stage::{Light, Stage};
use super::texture::{Finish, Pattern};
use crate::colour::{from_bytes, from_hsv};
use crate::random::Dice;

/// Half the length of a wall.
const HALF_SIDE: f32 = 1.0;
const WALL_HEIGHT: f32 = 0.5;
/// Objects stand within this distance of the middle.
const PLACE_RADIUS: f32 = 0.38;
/// The least distance between the bounding balls of two objects.
const GAP: f32 = 0.02;

/// How the objects in a room stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stand {
    /// All alike.
    Straight,
    /// Each turned about its axis.
    Turned,
}

/// A room with one to three objects.
pub(super) fn stage(stand: Stand, dice: &mut Dice) -> Stage {
    let (walls, floor) = (*dice.choose(&walls()), *dice.choose(&floors()));
    let objects = objects(1 + dice.below(3), stand, dice);
    let inside = Aabb::new(
        Vector::new(-HALF_SIDE, -HALF_SIDE, 0.0),
        Vector::new(HALF_SIDE, HALF_SIDE, 100.0),
    );
    let light = Light::new(
        Vector::new(0.85, -0.55, 1.7),
        0.2,
        Vector::new(0.72, 0.69, 0.63),
        [Vector::new(0.62, 0.65, 0.70), floor.mean() * 0.30 + Vector::splat(0.24)],
    );
    Stage::new(
        objects,
        Backdrop::Room(Room { inside, wall_height: WALL_HEIGHT, walls, floor }),
        light,
    )
}

fn objects(count: usize, stand: Stand, dice: &mut Dice) -> Vec<Object> {
    let hue = dice.unit();
    let mut shares = [0.0, 1.0, 2.0];
    dice.shuffle(&mut shares);
    let mut objects: Vec<Object> = Vec::with_capacity(count);
    while objects.len() < count {
        let share = shares[objects.len()] / 3.0;
        let hue = hue + share + dice.between(-0.07, 0.07);
        let albedo = from_hsv(hue, dice.between(0.70, 0.95), dice.between(0.78, 0.98));
        let solid = small_solid(dice.between(0.8, 1.08), dice);
        let (yaw, angle) = (dice.between(0.0, TAU), dice.between(0.0, TAU));
        let yaw = if stand == Stand::Turned { yaw } else { 0.0 };
        // The square root makes places equally likely by area.
        let from_middle = PLACE_RADIUS * dice.unit().sqrt();
        let (sin, cos) = libm::sincosf(angle);
        let object = Object::standing(solid, from_middle * cos, from_middle * sin, yaw, albedo);
        let apart = |other: &Object| {
            (other.centre - object.centre).length() > other.reach + object.reach + GAP
        };
        if objects.iter().all(apart) {
            objects.push(object);
        }
    }
    objects
}

/// A shape of a random kind; at size 1 it is about 0.28 wide and high.
pub(super) fn small_solid(size: f32, dice: &mut Dice) -> Solid {
    match dice.below(6) {
        0 => Solid::Block(Cuboid::new(Vector::new(0.12, 0.12, 0.12) * size)),
        1 => Solid::Sphere(Ball::new(0.14 * size)),
        2 => Solid::Frustum(Frustum::cylinder(0.15 * size, 0.105 * size)),
        3 => Solid::Frustum(Frustum::cone(0.16 * size, 0.135 * size)),
        4 => Solid::Capsule(Capsule::new_y(0.09 * size, 0.09 * size)),
        _ => Solid::icosahedron(0.16 * size),
    }
}

/// A pattern in two colours, given as the bytes of a picture.
pub(super) fn finish(pattern: Pattern, period: f32, first: [u8; 3], second: [u8; 3]) -> Finish {
    let colours = [first, second].map(|[red, green, blue]| from_bytes(red, green, blue));
    Finish { pattern, period, colours }
}

fn walls() -> [Finish; 5] {
    [
        finish(Pattern::Bricks, 0.25, [190, 76, 60], [226, 206, 190]),
        finish(Pattern::Stripes, 0.2, [88, 168, 92], [150, 206, 128]),
        finish(Pattern::Chevrons, 0.25, [204, 64, 120], [236, 142, 176]),
        finish(Pattern::Dots, 0.25, [238, 142, 52], [252, 208, 138]),
        finish(Pattern::Checker, 0.25, [240, 200, 72], [250, 228, 140]),
    ]
}

fn floors() -> [Finish; 3] {
    [
        finish(Pattern::Planks, 0.16, [208, 164, 92], [150, 108, 58]),
        finish(Pattern::Checker, 0.4, [236, 234, 228], [176, 178, 184]),
        finish(Pattern::Tiles, 0.25, [92, 140, 200], [190, 214, 236]),
    ]
}

/// A room with a single ball in its middle.
#[cfg(test)]
pub(crate) fn test_room(ball: Ball) -> Stage {
    let mut stage = stage(
        Stand::Turned,
        &mut Dice::new(crate::World::RoomsRingCamera, 0, crate::random::Purpose::Content),
    );
    let ball = Object::standing(Solid::Sphere(ball), 0.0, 0.0, 0.0, Vector::ONE);
    stage.hull = (ball.centre, ball.reach);
    stage.objects = vec![ball];
    stage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::World;
    use crate::random::Purpose;

    #[test]
    fn objects_stand_apart_inside_the_room() {
        let mut counts = [0; 4];
        for seed in 0..300 {
            let stage = stage(
                Stand::Turned,
                &mut Dice::new(World::RoomsRingCamera, seed, Purpose::Content),
            );
            counts[stage.objects.len()] += 1;
            for (index, object) in stage.objects.iter().enumerate() {
                let from_middle = object.centre.x.hypot(object.centre.y);
                assert!(from_middle <= PLACE_RADIUS + 1e-5, "seed {seed}: {from_middle}");
                for other in &stage.objects[..index] {
                    let distance = (object.centre - other.centre).length();
                    assert!(
                        distance > object.reach + other.reach,
                        "seed {seed}: two objects touch"
                    );
                }
            }
        }
        // 300 throws of a die with three sides: 100 +- 8 each; 50 is six standard deviations away.
        assert!(counts[0] == 0 && counts[1..].iter().all(|count| *count > 50), "{counts:?}");
    }
}
