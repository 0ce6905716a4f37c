//! The files that `PyTorch` ports of GQN turn `DeepMind`'s shards into: `torch.save` of a scene, or of a list of them,
//! often compressed (`.pt`, `.pt.gz`). A scene is a pair of frames and cameras, of any class of pairs.
//!
//! | part of a scene | as written |
//! |---|---|
//! | frames | V JPEG files, or pixels `[V,S,S,3]` or `[V,3,S,S]`, u8 or floats of 0 to 1 |
//! | cameras | V·5 floats x, y, z, yaw, pitch, or V·7 with cosine and sine of the angles |
//!
//! JPEG files are taken as they are. Arrays are `NumPy`'s or `PyTorch`'s.
//!
//! | file | holds |
//! |---|---|
//! | `array.rs` | arrays in such a file |
//! | `room.rs` | how many bytes of files are in memory at once |
//! | `scene.rs` | the scenes in a file, and the record of one |

mod array;
mod room;
mod scene;

use std::io::{Cursor, ErrorKind, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use gqn_system::open_regular;
use gqn_torch_files::TorchFile;
use rayon::prelude::*;

use self::room::Room;
use crate::error::DataError;
use crate::listing::files;
use crate::scene_record::SceneRecord;

/// The largest file that is read, in bytes, once it is unpacked: no port writes such.
const MOST_BYTES: u64 = 1 << 32;
/// What any compressed file may unpack to, and how many times its own length: pictures are hardly compressible, and
/// rendered ones ten times.
const MOST_UNPACKED: u64 = 1 << 28;
const TIMES_PACKED: u64 = 32;

/// A folder of such files, or a single one.
#[derive(Debug, Clone)]
pub struct TorchSet {
    /// The files by number and name, and for each its scenes.
    files: Vec<(PathBuf, usize)>,
}

impl TorchSet {
    /// Counts the scenes in the files, on all cores: they are read for that, since nothing else tells.
    ///
    /// # Errors
    /// [`DataError`]: a file cannot be read or holds no scenes, or scenes have other numbers of views.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let count = |path: PathBuf| {
            let (file, _room) = open(&path)?;
            let scenes = scene::scenes(file.pickle()).map_err(|reason| wrong(&path, reason))?;
            let views = scenes.iter().map(|scene| scene.views(file.pickle()));
            let views: Vec<usize> = views.collect::<Option<_>>().unwrap_or_default();
            match views.first() {
                Some(first) if views.iter().all(|views| views == first) => {
                    Ok((path, scenes.len(), *first))
                }
                _ => Err(wrong(&path, "its scenes have no frames, or not equally many".to_owned())),
            }
        };
        let files = files(path, &[".pt", ".pt.gz"])?;
        let counted = files.into_par_iter().map(count).collect::<Result<Vec<_>, _>>()?;
        if let [(_, _, expected), rest @ ..] = counted.as_slice()
            && let Some((path, _, found)) = rest.iter().find(|(_, _, views)| views != expected)
        {
            let reason = format!("found {found} views, expected {expected} as in the first file");
            return Err(wrong(path, reason));
        }
        Ok(Self { files: counted.into_iter().map(|(path, scenes, _)| (path, scenes)).collect() })
    }

    /// How many scenes there are.
    pub fn len(&self) -> usize {
        self.files.iter().map(|(_, scenes)| scenes).sum()
    }

    /// Whether there is no scene.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Some of the scenes, on all cores; pixels are compressed with `quality`.
    ///
    /// # Errors
    /// [`DataError`]: a file cannot be read, a frame is no square picture, a camera is no number.
    pub fn scenes(&self, scenes: Range<usize>, quality: u8) -> Result<Vec<SceneRecord>, DataError> {
        let mut start = 0;
        let parts = self.files.iter().filter_map(|(path, count)| {
            let (low, high) = (scenes.start.max(start), scenes.end.min(start + count));
            let part = (low < high).then(|| (path, low - start..high - start));
            start += count;
            part
        });
        let parts: Vec<(&PathBuf, Range<usize>)> = parts.collect();
        let records = parts.into_par_iter().map(|(path, range)| {
            let (mut file, _room) = open(path)?;
            let all = scene::scenes(file.pickle()).map_err(|reason| wrong(path, reason))?;
            let record = |index: usize| {
                let gone = || "it has fewer scenes than a moment ago".to_owned();
                let scene =
                    all.get(index).ok_or_else(gone).map_err(|reason| wrong(path, reason))?;
                scene
                    .record(&mut file, quality)
                    .map_err(|reason| wrong(path, format!("scene {index}: {reason}")))
            };
            range.map(record).collect()
        });
        let records: Vec<Vec<SceneRecord>> = records.collect::<Result<_, DataError>>()?;
        Ok(records.into_iter().flatten().collect())
    }
}

/// A file in memory.
type Loaded = TorchFile<Cursor<Vec<u8>>>;

/// Reads a file, and keeps room for it in memory.
fn open(path: &Path) -> Result<(Loaded, Room), DataError> {
    let mut file = open_regular(path)?;
    let unreadable = |source| DataError::Read { path: path.to_owned(), source };
    let length = file.metadata().map_err(unreadable)?.len();
    let mut start = Vec::new();
    file.by_ref().take(2).read_to_end(&mut start).map_err(unreadable)?;
    let is_packed = start == [0x1F, 0x8B];
    let most = if is_packed {
        length.saturating_mul(TIMES_PACKED).clamp(MOST_UNPACKED, MOST_BYTES)
    } else {
        MOST_BYTES
    };
    let mut room = Room::take(if is_packed { most } else { length });
    let source = Cursor::new(start).chain(file);
    let mut bytes = Vec::new();
    if is_packed {
        let read = MultiGzDecoder::new(source).take(most + 1).read_to_end(&mut bytes);
        read.map_err(|error| match error.kind() {
            ErrorKind::InvalidData | ErrorKind::InvalidInput | ErrorKind::UnexpectedEof => {
                wrong(path, "its compression is damaged, or it was cut short".to_owned())
            }
            _ => unreadable(error),
        })?;
    } else {
        source.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    }
    if bytes.len() as u64 > most {
        let unpacks = if is_packed { "unpacks to" } else { "has" };
        return Err(wrong(path, format!("it {unpacks} more than {} MiB", most >> 20)));
    }
    room.shrink(bytes.len() as u64);
    let file = TorchFile::read(Cursor::new(bytes));
    Ok((file.map_err(|error| wrong(path, error.to_string()))?, room))
}

fn wrong(path: &Path, reason: String) -> DataError {
    DataError::Torch { path: path.to_owned(), reason }
}
