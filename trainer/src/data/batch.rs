//! Which scenes and views a step sees: a pure function of the seed and the step, so that a resumed run goes on with
//! the same data.

use gqn_datasets::{SceneSet, Shuffle};
use gqn_formats::ModelConfig;
use gqn_scenes::PoseEncoding;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tch::{Device, Kind, Tensor};

use crate::config::RunScenes;
use crate::convert::{with_torch_seed, without_waiting};

/// All frames and poses of a set of scenes, on the device.
#[derive(Debug)]
pub struct DeviceScenes {
    /// `[scenes·views,3·S·S]`, 8 bits, pixels interleaved as RGB.
    frames: Tensor,
    /// `[scenes·views,7]`
    poses: Tensor,
    views: usize,
    side: i64,
}

/// Context and query of several scenes. The query view is never in the context.
#[derive(Debug)]
pub struct Batch {
    /// `[B,M,3,S,S]` in \[0, 1\].
    pub context_frames: Tensor,
    /// `[B,M,7]`
    pub context_poses: Tensor,
    /// `[B,3,S,S]` in \[0, 1\].
    pub query_frames: Tensor,
    /// `[B,7]`
    pub query_poses: Tensor,
}

/// Views of one scene: those that are shown, and the one to paint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Index of the scene.
    pub scene: usize,
    /// Distinct views, without the query.
    pub context: Vec<usize>,
    /// The view to paint.
    pub query: usize,
}

impl Batch {
    /// Noise for pictures, and cameras on a ring that look across its middle: what is measured or tested does not
    /// depend on what there is to see, but for a model that knows geometry there must be something in sight.
    pub fn synthetic(model: &ModelConfig, batch: i64, views: i64, device: Device) -> Self {
        let side = model.image_size as i64;
        with_torch_seed(1, || {
            let draw = |shape: &[i64]| Tensor::rand(shape, (Kind::Float, Device::Cpu));
            let pose = |numbers: Tensor| ring_poses(model, &numbers).to_device(device);
            Self {
                context_frames: draw(&[batch, views, 3, side, side]).to_device(device),
                context_poses: pose(draw(&[batch, views, 3])),
                query_frames: draw(&[batch, 3, side, side]).to_device(device),
                query_poses: pose(draw(&[batch, 3])),
            }
        })
    }
}

/// `numbers [..,3] in 0..1 -> poses [..,7]` on a ring in the model's box of the world, or around 0
fn ring_poses(model: &ModelConfig, numbers: &Tensor) -> Tensor {
    const UNIT: ([f64; 3], [f64; 3]) = ([-1.0, -1.0, 0.0], [1.0, 1.0, 1.0]);
    let (low, high) = model.voxel.as_ref().map_or(UNIT, |voxel| (voxel.low, voxel.high));
    let at = |index: i64| numbers.select(-1, index);
    let within = |axis: usize, share: Tensor| share * (high[axis] - low[axis]) + low[axis];
    let angle = at(0) * std::f64::consts::TAU;
    let yaw = &angle + (at(1) + (std::f64::consts::PI - 0.5));
    let pitch = at(2) * -0.4;
    let [x, y] = [angle.cos(), angle.sin()].map(|turn| turn * 0.45 + 0.5);
    let turns = match model.pose_encoding {
        PoseEncoding::CosSin => [yaw.cos(), yaw.sin(), pitch.cos(), pitch.sin()],
        PoseEncoding::SinCos => [yaw.sin(), yaw.cos(), pitch.sin(), pitch.cos()],
    };
    let position = [within(0, x), within(1, y), within(2, at(2))];
    Tensor::stack(&position.into_iter().chain(turns).collect::<Vec<_>>(), -1)
}

impl DeviceScenes {
    /// Copies a set to a device.
    pub fn new(set: &SceneSet, encoding: PoseEncoding, device: Device) -> Self {
        let views = set.views();
        let mut poses = Vec::with_capacity(set.len() * views * 7);
        for scene in 0..set.len() {
            for view in 0..views {
                poses.extend_from_slice(&set.camera(scene, view).pose(encoding).0);
            }
        }
        let rows = (set.len() * views) as i64;
        Self {
            // Rows of no scene have a length too.
            frames: Tensor::from_slice(set.pixels())
                .view([rows, (3 * set.side() * set.side()) as i64])
                .to_device(device),
            poses: Tensor::from_slice(&poses).view([rows, 7]).to_device(device),
            views,
            side: set.side() as i64,
        }
    }

    /// The tensors of some choices, which must all have as many context views.
    pub fn batch(&self, choices: &[Choice]) -> Batch {
        let batch = choices.len() as i64;
        let row = |choice: &Choice, view: usize| (choice.scene * self.views + view) as i64;
        let context: Vec<i64> = choices
            .iter()
            .flat_map(|choice| choice.context.iter().map(|&view| row(choice, view)))
            .collect();
        let query: Vec<i64> = choices.iter().map(|choice| row(choice, choice.query)).collect();
        let ([frames, poses], [query_frames, query_poses]) =
            (self.rows(&context), self.rows(&query));
        Batch {
            context_frames: frames.view([batch, -1, 3, self.side, self.side]),
            context_poses: poses.view([batch, -1, 7]),
            query_frames,
            query_poses,
        }
    }

