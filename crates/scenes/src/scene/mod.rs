//! A scene: what there is to see and where it is seen from.

mod backdrop;
mod chain;
mod frustum;
mod icosahedron;
mod motion;
mod object;
mod path;
mod room;
mod stage;
mod texture;

pub use motion::{MapPoint, Motion};
#[cfg(test)]
pub(crate) use room::test_room;
pub(crate) use stage::{LIGHT_POINTS, Stage};

use crate::random::{Dice, Purpose};
use crate::render::render;
use crate::{Camera, Frame, World};

/// A scene of some world, made from a seed.
#[derive(Debug, Clone)]
pub struct Scene {
    world: World,
    seed: u64,
    stage: Stage,
}

impl Scene {
    /// The scene that `seed` stands for: the same on every target.
    pub fn generate(world: World, seed: u64) -> Self {
        let mut dice = Dice::new(world, seed, Purpose::Content);
        let stage = match world {
            World::ShepardMetzler5 => chain::stage(&chain::walk(5, &mut dice), &mut dice),
            World::ShepardMetzler7 => chain::stage(&chain::walk(7, &mut dice), &mut dice),
            World::RoomsRingCamera => room::stage(&mut dice),
        };
        Self { world, seed, stage }
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
        path::camera(self.world, &mut Dice::new(self.world, self.seed, Purpose::Camera(index)))
    }

    /// The scene's first `count` cameras.
    pub fn cameras(&self, count: usize) -> Vec<Camera> {
        (0..count).map(|index| self.camera(index)).collect()
    }

    /// `count` cameras evenly along a closed path that the world's cameras allow.
    pub fn orbit(&self, count: usize) -> Vec<Camera> {
        path::orbit(self.world, count)
    }

    /// The picture that `camera` takes, `side` pixels wide and high.
    ///
    /// A room's walls are not seen from behind: a camera outside looks in.
    ///
    /// # Panics
    /// When `side` is 0 or over [`Frame::MAX_SIDE`].
    pub fn render(&self, camera: &Camera, side: usize) -> Frame {
        render(&self.stage, camera, side)
    }
}
