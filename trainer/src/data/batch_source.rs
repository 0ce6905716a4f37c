//! The batch source of a run: scenes rendered into memory, or files that are read ahead.

use std::ops::Range;

use gqn_datasets::DataError;
use gqn_scenes::Split;
use tch::Device;

use crate::config::RunScenes;
use crate::data::batch::Batch;
use crate::data::file_source::FileSource;
use crate::data::rendered_source::RenderedSource;
use crate::data::scenes::{CONSTANT_SCENES, constant_picture, open_sound};

/// More threads than that do not read faster than any device trains.
const MOST_THREADS: usize = 16;

/// Gives the batch of any step.
pub(crate) enum BatchSource {
    /// All scenes are on the device.
    Rendered(RenderedSource),
    /// Views are read and decoded as they are needed.
    Files(FileSource),
}

impl BatchSource {
    /// Renders the scenes that the first of `steps` sees, or opens the files; with the best constant picture, `[3,S,S]`.
    /// `rows` are those of a batch that are wanted.
    pub(crate) fn open(
        run: &RunScenes,
        steps: Range<u64>,
        rows: Range<usize>,
        device: Device,
        on_progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(Self, Vec<f32>), DataError> {
        let Some(files) = &run.data.files else {
            let (batches, constant) = RenderedSource::new(run, steps, rows, device, on_progress);
            return Ok((Self::Rendered(batches), constant));
        };
        let set = open_sound(files, Split::Train)?;
        let some = run.data.scenes.min(CONSTANT_SCENES);
        let constant = constant_picture(run, some, on_progress)?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(MOST_THREADS);
        Ok((Self::Files(FileSource::new(run, set, rows, device, threads)), constant))
    }

    /// What is taken of a batch.
    pub(crate) fn rows(&self) -> Range<usize> {
        match self {
            Self::Rendered(scenes) => scenes.rows.clone(),
            Self::Files(files) => files.rows(),
        }
    }

    /// B: scenes of a whole batch, of all processes together.
    pub(crate) fn batch_size(&self) -> usize {
        match self {
            Self::Rendered(scenes) => scenes.run.data.batch,
            Self::Files(files) => files.batch_size(),
        }
    }

    /// What step `step` of a run of `run_steps` sees, or its rows of it: the same from either source.
    pub(crate) fn batch(&self, step: u64, run_steps: u64) -> Result<Batch, DataError> {
        match self {
            Self::Rendered(scenes) => Ok(scenes.batch(step, run_steps)),
            Self::Files(files) => files.batch(step),
        }
    }

    /// How many damaged scenes were met, or stretches without any scene.
    pub(crate) fn damaged(&self) -> u64 {
        match self {
            Self::Rendered(_) => 0,
            Self::Files(files) => files.damaged(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gqn_datasets::{DataSet, Layout, RenderPlan, Resize, write_shards};
    use gqn_scenes::World;
    use gqn_system::Overwrite;

    use gqn_datasets::SceneSet;

    use super::*;
    use crate::config::TrainConfig;
    use crate::data::batch::{DeviceScenes, choices};

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
        let (run, steps) = (config.scenes(), config.schedules.steps);
        assert_eq!((config.data.scenes, config.data.views(), config.data.max_context), (9, 4, 3));
        let set = DataSet::open(folder.path(), Split::Train).expect("a set");
        let all: Vec<usize> = (0..9).collect();
        let all = SceneSet::read(&set, &all, 16, Resize::Area).expect("scenes");
        let memory = DeviceScenes::new(&all, run.pose_encoding, Device::Cpu);
        let (files, constant) =
            BatchSource::open(&run, 0..steps, 0..4, Device::Cpu, &mut |_, _| {}).expect("files");
        assert_eq!(constant, all.mean_frame());
        // In order, back, and far ahead.
        for step in [0, 1, 2, 1, 500, 501] {
            let (found, expected) =
                (files.batch(step, steps).expect("a batch"), memory.batch(&choices(&run, step)));
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
        let (second, _) =
            BatchSource::open(&run, 0..steps, 2..4, Device::Cpu, &mut |_, _| {}).expect("files");
        let found = second.batch(3, steps).expect("a batch").context_frames;
        let whole = memory.batch(&choices(&run, 3)).context_frames;
        assert!(found.equal(&whole.narrow(0, 2, 2)), "the second half of a batch");
    }
}
