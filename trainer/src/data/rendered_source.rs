//! Rendered scenes in memory, replaced by new ones while training.

use std::cell::RefCell;
use std::ops::Range;
use std::thread::JoinHandle;

use gqn_datasets::SceneSet;
use gqn_scenes::Split;
use tch::Device;

use crate::config::RunScenes;
use crate::data::batch::{Batch, DeviceScenes, choices};
use crate::data::render::render_some;
use crate::data::scenes::{CONSTANT_SCENES, rendered_constant};

/// Batches from the scenes of the generation that a step belongs to. The next generation is rendered while this one is
/// trained on, so that training waits for it only where rendering is slower.
pub(crate) struct RenderedSource {
    pub(crate) run: RunScenes,
    /// What this process takes of a batch.
    pub(crate) rows: Range<usize>,
    device: Device,
    generation: RefCell<Generation>,
}

struct Generation {
    index: u64,
    /// None only while the next ones are copied, so that there are never three in memory.
    scenes: Option<DeviceScenes>,
    next: Option<JoinHandle<SceneSet>>,
}

impl RenderedSource {
    /// Renders what the first of `steps` sees; with the best constant picture, `[3,S,S]`, which does not depend on the
    /// step.
    pub(crate) fn new(
        run: &RunScenes,
        steps: Range<u64>,
        rows: Range<usize>,
        device: Device,
        on_progress: &mut dyn FnMut(u64, u64),
    ) -> (Self, Vec<f32>) {
        let data = &run.data;
        let index = data.generation(steps.start);
        let scenes = render_generation(run, index, on_progress);
        let are_all = data.refresh_epochs.is_none() && data.resident() == data.scenes;
        let constant = if are_all {
            scenes.mean_frame()
        } else {
            // Of the same scenes whenever the run is resumed.
            rendered_constant(run, data.scenes.min(CONSTANT_SCENES), &mut |_, _| {})
        };
        let generation = Generation::new(run, index, steps.end, scenes, device);
        let (run, generation) = (run.clone(), RefCell::new(generation));
        (Self { run, rows, device, generation }, constant)
    }

    /// What step `step` of a run of `run_steps` sees.
    pub(crate) fn batch(&self, step: u64, run_steps: u64) -> Batch {
        let index = self.run.data.generation(step);
        let mut generation = self.generation.borrow_mut();
        if generation.index != index {
            let is_next = generation.index + 1 == index;
            let scenes = match generation.next.take().filter(|_| is_next) {
                Some(next) => next.join().expect("rendering a seed does not panic"),
                None => render_generation(&self.run, index, &mut |_, _| {}),
            };
            generation.scenes = None;
            *generation = Generation::new(&self.run, index, run_steps, scenes, self.device);
        }
        let scenes = generation.scenes.as_ref().expect("a generation has scenes");
        scenes.batch(&choices(&self.run, step)[self.rows.clone()])
    }
}

impl Generation {
    /// Copies the scenes to the device and begins to render those after them, if a run of `run_steps` will see them.
    fn new(run: &RunScenes, index: u64, run_steps: u64, scenes: SceneSet, device: Device) -> Self {
        let on_device = DeviceScenes::new(&scenes, run.pose_encoding, device);
        drop(scenes);
        let last = run.data.generation(run_steps.saturating_sub(1));
        let next = (index < last).then(|| {
            let run = run.clone();
            std::thread::spawn(move || render_generation(&run, index + 1, &mut |_, _| {}))
        });
        Self { index, scenes: Some(on_device), next }
    }
}

