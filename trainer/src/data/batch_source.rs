//! Where batches come from: scenes rendered into memory, or files that are read ahead.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gqn_datasets::{DataError, DataSet, Decoder, Prefetch, Resize};
use gqn_scenes::Split;
use tch::{Device, Kind, Tensor};

use crate::config::{DataConfig, TrainConfig};
use crate::data::batch::{Batch, Choice, choices};
use crate::data::rendered_source::RenderedFeed;
use crate::data::scenes::{CONSTANT_SCENES, constant_picture, open_sound};

/// Batches that are read ahead for each thread.
const AHEAD: usize = 2;
/// More threads than that do not read faster than any device trains.
const MOST_THREADS: usize = 16;

/// Gives the batch of any step.
pub(crate) enum Feed {
    /// All scenes are on the device.
    Rendered(RenderedFeed),
    /// Views are read and decoded as they are needed.
    Files(FileFeed),
}

impl Feed {
    /// Renders the scenes that a step of a configuration sees, or opens its files; with the best constant picture,
    /// `[3,S,S]`. `rows` are those of a batch that are wanted.
    pub(crate) fn open(
        config: &TrainConfig,
        step: u64,
        rows: Range<usize>,
        device: Device,
        on_progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(Self, Vec<f32>), DataError> {
        let Some(data) = &config.data else {
            let (feed, constant) = RenderedFeed::new(config, step, rows, device, on_progress);
            return Ok((Self::Rendered(feed), constant));
        };
        let set = open_sound(data, Split::Train)?;
        let some = config.scenes.min(CONSTANT_SCENES);
        let constant = constant_picture(config, some, on_progress)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(MOST_THREADS);
        Ok((Self::Files(FileFeed::new(config, set, rows, device, threads)), constant))
    }

    /// What is taken of a batch.
    pub(crate) fn rows(&self) -> Range<usize> {
        match self {
            Self::Rendered(scenes) => scenes.rows.clone(),
            Self::Files(files) => files.reader.rows.clone(),
        }
    }

    /// What step `step` of the run sees, or its rows of it: the same from either source.
    pub(crate) fn batch(&self, config: &TrainConfig, step: u64) -> Result<Batch, DataError> {
        match self {
            Self::Rendered(scenes) => Ok(scenes.batch(config, step)),
            Self::Files(files) => files.batch(step),
        }
    }

    /// How many damaged scenes were met, or stretches without any scene.
    pub(crate) fn damaged(&self) -> u64 {
        match self {
            Self::Rendered(_) => 0,
            Self::Files(files) => {
                let met = files.reader.damaged.lock().unwrap_or_else(PoisonError::into_inner);
                (met.len() + files.reader.set.gaps().count()) as u64
            }
        }
    }
}

/// Scenes a second that a configuration's files give to a run on the CPU, over that many seconds.
///
/// # Errors
/// [`DataError`]: the files cannot be read.
pub(crate) fn reading_rate(
    config: &TrainConfig,
    data: &DataConfig,
    threads: usize,
    secs: f64,
) -> Result<f64, DataError> {
    let set = open_sound(data, Split::Train)?;
    let files = FileFeed::new(config, set, 0..config.batch, Device::Cpu, threads);
    // The first results fill the queue.
    let filled = (AHEAD * threads) as u64;
    (0..filled).try_for_each(|step| files.batch(step).map(drop))?;
    let clock = Instant::now();
    let mut step = filled;
    while clock.elapsed().as_secs_f64() < secs {
        files.batch(step)?;
        step += 1;
    }
    let scenes = (step - filled) as f64 * config.batch as f64;
    Ok(scenes / clock.elapsed().as_secs_f64())
}

/// Batches from files. The steps are expected one after the other; another one starts the reading anew.
pub(crate) struct FileFeed {
    reader: Arc<Reader>,
    device: Device,
    threads: usize,
    /// The step of the next result.
    ahead: RefCell<Option<(u64, Batches)>>,
}

type Batches = Prefetch<Result<HostBatch, DataError>>;

/// What the threads share.
struct Reader {
    config: TrainConfig,
    rows: Range<usize>,
    set: DataSet,
    skip_damaged: bool,
    damaged: Mutex<BTreeSet<usize>>,
}

/// A batch as bytes: scenes by their views, of which the query is the last.
struct HostBatch {
    views: i64,
    /// `[B,M+1,S,S,3]`
    frames: Vec<u8>,
    /// `[B,M+1,7]`
    poses: Vec<f32>,
}

impl FileFeed {
    fn new(
        config: &TrainConfig,
        set: DataSet,
        rows: Range<usize>,
        device: Device,
        threads: usize,
    ) -> Self {
        let skip_damaged = config.data.as_ref().is_some_and(|data| data.skip_damaged);
        let (config, damaged) = (config.clone(), Mutex::default());
        let reader = Arc::new(Reader { config, rows, set, skip_damaged, damaged });
        Self { reader, device, threads, ahead: RefCell::new(None) }
    }

