//! Random numbers that are the same on every target.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::World;

/// What a scene's random numbers are spent on; each has its own stream, so that none shifts another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Purpose {
    /// The things in the scene.
    Content,
    /// The scene's camera of that index.
    Camera(usize),
}

/// A stream of random numbers for one purpose in one scene.
#[derive(Debug, Clone)]
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    pub(crate) fn new(world: World, seed: u64, purpose: Purpose) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8] = match world {
            World::ShepardMetzler5 => 5,
            World::ShepardMetzler7 => 7,
            World::RoomsRingCamera => 64,
            World::RoomsFreeCameraWithObjectRotations => 65,
            World::RoomsFreeCameraNoObjectRotations => 66,
            World::Mazes => 84,
            World::Jaco => 11,
        };
        let mut stream = ChaCha8Rng::from_seed(key);
        stream.set_stream(match purpose {
            Purpose::Content => 0,
            Purpose::Camera(index) => index as u64 + 1,
        });
        Self(stream)
    }

    /// Uniform in [0, 1).
    pub(crate) fn unit(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 / 16_777_216.0
    }

    /// Uniform in [low, high).
    pub(crate) fn between(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.unit()
    }

    /// Uniform in 0..count.
    pub(crate) fn below(&mut self, count: usize) -> usize {
        ((u64::from(self.0.next_u32()) * count as u64) >> 32) as usize
    }

    /// One of the items.
    pub(crate) fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// Brings the items into a random order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (2..=items.len()).rev() {
            items.swap(end - 1, self.below(end));
        }
    }
}
