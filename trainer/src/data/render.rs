//! Scenes of a run's world, rendered on all cores. Nothing here knows steps or batches.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use gqn_datasets::SceneSet;
use gqn_scenes::Split;

use crate::config::RunScenes;

/// Renders scenes on all cores while telling how far it is.
pub(crate) fn render(
    run: &RunScenes,
    split: Split,
    scenes: Range<u64>,
    on_progress: &mut dyn FnMut(u64, u64),
) -> SceneSet {
    let index = |slot| scenes.start + slot as u64;
    render_some(run, split, (scenes.end - scenes.start, &index), on_progress)
}

/// Renders `count` scenes, those of the run that `index` names, on all cores while telling how far it is.
pub(crate) fn render_some(
    run: &RunScenes,
    split: Split,
    (count, index): (u64, &(dyn Fn(usize) -> u64 + Sync)),
    on_progress: &mut dyn FnMut(u64, u64),
) -> SceneSet {
    let done = AtomicU64::new(0);
    std::thread::scope(|scope| {
        let rendering = scope.spawn(|| {
            let some = (count as usize, index);
            SceneSet::render_some(run.data.world, split, run.seed, some, run.side, |_| {
                done.fetch_add(1, Ordering::Relaxed);
            })
        });
        while !rendering.is_finished() {
            // The last scene is told of once all is in its place.
            on_progress(done.load(Ordering::Relaxed).min(count.saturating_sub(1)), count);
            std::thread::sleep(Duration::from_millis(10));
        }
        on_progress(count, count);
        rendering.join().expect("rendering a seed does not panic")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::TrainConfig;

    #[test]
    fn the_end_of_rendering_is_told_once() {
        let keys = "scenes = 6\n[model]\nimage_size = 16\n".parse().expect("TOML");
        let config = TrainConfig::layered(None, None, keys).expect("a config");
        let mut told = Vec::new();
        render(&config.scenes(), Split::Train, 0..6, &mut |done, all| told.push((done, all)));
        assert_eq!(told.iter().filter(|(done, all)| done == all).count(), 1, "{told:?}");
        assert_eq!(told.last(), Some(&(6, 6)));
    }
}