    fn batch(&self, step: u64) -> Result<Batch, DataError> {
        let mut ahead = self.ahead.borrow_mut();
        if !matches!(&*ahead, Some((next, _)) if *next == step) {
            let reader = Arc::clone(&self.reader);
            let job = move |step| reader.read(step);
            *ahead = Some((step, Prefetch::new(step, self.threads, AHEAD * self.threads, job)));
        }
        let (next, results) = ahead.as_mut().expect("it was just made");
        *next += 1;
        Ok(self.to_device(&results.next_result()?))
    }

    fn to_device(&self, host: &HostBatch) -> Batch {
        let (side, views) = (self.reader.config.model.image_size as i64, host.views);
        let mut frames = Tensor::from_slice(&host.frames);
        let mut poses = Tensor::from_slice(&host.poses);
        if self.device.is_cuda() {
            // From pinned memory the copy does not wait for the device.
            frames = frames.pin_memory(self.device);
            poses = poses.pin_memory(self.device);
        }
        let frames = frames.to_device_(self.device, Kind::Uint8, true, false);
        let frames = frames.view([-1, views, side, side, 3]).permute([0, 1, 4, 2, 3]);
        let frames = frames.contiguous().to_kind(Kind::Float) / 255.0;
        let poses = poses.to_device_(self.device, Kind::Float, true, false).view([-1, views, 7]);
        let context = |all: &Tensor| all.narrow(1, 0, views - 1).contiguous();
        Batch {
            context_frames: context(&frames),
            context_poses: context(&poses),
            query_frames: frames.select(1, views - 1).contiguous(),
            query_poses: poses.select(1, views - 1).contiguous(),
        }
    }
}

impl Reader {
    fn read(&self, step: u64) -> Result<HostBatch, DataError> {
        let choices = &choices(&self.config, step)[self.rows.clone()];
        let side = self.config.model.image_size;
        let views = choices[0].context.len() + 1;
        let bytes = views * 3 * side * side;
        let mut frames = vec![0; choices.len() * bytes];
        let mut poses = Vec::with_capacity(choices.len() * views * 7);
        let mut decoder = Decoder::new(side, Resize::Area);
        for (choice, frames) in choices.iter().zip(frames.chunks_exact_mut(bytes)) {
            poses.extend(self.scene(choice, &mut decoder, frames)?);
        }
        Ok(HostBatch { views: views as i64, frames, poses })
    }

    /// Fills in the frames of a choice and gives the poses; where a damaged scene is left out, of the next sound one.
    fn scene(
        &self,
        choice: &Choice,
        decoder: &mut Decoder,
        frames: &mut [u8],
    ) -> Result<Vec<f32>, DataError> {
        let mut scene = choice.scene;
        loop {
            match self.views(scene, choice, decoder, frames) {
                Err(DataError::Damaged { .. }) if self.skip_damaged => {
                    let mut damaged = self.damaged.lock().unwrap_or_else(PoisonError::into_inner);
                    damaged.insert(scene);
                    scene = (scene + 1) % self.config.scenes as usize;
                    if scene == choice.scene {
                        return Err(DataError::Empty { path: self.set.folder().to_owned() });
                    }
                }
                result => return result,
            }
        }
    }

