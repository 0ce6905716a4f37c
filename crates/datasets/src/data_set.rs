//! A folder of shards.

use std::path::{Path, PathBuf};

use gqn_scenes::Split;
use gqn_system::open_regular;

use crate::catalog::KnownSet;
use crate::damage::Damage;
use crate::error::DataError;
use crate::index::{ShardIndex, index};
use crate::picture::decode_jpeg;
use crate::scene_record::SceneRecord;
use crate::shard_name::ShardName;
use crate::tfrecord::read;

/// A folder of shards, any scene of which can be read at any time and from any thread.
#[derive(Debug, Clone)]
pub struct DataSet {
    folder: PathBuf,
    shards: Vec<ShardIndex>,
    /// For each shard, how many scenes the shards before it have; then how many all have.
    starts: Vec<usize>,
    views: usize,
    side: usize,
}

/// Where a scene is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The shard.
    pub shard: ShardName,
    /// The scene's record in it, counted from 0.
    pub record: usize,
    /// Where the record begins in the file.
    pub offset: u64,
}

impl DataSet {
    /// Opens a split of a data set: the shards in `folder/train` or `folder/test`, or in `folder` itself.
    ///
    /// The first time, the shards are searched for records on all cores; the index is kept beside them, and only
    /// shards that changed are searched again. Shards may be missing and of any size.
    ///
    /// # Errors
    /// [`DataError`]: there are no shards, they are of several sets, or no record is sound.
    pub fn open(folder: &Path, split: Split) -> Result<Self, DataError> {
        let folder = folder_of_split(folder, split);
        let shards = index(&folder)?;
        let mut starts = vec![0];
        for shard in &shards {
            starts.push(starts[starts.len() - 1] + shard.offsets.len());
        }
        let mut set = Self { folder, shards, starts, views: 0, side: 0 };
        // What most sets have in their first record; a damaged one says nothing.
        let mut first = None;
        for scene in 0..set.len() {
            let sizes = set.read(scene).and_then(|record| {
                let decoded = decode_jpeg(0, &record.frames[0]);
                let (side, _) = decoded.map_err(|damage| set.damaged(scene, damage))?;
                Ok((record.frames.len(), side))
            });
            match sizes {
                Ok(sizes) => {
                    (set.views, set.side) = sizes;
                    return Ok(set);
                }
                Err(error) => first = first.or(Some(error)),
            }
        }
        let gap = set.gaps().next();
        let path = set.folder;
        Err(match first.or(gap) {
            None => DataError::Empty { path },
            Some(DataError::Damaged { path: shard, offset, source, .. }) => {
                DataError::NoneSound { path, shard, offset, source }
            }
            Some(DataError::Gap { path: shard, from, to }) => {
                let source = Damage::Gap { from, to };
                DataError::NoneSound { path, shard, offset: from, source }
            }
            Some(other) => other,
        })
    }

    /// Whether a folder has a folder of that split.
    pub fn has_split(folder: &Path, split: Split) -> bool {
        folder.join(split_folder(split)).is_dir()
    }

    /// The folder of the shards.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The published set that this one is by the name of its folder, or of the one above a split's.
    pub fn known(&self) -> Option<&'static KnownSet> {
        let path = self.folder.canonicalize().ok()?;
        let name = |path: &Path| KnownSet::named(path.file_name()?.to_str()?);
        name(&path).or_else(|| name(path.parent()?))
    }

    /// How many scenes there are.
    pub fn len(&self) -> usize {
        self.starts[self.shards.len()]
    }

    /// Whether there is no scene.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Views of each scene.
    pub fn views(&self) -> usize {
        self.views
    }

    /// Width and height of the frames in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// Shards that are there, and how many of them their names promise.
    pub fn shards(&self) -> (usize, usize) {
        (self.shards.len(), self.shards.first().map_or(0, |shard| shard.name.count))
    }

    /// Bytes of all shards.
    pub fn bytes(&self) -> u64 {
        self.shards.iter().map(|shard| shard.bytes).sum()
    }

    /// The fewest and the most scenes of a shard.
    pub fn scenes_per_shard(&self) -> (usize, usize) {
        let counts = || self.shards.iter().map(|shard| shard.offsets.len());
        (counts().min().unwrap_or(0), counts().max().unwrap_or(0))
    }

    /// Damaged stretches in which no record is recognised.
    pub fn gaps(&self) -> impl Iterator<Item = DataError> {
        self.shards.iter().flat_map(|shard| {
            let path = self.path(shard.name);
            let gap =
                move |&(from, to): &(u64, u64)| DataError::Gap { path: path.clone(), from, to };
            shard.gaps.iter().map(gap)
        })
    }

    /// Where a scene is.
    ///
    /// # Panics
    /// When there is no such scene.
    pub fn place(&self, scene: usize) -> Place {
        assert!(scene < self.len(), "scene {scene} of {}", self.len());
        let shard = self.starts.partition_point(|start| *start <= scene) - 1;
        let record = scene - self.starts[shard];
        let shard = &self.shards[shard];
        Place { shard: shard.name, record, offset: shard.offsets[record] }
    }

    /// The file of a shard.
    pub fn path(&self, shard: ShardName) -> PathBuf {
        self.folder.join(shard.to_string())
    }

    /// A scene's frames, still compressed, and cameras.
    ///
    /// # Errors
    /// [`DataError`]: the record or the file is damaged, or has another number of views than the set.
    ///
    /// # Panics
    /// When there is no such scene.
    pub fn scene(&self, scene: usize) -> Result<SceneRecord, DataError> {
        let record = self.read(scene)?;
        let (found, expected) = (record.frames.len(), self.views);
        if found != expected {
            return Err(self.damaged(scene, Damage::Views { found, expected }));
        }
        Ok(record)
    }

    /// Reads a scene and decodes all its frames.
    ///
    /// # Errors
    /// [`DataError`]: the record, the file or a frame is damaged.
    ///
    /// # Panics
    /// When there is no such scene.
    pub fn check(&self, scene: usize) -> Result<(), DataError> {
        for (view, frame) in self.scene(scene)?.frames.iter().enumerate() {
            decode_jpeg(view, frame).map_err(|damage| self.damaged(scene, damage))?;
        }
        Ok(())
    }

    /// What is wrong with a scene, as an error that names its place.
    ///
    /// # Panics
    /// When there is no such scene.
    pub fn damaged(&self, scene: usize, source: Damage) -> DataError {
        let Place { shard, record, offset } = self.place(scene);
        DataError::Damaged { path: self.path(shard), record, offset, source }
    }

    fn read(&self, scene: usize) -> Result<SceneRecord, DataError> {
        let place = self.place(scene);
        let path = self.path(place.shard);
        // Opened for each scene: sets have more shards than a process may have files.
        let data = read(&mut open_regular(&path)?, place.offset);
        let data = data.map_err(|source| DataError::Read { path, source })?;
        data.and_then(SceneRecord::parse).map_err(|damage| self.damaged(scene, damage))
    }
}

/// Where a split's files are: `folder/train` or `folder/test`, or `folder` itself where there is none.
pub fn folder_of_split(folder: &Path, split: Split) -> PathBuf {
    let inner = folder.join(split_folder(split));
    if inner.is_dir() { inner } else { folder.to_owned() }
}

/// The folder of a split, as in the published sets.
pub(crate) fn split_folder(split: Split) -> &'static str {
    match split {
        Split::Train => "train",
        Split::Test => "test",
    }
}
