//! Cameras that go where they like in a maze.

use core::f32::consts::PI;

use parry3d::math::{Vec2, Vector};
use parry3d::query::Ray;

use super::super::motion::{Motion, finite, shorter};
use super::plan::{CELL, SIDE, middle};
use super::walk::{EYE, NOD};
use super::walls::Maze;
use crate::Camera;

/// How near one comes to a wall.
const MARGIN: f32 = 0.04;
/// The longest step before one looks where the walls are: less than a wall is thick.
const STRIDE: f32 = 0.1;
/// One goes no farther at once than the maze is wide.
const FARTHEST: f32 = 2.0;

/// The camera after a motion: it turns on the spot and walks along the walls.
pub(crate) fn moved(maze: &Maze, camera: &Camera, motion: &Motion) -> Camera {
    let yaw = shorter(finite(camera.yaw) + motion.turn * PI);
    let (sin, cos) = libm::sincosf(yaw);
    let way = motion.advance.clamp(-FARTHEST, FARTHEST);
    let strides = (way.abs() / STRIDE).ceil();
    let stride = Vec2::new(cos, sin) * (way / strides.max(1.0));
    let eye = (0..strides as usize).fold(ground(camera), |eye, _| nearest(maze, eye + stride));
    standing(eye, yaw, camera)
}

/// The allowed camera nearest to a place, looking where `camera` looks.
pub(crate) fn placed(maze: &Maze, camera: &Camera, at: Vec2) -> Camera {
    standing(nearest(maze, at), camera.yaw, camera)
}

/// Whether no wall stands between two cameras.
pub(crate) fn in_sight(maze: &Maze, from: &Camera, to: &Camera) -> bool {
    let (from, to) = (ground(from), ground(to));
    let way = to - from;
    !maze.blocks(&Ray::new(Vector::new(from.x, from.y, EYE), Vector::new(way.x, way.y, 0.0)))
}

fn standing(eye: Vec2, yaw: f32, before: &Camera) -> Camera {
    Camera { position: [eye.x, eye.y, EYE], yaw, pitch: finite(before.pitch).clamp(-NOD, NOD) }
}

fn ground(camera: &Camera) -> Vec2 {
    let [x, y, _] = camera.position.map(finite);
    Vec2::new(x, y)
}

/// The place in the corridors nearest to one.
fn nearest(maze: &Maze, at: Vec2) -> Vec2 {
    let cells = (0..SIDE).flat_map(|x| (0..SIDE).map(move |y| [x, y]));
    let open = cells.filter(|[x, y]| maze.plan.is_open(*x as i32, *y as i32));
    let inside = open.map(|cell| {
        let centre = middle(cell);
        let along = |axis: usize| {
            // One may go to the border of a cell where the next is open.
            let room = |step: i32| {
                let mut next = cell.map(|at| at as i32);
                next[axis] += step;
                let is_open = maze.plan.is_open(next[0], next[1]);
                0.5 * CELL - if is_open { 0.0 } else { MARGIN }
            };
            at[axis].clamp(centre[axis] - room(-1), centre[axis] + room(1))
        };
        Vec2::new(along(0), along(1))
    });
    let distance = |place: &Vec2| (*place - at).length_squared();
    inside.min_by(|a, b| distance(a).total_cmp(&distance(b))).unwrap_or(at)
}
