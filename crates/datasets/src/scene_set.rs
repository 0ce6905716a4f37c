//! Many scenes in memory.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use gqn_pictures::Resize;
use gqn_scenes::{Camera, Scene, Split, World};
use rayon::prelude::*;

use crate::data_set::DataSet;
use crate::error::DataError;
use crate::picture::Decoder;

/// What stands where a camera is to be.
const BLANK: Camera = Camera { position: [0.0; 3], yaw: 0.0, pitch: 0.0 };

/// Pictures and cameras of many scenes, each with as many views.
#[derive(Debug, Clone)]
pub struct SceneSet {
    views: usize,
    side: usize,
    /// RGB8 frames: scenes, views, rows, columns, channels.
    pixels: Vec<u8>,
    cameras: Vec<Camera>,
}

impl SceneSet {
    /// Renders the scenes with these indices of the data set with seed `base_seed`, on all cores.
    ///
    /// `on_progress` is called, on any thread, with the number of scenes that are done.
    ///
    /// # Panics
    /// When `side` is no side of a frame, or the seeds are out of the range of [`Split::scene_seed`].
    pub fn render(
        world: World,
        split: Split,
        base_seed: u64,
        scenes: Range<u64>,
        side: usize,
        on_progress: impl Fn(usize) + Sync,
    ) -> Self {
        let count = scenes.end.saturating_sub(scenes.start) as usize;
        let index = |place: usize| scenes.start + place as u64;
        Self::render_some(world, split, base_seed, (count, &index), side, on_progress)
    }

    /// As [`render`](Self::render): so many scenes, with the indices that a function gives to their places.
    ///
    /// # Panics
    /// As [`render`](Self::render).
    pub fn render_some(
        world: World,
        split: Split,
        base_seed: u64,
        (count, index_of): (usize, &(dyn Fn(usize) -> u64 + Sync)),
        side: usize,
        on_progress: impl Fn(usize) + Sync,
    ) -> Self {
        let views = world.views_per_scene();
        let frame_bytes = 3 * side * side;
        let mut pixels = vec![0; count * views * frame_bytes];
        let mut cameras = vec![BLANK; count * views];
        let done = AtomicUsize::new(0);
        let slots = pixels
            .par_chunks_exact_mut(views * frame_bytes)
            .zip(cameras.par_chunks_exact_mut(views));
        slots.enumerate().for_each(|(index, (pixels, cameras))| {
            let seed = split.scene_seed(base_seed, index_of(index));
            let scene = Scene::generate(world, seed);
            cameras.copy_from_slice(&scene.cameras(views));
            for (camera, bytes) in cameras.iter().zip(pixels.chunks_exact_mut(frame_bytes)) {
                bytes.copy_from_slice(scene.render(camera, side).rgb8());
            }
            on_progress(done.fetch_add(1, Ordering::Relaxed) + 1);
        });
        Self { views, side, pixels, cameras }
    }

    /// Reads the scenes at `indices` of a data set, on all cores.
    ///
    /// # Errors
    /// [`DataError`]: a scene is damaged.
    ///
    /// # Panics
    /// When `side` is 0 or there is no such scene.
    pub fn read(
        set: &DataSet,
        indices: &[usize],
        side: usize,
        way: Resize,
    ) -> Result<Self, DataError> {
        let views = set.views();
        let frame_bytes = 3 * side * side;
        let mut pixels = vec![0; indices.len() * views * frame_bytes];
        let mut cameras = vec![BLANK; indices.len() * views];
        let slots = pixels
            .par_chunks_exact_mut(views * frame_bytes)
            .zip(cameras.par_chunks_exact_mut(views));
        slots.zip(indices).try_for_each(|((pixels, cameras), &index)| {
            let record = set.scene(index)?;
            cameras.copy_from_slice(&record.cameras);
            let mut decoder = Decoder::new(side, way);
            for (view, out) in pixels.chunks_exact_mut(frame_bytes).enumerate() {
                let decoded = decoder.decode(view, &record.frames[view], out);
                decoded.map_err(|damage| set.damaged(index, damage))?;
            }
            Ok::<(), DataError>(())
        })?;
        Ok(Self { views, side, pixels, cameras })
    }

    /// How many scenes there are.
    pub fn len(&self) -> usize {
        self.cameras.len() / self.views()
    }

    /// Whether there is no scene.
    pub fn is_empty(&self) -> bool {
        self.cameras.is_empty()
    }

    /// How many pictures there are of each scene.
    pub fn views(&self) -> usize {
        self.views
    }

    /// Width and height of the pictures.
    pub fn side(&self) -> usize {
        self.side
    }

    /// A picture: `side * side * 3` bytes, row-major, the channels of a pixel together.
    ///
    /// # Panics
    /// When there is no such scene or view.
    pub fn frame(&self, scene: usize, view: usize) -> &[u8] {
        let bytes = 3 * self.side * self.side;
        &self.pixels[self.index(scene, view) * bytes..][..bytes]
    }

    /// All pictures, scene after scene and view after view.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The camera that took it.
    ///
    /// # Panics
    /// When there is no such scene or view.
    pub fn camera(&self, scene: usize, view: usize) -> &Camera {
        &self.cameras[self.index(scene, view)]
    }

    /// The mean of all pictures, `[3, side, side]` in [0, 1]: of all constant pictures the one with the least mean
    /// squared error. Black if the set is empty.
    pub fn mean_frame(&self) -> Vec<f32> {
        let mut mean = FrameMean::default();
        mean.add(self);
        mean.frame(self.side)
    }

    fn index(&self, scene: usize, view: usize) -> usize {
        assert!(view < self.views(), "view {view} of a world with {}", self.views());
        scene * self.views() + view
    }
}

/// The mean picture of sets that are not in memory at the same time.
#[derive(Debug, Clone, Default)]
pub struct FrameMean {
    /// Of each number of a frame; empty before the first.
    sums: Vec<u64>,
    frames: usize,
}

impl FrameMean {
    /// Counts all pictures of a set, whose sides are those of the sets before.
    pub fn add(&mut self, set: &SceneSet) {
        let bytes = 3 * set.side * set.side;
        self.sums.resize(bytes, 0);
        for frame in set.pixels.chunks_exact(bytes) {
            for (sum, byte) in self.sums.iter_mut().zip(frame) {
                *sum += u64::from(*byte);
            }
        }
        self.frames += set.cameras.len();
    }

    /// `[3, side, side]` in [0, 1]; black if there was no picture.
    pub fn frame(&self, side: usize) -> Vec<f32> {
        if self.frames == 0 {
            return vec![0.0; 3 * side * side];
        }
        let scale = 1.0 / (255.0 * self.frames as f64);
        let channel = |channel: usize| self.sums.iter().skip(channel).step_by(3);
        (0..3).flat_map(channel).map(|sum| (*sum as f64 * scale) as f32).collect()
    }
}