/// The scenes of a generation.
fn render_generation(
    run: &RunScenes,
    generation: u64,
    on_progress: &mut dyn FnMut(u64, u64),
) -> SceneSet {
    let index = |slot| run.data.scene_index(generation, slot as u64);
    render_some(run, Split::Train, (run.data.resident(), &index), on_progress)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;
    use crate::data::render::render;

    /// Six scenes, four a step, replaced after two epochs: after every third step.
    const STEPS: u64 = 9;

    fn run() -> RunScenes {
        run_of("scenes = 6\nbatch = 4\nsteps = 9\nrefresh_epochs = 2\n[model]\nimage_size = 16\n")
    }

    fn run_of(keys: &str) -> RunScenes {
        let config = TrainConfig::layered(None, None, keys.parse().expect("TOML"));
        config.expect("a config").scenes()
    }

    fn frames(batches: &RenderedSource, step: u64) -> Vec<f32> {
        let frames = batches.batch(step, STEPS).query_frames;
        Vec::try_from(frames.flatten(0, -1)).expect("numbers")
    }

    #[test]
    fn scenes_are_replaced_after_their_epochs() {
        let run = run();
        assert_eq!([0, 2, 3, 5, 6, 8].map(|step| run.data.generation(step)), [0, 0, 1, 1, 2, 2]);
        let (batches, _) = RenderedSource::new(&run, 0..STEPS, 0..4, Device::Cpu, &mut |_, _| {});
        let mut same = run.clone();
        same.data.refresh_epochs = None;
        let (old, _) = RenderedSource::new(&same, 0..STEPS, 0..4, Device::Cpu, &mut |_, _| {});
        let of_old = |step| {
            let frames = old.batch(step, STEPS).query_frames;
            Vec::<f32>::try_from(frames.flatten(0, -1)).expect("numbers")
        };
        assert_eq!(frames(&batches, 2), of_old(2), "the first generation");
        assert_ne!(frames(&batches, 3), of_old(3), "the second");
    }

    #[test]
    fn scenes_that_do_not_fit_take_turns_and_come_back() {
        // Five scenes, two of them in memory: generations of one step see 0 1, 2 3, 4 0, 1 2, 3 4, 0 1.
        let keys =
            "scenes = 5\nresident_scenes = 2\nbatch = 2\nsteps = 6\n[model]\nimage_size = 16\n";
        let run = run_of(keys);
        let seen = |generation| [0, 1].map(|slot| run.data.scene_index(generation, slot));
        assert_eq!([0, 1, 2, 3].map(seen), [[0, 1], [2, 3], [4, 0], [1, 2]]);
        assert_eq!([0, 1, 5].map(|step| run.data.generation(step)), [0, 1, 5]);
        let mut refreshed = run.data.clone();
        refreshed.refresh_epochs = Some(1);
        assert_eq!(refreshed.scene_index(3, 1), 7, "refreshed scenes are always new ones");
        let whole = render(&run, Split::Train, 0..5, &mut |_, _| {});
        for generation in [0, 2, 3] {
            let part = render_generation(&run, generation, &mut |_, _| {});
            for (slot, index) in seen(generation).into_iter().enumerate() {
                assert_eq!(part.frame(slot, 3), whole.frame(index as usize, 3));
            }
        }
        let (batches, constant) =
            RenderedSource::new(&run, 0..6, 0..2, Device::Cpu, &mut |_, _| {});
        let (later, same) = RenderedSource::new(&run, 4..6, 0..2, Device::Cpu, &mut |_, _| {});
        assert_eq!(constant, same, "the constant picture is that of the run");
        let frames = |batches: &RenderedSource| batches.batch(5, 6).query_frames;
        assert!(frames(&batches).equal(&frames(&later)), "a resumed run sees the same");
    }

    #[test]
    fn processes_share_the_batch_of_one() {
        let run = run();
        let of = |rows| {
            let (batches, _) =
                RenderedSource::new(&run, 0..STEPS, rows, Device::Cpu, &mut |_, _| {});
            frames(&batches, 1)
        };
        assert_eq!([of(0..2), of(2..4)].concat(), of(0..4));
    }

    #[test]
    fn a_resumed_run_sees_what_the_run_saw() {
        let run = run();
        let (whole, constant) =
            RenderedSource::new(&run, 0..STEPS, 0..4, Device::Cpu, &mut |_, _| {});
        let all: Vec<_> = (0..9).map(|step| frames(&whole, step)).collect();
        for start in [4, 7] {
            let (resumed, same) =
                RenderedSource::new(&run, start..STEPS, 0..4, Device::Cpu, &mut |_, _| {});
            assert_eq!(same, constant);
            for step in start..9 {
                assert_eq!(frames(&resumed, step), all[step as usize], "step {step} of {start}");
            }
        }
    }
}
