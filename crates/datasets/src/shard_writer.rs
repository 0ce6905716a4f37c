//! Data sets written as shards.

use std::ops::Range;
use std::path::Path;

use gqn_scenes::{Scene, Split, World};
use gqn_system::{Overwrite, check_place, write_atomic};
use rayon::prelude::*;

use crate::data_set::split_folder;
use crate::error::DataError;
use crate::picture::encode_jpeg;
use crate::scene_record::SceneRecord;
use crate::shard_name::ShardName;
use crate::tfrecord::append;

/// How a data set is divided into files.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Scenes of the set.
    pub scenes: usize,
    /// Files; the first ones hold a scene more where the numbers do not divide.
    pub shards: usize,
}

/// A set of procedural scenes.
#[derive(Debug, Clone, Copy)]
pub struct RenderPlan {
    /// The family of scenes.
    pub world: World,
    /// What they are for: no seed belongs to both.
    pub split: Split,
    /// Seed of the set, below 2^31.
    pub base_seed: u64,
    /// Pictures of each scene.
    pub views: usize,
    /// Width and height of the pictures in pixels.
    pub side: usize,
    /// Quality of the JPEG files, 1 to 100.
    pub quality: u8,
}

impl Layout {
    /// The scenes of a shard, which is counted from 1.
    fn scenes_of(&self, number: usize) -> Range<usize> {
        let start = |number: usize| {
            let (each, more) = (self.scenes / self.shards, self.scenes % self.shards);
            number * each + number.min(more)
        };
        start(number - 1)..start(number)
    }
}

/// Writes scenes into `folder/train` or `folder/test`, as [`DataSet`](crate::DataSet) reads them. `scenes` gives those
/// of one shard.
///
/// # Errors
/// [`DataError`]: what `scenes` says, a file is there already, or the disk does not take it.
///
/// # Panics
/// When there is to be no shard.
pub fn write_shards(
    folder: &Path,
    split: Split,
    layout: Layout,
    overwrite: Overwrite,
    mut scenes: impl FnMut(Range<usize>) -> Result<Vec<SceneRecord>, DataError>,
) -> Result<(), DataError> {
    assert!(layout.shards > 0, "the scenes need a file");
    let folder = folder.join(split_folder(split));
    let path = |number| folder.join(ShardName { count: layout.shards, number }.to_string());
    // Before the work, not on the way.
    for number in 1..=layout.shards {
        check_place(&path(number), overwrite)?;
    }
    check_alone(&folder, layout.shards)?;
    for number in 1..=layout.shards {
        let records = scenes(layout.scenes_of(number))?;
        let messages: Vec<Vec<u8>> = records.par_iter().map(SceneRecord::to_bytes).collect();
        let mut bytes = Vec::with_capacity(messages.iter().map(|data| data.len() + 16).sum());
        for data in &messages {
            append(&mut bytes, data);
        }
        write_atomic(&path(number), &bytes, overwrite)?;
    }
    Ok(())
}

/// Refuses a folder with shards of a set of another number: both together could not be read.
fn check_alone(folder: &Path, count: usize) -> Result<(), DataError> {
    let other = std::fs::read_dir(folder).into_iter().flatten().flatten().find_map(|entry| {
        let name = entry.file_name().to_str()?.parse::<ShardName>().ok()?;
        (name.count != count).then_some(name)
    });
    match other {
        Some(first) => Err(DataError::Mixed {
            path: folder.to_owned(),
            first: first.to_string(),
            second: ShardName { count, number: 1 }.to_string(),
        }),
        None => Ok(()),
    }
}

impl RenderPlan {
    /// Renders scenes of the set on all cores; `on_progress` is called on any thread, once a scene.
    ///
    /// # Errors
    /// [`DataError::Encode`]: a picture cannot be encoded.
    ///
    /// # Panics
    /// When `side` is no side of a frame, or the seeds are out of the range of [`Split::scene_seed`].
    pub fn render(
        &self,
        scenes: Range<usize>,
        on_progress: impl Fn() + Sync,
    ) -> Result<Vec<SceneRecord>, DataError> {
        let scene = |index: usize| {
            let seed = self.split.scene_seed(self.base_seed, index as u64);
            let scene = Scene::generate(self.world, seed);
            let cameras = scene.cameras(self.views);
            let frame = |camera| encode_jpeg(&scene.render(camera, self.side), self.quality);
            let frames = cameras.iter().map(|camera| Ok(frame(camera)?.into()));
            let frames = frames.collect::<Result<_, DataError>>()?;
            on_progress();
            Ok(SceneRecord { frames, cameras })
        };
        scenes.into_par_iter().map(scene).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scene_is_in_one_shard() {
        for (scenes, shards) in [(10, 3), (3, 3), (2, 5), (0, 1), (2001, 20)] {
            let layout = Layout { scenes, shards };
            let mut next = 0;
            for number in 1..=shards {
                let range = layout.scenes_of(number);
                assert_eq!(range.start, next);
                assert!(range.len().abs_diff(scenes / shards) <= 1);
                next = range.end;
            }
            assert_eq!(next, scenes);
        }
    }
}
