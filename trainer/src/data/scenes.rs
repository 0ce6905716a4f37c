//! Some scenes of a configuration, rendered or read from its files: for evaluations and the constant picture.

use gqn_datasets::{DataError, DataSet, FrameMean, KnownSet, Resize, SceneSet};
use gqn_scenes::Split;

use crate::config::{DataConfig, FilesConfig, RunScenes};
use crate::data::render::render;

/// Scenes that an evaluation computes at once.
pub(crate) const SCENES_AT_ONCE: usize = 8;

/// The mean picture of a thousand scenes is that of all within a grey level.
pub(crate) const CONSTANT_SCENES: u64 = 1000;
/// Scenes that are in memory at once where they are looked at one after the other: at most so many, or as fit into so many
/// bytes.
const AT_ONCE: usize = 64;
const AT_ONCE_BYTES: usize = 1 << 28;

/// What a run of so many steps is trained on, for its provenance.
pub(crate) fn describe(data: &DataConfig, steps: u64) -> String {
    match &data.files {
        None => {
            // The scenes of the generations that the last step and those before it see.
            let generations = data.generation(steps.saturating_sub(1)) + 1;
            let scenes = data.resident().saturating_mul(generations);
            let scenes =
                if data.refresh_epochs.is_some() { scenes } else { scenes.min(data.scenes) };
            format!("{}, {scenes} rendered scenes", data.world)
        }
        Some(files) => {
            let name = files.folder.file_name().unwrap_or_default().to_string_lossy();
            let known = KnownSet::named(&name).map(|known| known.world.to_string());
            let name = known.unwrap_or_else(|| name.into_owned());
            format!("{name}, {} scenes from files", data.scenes)
        }
    }
}

/// Scenes of a configuration with all their views: rendered, or read evenly over its files, fewer if these have fewer.
pub(crate) fn scenes_of(
    run: &RunScenes,
    split: Split,
    scenes: u64,
    on_progress: &mut dyn FnMut(u64, u64),
) -> Result<SceneSet, DataError> {
    let Some(files) = &run.data.files else {
        return Ok(render(run, split, 0..scenes, on_progress));
    };
    let set = open_sound(files, split)?;
    let indices = evenly_spaced(&set, files, scenes);
    if indices.is_empty() {
        return Err(DataError::Empty { path: set.folder().to_owned() });
    }
    SceneSet::read(&set, &indices, run.side, Resize::Area)
}

/// The best constant picture of training scenes, `[3,S,S]`: of rendered ones the first, of files some evenly over them.
/// They are not in memory at the same time.
pub(crate) fn constant_picture(
    run: &RunScenes,
    scenes: u64,
    on_progress: &mut dyn FnMut(u64, u64),
) -> Result<Vec<f32>, DataError> {
    let Some(files) = &run.data.files else {
        return Ok(rendered_constant(run, scenes, on_progress));
    };
    let mut mean = FrameMean::default();
    let at_once = scenes_at_once(run.data.views(), run.side);
    let set = open_sound(files, Split::Train)?;
    for some in evenly_spaced(&set, files, scenes).chunks(at_once) {
        mean.add(&SceneSet::read(&set, some, run.side, Resize::Area)?);
    }
    Ok(mean.frame(run.side))
}

/// [`constant_picture`] of the first rendered scenes.
pub(crate) fn rendered_constant(
    run: &RunScenes,
    scenes: u64,
    on_progress: &mut dyn FnMut(u64, u64),
) -> Vec<f32> {
    let mut mean = FrameMean::default();
    let at_once = scenes_at_once(run.data.views(), run.side) as u64;
    for first in (0..scenes).step_by(at_once as usize) {
        let some = first..(first + at_once).min(scenes);
        mean.add(&render(run, Split::Train, some, &mut |done, _| {
            on_progress(first + done, scenes);
        }));
    }
    mean.frame(run.side)
}

/// How many scenes of so many views are in memory at once, a multiple of the scenes that an evaluation paints at once.
pub(crate) fn scenes_at_once(views: usize, side: usize) -> usize {
    let fit = AT_ONCE_BYTES / (views * 3 * side * side).max(1);
    fit.clamp(SCENES_AT_ONCE, AT_ONCE) / SCENES_AT_ONCE * SCENES_AT_ONCE
}

/// Sound scenes evenly over a set, at most so many.
fn evenly_spaced(set: &DataSet, files: &FilesConfig, scenes: u64) -> Vec<usize> {
    let count = (scenes as usize).min(set.len());
    let indices = (0..count).map(|index| index * set.len() / count);
    let is_wanted = |index: &usize| !files.skip_damaged || set.check(*index).is_ok();
    indices.filter(is_wanted).collect()
}

/// Opens a split, and refuses stretches without records unless damage is to be left out.
pub(crate) fn open_sound(files: &FilesConfig, split: Split) -> Result<DataSet, DataError> {
    let set = DataSet::open(&files.folder, split)?;
    let gap = set.gaps().next().filter(|_| !files.skip_damaged);
    gap.map_or(Ok(set), Err)
}
