//! The scenes of an evaluation, of which a few at a time are in memory.

use gqn_datasets::{DataError, DataSet, Resize, SceneSet};
use gqn_scenes::Split;

use crate::config::RunScenes;
use crate::data::render::render;
use crate::data::scenes::{open_sound, scenes_at_once};

/// Held-out scenes.
pub(crate) enum TestScenes<'a> {
    Rendered { run: &'a RunScenes, count: u64 },
    Files { set: DataSet, indices: Vec<usize>, side: usize, skip_damaged: bool },
}

impl<'a> TestScenes<'a> {
    /// The first scenes of a rendered world (`None`: as many as the configuration says), or scenes evenly over the
    /// files of a data set (`None`: all of them).
    pub(crate) fn open(run: &'a RunScenes, scenes: Option<u64>) -> Result<Self, DataError> {
        let Some(files) = &run.data.files else {
            return Ok(Self::Rendered { run, count: scenes.unwrap_or(run.data.test_scenes) });
        };
        let set = open_sound(files, Split::Test)?;
        let count = scenes.map_or(set.len(), |scenes| (scenes as usize).min(set.len()));
        let indices = (0..count).map(|index| index * set.len() / count).collect();
        let (side, skip_damaged) = (run.side, files.skip_damaged);
        Ok(Self::Files { set, indices, side, skip_damaged })
    }

    /// How many there are, damaged ones among them.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Rendered { count, .. } => *count as usize,
            Self::Files { indices, .. } => indices.len(),
        }
    }

    /// What an evaluation without a single picture says.
    pub(crate) fn none_sound(&self) -> Option<DataError> {
        match self {
            Self::Rendered { .. } => None,
            Self::Files { set, .. } => Some(DataError::Empty { path: set.folder().to_owned() }),
        }
    }

    /// All scenes by and by.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Result<SceneSet, DataError>> {
        let parts: Box<dyn Iterator<Item = Result<SceneSet, DataError>>> = match self {
            Self::Rendered { run, count } => {
                let at_once = scenes_at_once(run.data.views(), run.side);
                Box::new((0..*count).step_by(at_once).map(move |first| {
                    let some = first..(first + at_once as u64).min(*count);
                    Ok(render(run, Split::Test, some, &mut |_, _| {}))
                }))
            }
            Self::Files { set, indices, side, skip_damaged } => {
                Box::new(indices.chunks(scenes_at_once(set.views(), *side)).map(move |part| {
                    let is_wanted = |index: &&usize| !skip_damaged || set.check(**index).is_ok();
                    let sound: Vec<usize> = part.iter().filter(is_wanted).copied().collect();
                    SceneSet::read(set, &sound, *side, Resize::Area)
                }))
            }
        };
        parts
    }
}
