//! A scene: what there is to see and where it is seen from.
//!
//! | file | holds |
//! |---|---|
//! | `chain.rs`, `room.rs`, `arm.rs`, `corridors.rs` | the stages of the worlds: chains of cubes, rooms, the arm of jaco, mazes |
//! | `maze/` | a maze: its plan, what a ray meets in it, cameras |
//! | `path.rs`, `free.rs` | cameras on a ring or a sphere; cameras anywhere in a room |
//! | `motion.rs` | [`Motion`], [`MapPoint`]: what a user asks of a camera, and where it is on a map |
//! | `reach.rs` | where a scene's cameras may be, and moving about there |
//! | `stage.rs` | [`Stage`]: objects, what is behind them, a lamp |
//! | `backdrop.rs`, `patch.rs` | what is behind the objects, and what a ray finds there |
//! | `object.rs`, `frustum.rs`, `icosahedron.rs` | objects and their shapes |
//! | `texture.rs` | patterns of walls and floors |

mod arm;
mod backdrop;
mod chain;
mod corridors;
mod free;
mod frustum;
mod icosahedron;
mod maze;
mod motion;
mod object;
mod patch;
mod path;
mod reach;
mod room;
mod stage;
mod texture;

pub use motion::{MapPoint, Motion};
#[cfg(test)]
pub(crate) use room::test_room;
pub(crate) use stage::{LIGHT_POINTS, Stage};

use core::f32::consts::TAU;

use self::maze::Walk;
use self::room::Stand;
use crate::random::{Dice, Purpose};
use crate::{Camera, World};

/// A scene of some world, made from a seed.
#[derive(Debug, Clone)]
pub struct Scene {
    world: World,
    seed: u64,
    stage: Stage,
    /// The way through a maze.
    walk: Option<Walk>,
}

impl Scene {
    /// The scene that `seed` stands for: the same on every target.
    pub fn generate(world: World, seed: u64) -> Self {
        let mut dice = Dice::new(world, seed, Purpose::Content);
        let mut walk = None;
        let stage = match world {
            World::ShepardMetzler5 => chain::stage(&chain::walk(5, &mut dice), &mut dice),
            World::ShepardMetzler7 => chain::stage(&chain::walk(7, &mut dice), &mut dice),
            World::RoomsRingCamera | World::RoomsFreeCameraWithObjectRotations => {
                room::stage(Stand::Turned, &mut dice)
            }
            World::RoomsFreeCameraNoObjectRotations => room::stage(Stand::Straight, &mut dice),
            World::Mazes => {
                let (stage, way) = corridors::stage(&mut dice);
                walk = Some(way);
                stage
            }
            World::Jaco => arm::stage(&mut dice),
        };
        Self { world, seed, stage, walk }
    }

    /// The world it belongs to.
    pub fn world(&self) -> World {
        self.world
    }

    /// The seed it was made from.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The scene's own camera number `index`; there is no last one.
    pub fn camera(&self, index: usize) -> Camera {
        let dice = &mut Dice::new(self.world, self.seed, Purpose::Camera(index));
        match (&self.walk, self.world) {
            (Some(walk), _) => walk.camera(index, dice),
            (None, World::Jaco) => arm::camera(dice),
            (
                None,
                World::RoomsFreeCameraWithObjectRotations | World::RoomsFreeCameraNoObjectRotations,
            ) => free::camera(&self.stage, dice),
            (None, world) => path::camera(world, dice),
        }
    }

    /// The scene's first `count` cameras.
    pub fn cameras(&self, count: usize) -> Vec<Camera> {
        (0..count).map(|index| self.camera(index)).collect()
    }

    /// `count` of the scene's own cameras that together see much of it: the first; of a walk, some all along it.
    pub fn spread(&self, count: usize) -> Vec<Camera> {
        let stride = match &self.walk {
            Some(_) => (self.world.views_per_scene() / count.max(1)).max(1),
            None => 1,
        };
        (0..count).map(|index| self.camera(stride * index)).collect()
    }

    /// `count` cameras evenly along a closed path that the world's cameras allow.
    pub fn orbit(&self, count: usize) -> Vec<Camera> {
        let share = |index: usize| index as f32 / count as f32;
        match (&self.walk, self.world) {
            (Some(walk), _) => (0..count).map(|index| walk.on_way(share(index))).collect(),
            (None, World::Jaco) => {
                (0..count).map(|index| arm::on_circle(TAU * share(index))).collect()
            }
            (None, world) => path::orbit(world, count),
        }
    }

    pub(crate) fn stage(&self) -> &Stage {
        &self.stage
    }
}