    /// `rows [N] -> frames [N,3,S,S] in [0, 1], poses [N,7]`
    fn rows(&self, rows: &[i64]) -> [Tensor; 2] {
        let rows = without_waiting(Tensor::from_slice(rows), self.frames.device());
        let frames = self.frames.index_select(0, &rows).view([-1, self.side, self.side, 3]);
        let frames = frames.permute([0, 3, 1, 2]).contiguous().to_kind(Kind::Float) / 255.0;
        [frames, self.poses.index_select(0, &rows)]
    }
}

/// What step `step` of a run sees: scenes without repetition within an epoch, a number of context views from the
/// config's fewest to its most, and for each scene distinct views.
pub fn choices(run: &RunScenes, step: u64) -> Vec<Choice> {
    let mut rng = generator(run.seed, STEP_STREAM, step);
    let context = rng.random_range(run.data.min_context..=run.data.max_context);
    let views = run.data.views();
    scenes(run, step).into_iter().map(|scene| choose(&mut rng, scene, views, context)).collect()
}

/// Distinct views of a scene, one of them the query.
pub fn choose(rng: &mut ChaCha8Rng, scene: usize, views: usize, context: usize) -> Choice {
    let mut order: Vec<usize> = (0..views).collect();
    order.shuffle(rng);
    Choice { scene, context: order[..context].to_vec(), query: order[context] }
}

/// Standard normal noise of step `step`.
pub fn noise(seed: u64, step: u64, shape: &[i64], device: Device) -> Tensor {
    let torch_seed: u64 = generator(seed, NOISE_STREAM, step).random();
    with_torch_seed(torch_seed >> 1, || Tensor::randn(shape, (Kind::Float, device)))
}

const STEP_STREAM: u64 = 1;
const NOISE_STREAM: u64 = 2;

fn generator(seed: u64, stream: u64, position: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    for (bytes, word) in key.chunks_exact_mut(8).zip([seed, stream, position]) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// The scenes of a step, as slots in memory: the next `batch` of the endless sequence of epochs, each of which has every
/// scene once.
fn scenes(run: &RunScenes, step: u64) -> Vec<usize> {
    let batch = run.data.batch as u64;
    let scene = |slot: u64| {
        let scenes = run.data.resident();
        let (epoch, slot) = (slot / scenes, slot % scenes);
        Shuffle::new(scenes as usize, run.seed, epoch).at(slot as usize)
    };
    (step * batch..(step + 1) * batch).map(scene).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use gqn_formats::Preset;

    use super::*;
    use crate::config::TrainConfig;

    fn run(scenes: u64) -> RunScenes {
        let mut config = TrainConfig::preset(Preset::TinyTower);
        (config.data.scenes, config.data.batch) = (scenes, 7);
        config.scenes()
    }

    #[test]
    fn every_scene_once_an_epoch_in_another_order() {
        for scene_count in [1, 2, 5, 100] {
            let run = run(scene_count);
            let seen: Vec<usize> =
                (0..2 * scene_count).flat_map(|step| scenes(&run, step)).collect();
            let epochs: Vec<&[usize]> = seen.chunks_exact(scene_count as usize).collect();
            for epoch in &epochs {
                assert_eq!(epoch.iter().collect::<BTreeSet<_>>().len(), scene_count as usize);
            }
            assert!(scene_count < 100 || epochs[0] != epochs[1]);
        }
    }

    #[test]
    fn the_query_is_never_in_the_context() {
        let mut counts = BTreeSet::new();
        let mut queries = BTreeSet::new();
        for step in 0..200 {
            let choices = choices(&run(50), step);
            counts.insert(choices[0].context.len());
            for choice in &choices {
                assert_eq!(choice.context.len(), choices[0].context.len());
                assert!(!choice.context.contains(&choice.query));
                assert_eq!(
                    choice.context.iter().collect::<BTreeSet<_>>().len(),
                    choice.context.len()
                );
                queries.insert(choice.query);
            }
        }
        assert_eq!(
            counts.into_iter().collect::<Vec<_>>(),
            [1, 2, 3, 4, 5],
            "every number of views is drawn"
        );
        assert_eq!(queries.len(), 10, "every view is asked for");
    }

    #[test]
    fn views_are_drawn_anew_for_every_scene_and_step() {
        let [first, second] = [0, 1].map(|step| choices(&run(50), step));
        assert_eq!(first, choices(&run(50), 0));
        assert_ne!(first, second);
        let orders: BTreeSet<_> =
            first.iter().map(|choice| (choice.context.clone(), choice.query)).collect();
        assert!(orders.len() > 1, "not one set of views for the whole batch");
    }

    #[test]
    fn noise_follows_from_seed_and_step() {
        let draw = |seed, step| {
            Vec::<f32>::try_from(noise(seed, step, &[8], Device::Cpu)).expect("eight numbers")
        };
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
        assert_ne!(draw(1, 2), draw(2, 2));
    }
}
