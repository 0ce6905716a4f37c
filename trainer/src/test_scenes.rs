//! The scenes of an evaluation: rendered ones in memory, those of files a few at a time.

use gqn_datasets::{DataError, DataSet, Resize, SceneSet};
use gqn_scenes::Split;

use crate::config::TrainConfig;
use crate::event::Event;
use crate::feed::scenes_of;

/// Scenes of files that are in memory at once.
const AT_ONCE: usize = 64;

/// Held-out scenes.
pub(crate) enum TestScenes {
    Rendered(SceneSet),
    Files { set: DataSet, indices: Vec<usize>, side: usize, skip_damaged: bool },
}

impl TestScenes {
    /// The first scenes of a rendered world (`None`: as many as the configuration says), or scenes evenly over the
    /// files of a data set (`None`: all of them).
    pub(crate) fn open(
        config: &TrainConfig,
        scenes: Option<u64>,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Self, DataError> {
        let Some(data) = &config.data else {
            let count = scenes.unwrap_or(config.test_scenes);
            let rendered = scenes_of(config, Split::Test, count, &mut |done, scenes| {
                on_event(Event::Rendering { done, scenes });
            })?;
            return Ok(Self::Rendered(rendered));
        };
        let set = DataSet::open(&data.folder, Split::Test)?;
        if let Some(gap) = set.gaps().next().filter(|_| !data.skip_damaged) {
            return Err(gap);
        }
        let count = scenes.map_or(set.len(), |scenes| (scenes as usize).min(set.len()));
        let indices = (0..count).map(|index| index * set.len() / count).collect();
        let (side, skip_damaged) = (config.model.image_size, data.skip_damaged);
        Ok(Self::Files { set, indices, side, skip_damaged })
    }

    /// How many there are, damaged ones among them.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Rendered(scenes) => scenes.len(),
            Self::Files { indices, .. } => indices.len(),
        }
    }

    /// All scenes by and by; the parts are as long as fits into memory.
    pub(crate) fn parts(&self) -> impl Iterator<Item = Result<SceneSet, DataError>> {
        let parts: Box<dyn Iterator<Item = Result<SceneSet, DataError>>> = match self {
            Self::Rendered(scenes) => Box::new(std::iter::once(Ok(scenes.clone()))),
            Self::Files { set, indices, side, skip_damaged } => {
                Box::new(indices.chunks(AT_ONCE).map(move |part| {
                    let is_wanted = |index: &&usize| !skip_damaged || set.check(**index).is_ok();
                    let sound: Vec<usize> = part.iter().filter(is_wanted).copied().collect();
                    SceneSet::read(set, &sound, *side, Resize::Area)
                }))
            }
        };
        parts
    }
}