    fn views(
        &self,
        scene: usize,
        choice: &Choice,
        decoder: &mut Decoder,
        frames: &mut [u8],
    ) -> Result<Vec<f32>, DataError> {
        let record = self.set.scene(scene)?;
        let views = choice.context.iter().chain([&choice.query]);
        let slots = frames.chunks_exact_mut(frames.len() / (choice.context.len() + 1));
        let mut poses = Vec::new();
        for (&view, out) in views.zip(slots) {
            let decoded = decoder.decode(view, &record.frames[view], out);
            decoded.map_err(|damage| self.set.damaged(scene, damage))?;
            poses.extend(record.cameras[view].pose(self.config.model.pose_encoding).0);
        }
        Ok(poses)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gqn_datasets::{Layout, RenderPlan, write_shards};
    use gqn_formats::Overwrite;
    use gqn_scenes::World;

    use gqn_datasets::SceneSet;

    use super::*;
    use crate::data::batch::DeviceScenes;

    /// Nine scenes of four views in two shards, and one held-out scene; the configuration that trains on them.
    fn config_in(folder: &Path) -> TrainConfig {
        for (split, scenes) in [(Split::Train, 9), (Split::Test, 1)] {
            let plan = RenderPlan {
                world: World::RoomsRingCamera,
                split,
                base_seed: 0,
                views: 4,
                side: 24,
                quality: 90,
            };
            let layout = Layout { scenes, shards: scenes.min(2) };
            write_shards(folder, split, layout, Overwrite::Refuse, |range| {
                plan.render(range, || {})
            })
            .expect("shards");
        }
        let mut data = toml::Table::new();
        data.insert("folder".to_owned(), folder.to_string_lossy().into_owned().into());
        let flags = format!("batch = 4\n[data]\n{data}[model]\nimage_size = 16\n");
        TrainConfig::layered(None, None, flags.parse().expect("TOML")).expect("a config")
    }

    #[test]
    fn files_give_the_batches_that_memory_gives() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = config_in(folder.path());
        assert_eq!((config.scenes, config.views(), config.max_context), (9, 4, 3));
        let set = DataSet::open(folder.path(), Split::Train).expect("a set");
        let all: Vec<usize> = (0..9).collect();
        let all = SceneSet::read(&set, &all, 16, Resize::Area).expect("scenes");
        let memory = DeviceScenes::new(&all, config.model.pose_encoding, Device::Cpu);
        let (files, constant) =
            Feed::open(&config, 0, 0..4, Device::Cpu, &mut |_, _| {}).expect("files");
        assert_eq!(constant, all.mean_frame());
        // In order, back, and far ahead.
        for step in [0, 1, 2, 1, 500, 501] {
            let (found, expected) = (
                files.batch(&config, step).expect("a batch"),
                memory.batch(&choices(&config, step)),
            );
            for (name, found, expected) in [
                ("context_frames", &found.context_frames, &expected.context_frames),
                ("context_poses", &found.context_poses, &expected.context_poses),
                ("query_frames", &found.query_frames, &expected.query_frames),
                ("query_poses", &found.query_poses, &expected.query_poses),
            ] {
                assert_eq!(found.size(), expected.size(), "{name} at step {step}");
                assert!(found.equal(expected), "{name} at step {step}");
            }
        }
        assert_eq!(files.damaged(), 0);
        let (second, _) = Feed::open(&config, 0, 2..4, Device::Cpu, &mut |_, _| {}).expect("files");
        let found = second.batch(&config, 3).expect("a batch").context_frames;
        let whole = memory.batch(&choices(&config, 3)).context_frames;
        assert!(found.equal(&whole.narrow(0, 2, 2)), "the second half of a batch");
    }
}
