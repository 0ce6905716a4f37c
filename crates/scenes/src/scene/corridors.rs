//! The stage of a maze: its walls' and floors' finishes, its landmarks, its light, and the walk through it.

use core::f32::consts::TAU;

use parry3d::math::Vector;

use super::backdrop::Backdrop;
use super::maze::{CELL, Maze, Plan, Walk, ZONES, crossings, middle};
use super::object::Object;
use super::room::{finish, small_solid};
use super::stage::{Light, Stage};
use super::texture::{Finish, Pattern};
use crate::colour::from_hsv;
use crate::random::Dice;

/// Objects that help to tell places apart.
const LANDMARKS: usize = 7;

/// A maze and the walk through it.
pub(super) fn stage(dice: &mut Dice) -> (Stage, Walk) {
    let plan = Plan::new(dice);
    let mut walls = walls();
    dice.shuffle(&mut walls);
    let floor = *dice.choose(&floors());
    let objects = landmarks(dice);
    let walk = Walk::new(&plan);
    let maze = Maze::new(plan, walls, floor);
    let light = Light::new(
        Vector::new(2.6, -1.7, 4.2),
        0.3,
        Vector::new(0.70, 0.66, 0.58),
        [Vector::new(0.66, 0.70, 0.76), floor.mean() * 0.30 + Vector::splat(0.26)],
    );
    (Stage::new(objects, Backdrop::Maze(Box::new(maze)), light), walk)
}

/// Objects in the corners of crossings, out of the way of the walk.
fn landmarks(dice: &mut Dice) -> Vec<Object> {
    let mut places = crossings();
    dice.shuffle(&mut places);
    let hue = dice.unit();
    let landmark = |(index, cell): (usize, &[usize; 2])| {
        let middle = middle(*cell);
        let side = |dice: &mut Dice| if dice.below(2) == 0 { -0.1 } else { 0.1 };
        let (x, y) = (middle.x + side(dice), middle.y + side(dice));
        let hue = hue + index as f32 / LANDMARKS as f32 + dice.between(-0.05, 0.05);
        let albedo = from_hsv(hue, dice.between(0.75, 0.95), dice.between(0.82, 0.98));
        Object::standing(small_solid(0.4, dice), x, y, dice.between(0.0, TAU), albedo)
    };
    places.iter().take(LANDMARKS).enumerate().map(landmark).collect()
}

fn walls() -> [Finish; ZONES] {
    let part = |count: f32| CELL / count;
    [
        finish(Pattern::Bricks, part(3.0), [196, 84, 66], [232, 214, 198]),
        finish(Pattern::Stripes, part(3.0), [70, 150, 110], [142, 206, 150]),
        finish(Pattern::Checker, part(3.0), [236, 192, 64], [250, 226, 138]),
        finish(Pattern::Dots, part(3.0), [120, 92, 190], [206, 184, 240]),
        finish(Pattern::Chevrons, part(3.0), [64, 126, 204], [168, 208, 242]),
    ]
}

fn floors() -> [Finish; 3] {
    [
        finish(Pattern::Tiles, 0.5 * CELL, [206, 190, 160], [146, 130, 108]),
        finish(Pattern::Checker, CELL, [222, 220, 214], [178, 180, 186]),
        finish(Pattern::Planks, 0.4 * CELL, [186, 148, 98], [132, 98, 60]),
    ]
}
