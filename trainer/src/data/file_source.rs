//! Batches from files: views are read and decoded ahead of the step that needs them.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use gqn_datasets::{DataError, DataSet, Decoder, Prefetch, Resize};
use gqn_scenes::Split;
use tch::{Device, Kind, Tensor};

use crate::config::{FilesConfig, RunScenes};
use crate::data::batch::{Batch, Choice, choices};
use crate::data::scenes::open_sound;

/// Batches that are read ahead for each thread.
const AHEAD: usize = 2;

/// Scenes a second that a configuration's files give to a run on the CPU, over that many seconds.
///
/// # Errors
/// [`DataError`]: the files cannot be read.
pub(crate) fn reading_rate(
    run: &RunScenes,
    files: &FilesConfig,
    threads: usize,
    secs: f64,
) -> Result<f64, DataError> {
    let (set, batch) = (open_sound(files, Split::Train)?, run.data.batch);
    let files = FileSource::new(run, set, 0..batch, Device::Cpu, threads);
    // The first results fill the queue.
    let filled = (AHEAD * threads) as u64;
    (0..filled).try_for_each(|step| files.batch(step).map(drop))?;
    let clock = Instant::now();
    let mut step = filled;
    while clock.elapsed().as_secs_f64() < secs {
        files.batch(step)?;
        step += 1;
    }
    let scenes = (step - filled) as f64 * batch as f64;
    Ok(scenes / clock.elapsed().as_secs_f64())
}

/// Batches from files. The steps are expected one after the other; another one starts the reading anew.
pub(crate) struct FileSource {
    reader: Arc<Reader>,
    device: Device,
    threads: usize,
    /// The step of the next result.
    ahead: RefCell<Option<(u64, Batches)>>,
}

type Batches = Prefetch<Result<HostBatch, DataError>>;

/// What the threads share.
struct Reader {
    run: RunScenes,
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

impl FileSource {
    pub(crate) fn new(
        run: &RunScenes,
        set: DataSet,
        rows: Range<usize>,
        device: Device,
        threads: usize,
    ) -> Self {
        let skip_damaged = run.data.files.as_ref().is_some_and(|files| files.skip_damaged);
        let (run, damaged) = (run.clone(), Mutex::default());
        let reader = Arc::new(Reader { run, rows, set, skip_damaged, damaged });
        Self { reader, device, threads, ahead: RefCell::new(None) }
    }

    /// What is taken of a batch.
    pub(crate) fn rows(&self) -> Range<usize> {
        self.reader.rows.clone()
    }

    /// B: scenes of a whole batch.
    pub(crate) fn batch_size(&self) -> usize {
        self.reader.run.data.batch
    }

    /// How many damaged scenes were met, or stretches without any scene.
    pub(crate) fn damaged(&self) -> u64 {
        let met = self.reader.damaged.lock().unwrap_or_else(PoisonError::into_inner);
        (met.len() + self.reader.set.gaps().count()) as u64
    }

    pub(crate) fn batch(&self, step: u64) -> Result<Batch, DataError> {
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
        let (side, views) = (self.reader.run.side as i64, host.views);
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
        let choices = &choices(&self.run, step)[self.rows.clone()];
        let side = self.run.side;
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
                    scene = (scene + 1) % self.run.data.scenes as usize;
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
            poses.extend(record.cameras[view].pose(self.run.pose_encoding).0);
        }
        Ok(poses)
    }
}
