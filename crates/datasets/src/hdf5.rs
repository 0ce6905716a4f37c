//! The files of the gqn-dataset-renderer: HDF5 with `images` `[N,V,S,S,3]`, u8 or floats from 0 to 1, and `viewpoints`
//! `[N,V,7]` floats (x, y, z, cos yaw, sin yaw, cos pitch, sin pitch; axes and angles are taken as they are).
//!
//! | file | holds |
//! |---|---|
//! | `contents.rs` | what a file holds, found and bounded before any of it is read |

mod contents;

use std::ops::Range;
use std::path::{Path, PathBuf};

use gqn_pictures::Resize;
use gqn_scenes::{Frame, PoseEncoding};
use gqn_system::{Overwrite, check_place, write_atomic};
use hdf5_pure::{Dataset, File, FileBuilder};
use rayon::prelude::*;

use self::contents::{Colours, Contents, refused};
use crate::data_set::DataSet;
use crate::error::DataError;
use crate::listing::files;
use crate::picture::{Decoder, bytes_of_floats, encode_jpeg};
use crate::scene_record::SceneRecord;
use crate::viewpoint::{POSE, camera};

/// Bytes of pixels that are read at once, or a scene where that has more.
const AT_ONCE: usize = 1 << 26;

/// A folder of such files, or a single one.
#[derive(Debug, Clone)]
pub struct Hdf5Set {
    /// The files by number and name.
    files: Vec<(PathBuf, Contents)>,
}

impl Hdf5Set {
    /// Reads what the files hold, which must agree but for the number of scenes and the type of the colours.
    ///
    /// # Errors
    /// [`DataError`]: there is no such file, one is no HDF5 file, or has other shapes.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let mut set = Self { files: Vec::new() };
        for path in files(path, &[".h5", ".hdf5"])? {
            let contents = Contents::of(&path)?;
            let sizes = |contents: &Contents| (contents.views, contents.side);
            if let Some((_, first)) = set.files.first()
                && sizes(first) != sizes(&contents)
            {
                let reason = format!(
                    "found {} views of {} pixels, expected {} of {} as in the other files",
                    contents.views, contents.side, first.views, first.side
                );
                return Err(DataError::Hdf5 { path, reason });
            }
            set.files.push((path, contents));
        }
        Ok(set)
    }

    /// How many scenes there are.
    pub fn len(&self) -> usize {
        self.files.iter().map(|(_, contents)| contents.scenes).sum()
    }

    /// Whether there is no scene.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many files there are.
    pub fn files(&self) -> usize {
        self.files.len()
    }

    /// Some of the scenes, compressed on all cores.
    ///
    /// # Errors
    /// [`DataError`]: a file cannot be read, or holds a camera or a colour that is none.
    pub fn scenes(&self, scenes: Range<usize>, quality: u8) -> Result<Vec<SceneRecord>, DataError> {
        let mut records = Vec::new();
        let mut start = 0;
        for (path, contents) in &self.files {
            let (low, high) = (scenes.start.max(start), scenes.end.min(start + contents.scenes));
            if low < high {
                let file = File::open_streaming(path).map_err(|error| refused(path, &error))?;
                let step = (AT_ONCE / contents.scene_bytes()).max(1);
                for first in (low - start..high - start).step_by(step) {
                    let rows = first..(first + step).min(high - start);
                    let read = contents.read(&file, rows, quality);
                    records.extend(read.map_err(|reason| wrong(path, &reason))?);
                }
            }
            start += contents.scenes;
        }
        Ok(records)
    }
}

impl Contents {
    /// Bytes of a scene's colours as they are stored.
    fn scene_bytes(&self) -> usize {
        self.views * 3 * self.side * self.side * self.colours.bytes()
    }

    /// Scenes of a file; the text of the error says what is wrong with it.
    fn read(
        &self,
        file: &File,
        rows: Range<usize>,
        quality: u8,
    ) -> Result<Vec<SceneRecord>, String> {
        let part = |name| {
            let found = file.dataset(name);
            found.map_err(|error: hdf5_pure::Error| error.to_string())
        };
        let (first, count) = (rows.start as u64, rows.len() as u64);
        let images = self.colours.read(&part("images")?, first, count)?;
        let poses = part("viewpoints")?.read_f32_rows(first, count);
        let poses = poses.map_err(|error| error.to_string())?;
        let frame_bytes = 3 * self.side * self.side;
        let expected = (rows.len() * self.views * frame_bytes, rows.len() * self.views * POSE);
        if (images.len(), poses.len()) != expected {
            return Err("it holds fewer scenes than its shapes say".to_owned());
        }
        if let Some(at) = poses.iter().position(|value| !value.is_finite()) {
            let scene = rows.start + at / (POSE * self.views);
            return Err(format!("a viewpoint of scene {scene} is not finite"));
        }
        let scene = |(images, poses): (&[u8], &[f32])| {
            let frame = |rgb8: &[u8]| {
                let frame = Frame::from_rgb8(self.side, rgb8.to_vec());
                let frame = frame.map_err(|error| error.to_string())?;
                encode_jpeg(&frame, quality).map(Into::into).map_err(|error| error.to_string())
            };
            let frames =
                images.chunks_exact(frame_bytes).map(frame).collect::<Result<_, String>>()?;
            Ok(SceneRecord { frames, cameras: poses.chunks_exact(POSE).map(camera).collect() })
        };
        let images = images.par_chunks_exact(frame_bytes * self.views);
        images.zip(poses.par_chunks_exact(POSE * self.views)).map(scene).collect()
    }
}

impl Colours {
    /// The colours of some scenes as bytes; the text of the error says what is wrong with them.
    fn read(self, images: &Dataset, first: u64, count: u64) -> Result<Vec<u8>, String> {
        let failed = |error: hdf5_pure::Error| error.to_string();
        match self {
            Self::Bytes => images.read_u8_rows(first, count).map_err(failed),
            Self::Floats | Self::Doubles => {
                bytes_of_floats(&images.read_f32_rows(first, count).map_err(failed)?)
            }
        }
    }
}

/// Writes scenes of a data set as one file.
///
/// # Errors
/// [`DataError`]: a scene is damaged, the file is there already, or the disk does not take it.
pub fn write_hdf5(
    set: &DataSet,
    scenes: Range<usize>,
    path: &Path,
    overwrite: Overwrite,
) -> Result<(), DataError> {
    check_place(path, overwrite)?;
    let (count, views, side) = (scenes.len(), set.views(), set.side());
    let frame_bytes = 3 * side * side;
    let mut images = vec![0; count * views * frame_bytes];
    let mut poses = vec![0.0; count * views * POSE];
    let slots = images.par_chunks_exact_mut(views * frame_bytes);
    let slots = slots.zip(poses.par_chunks_exact_mut(views * POSE)).zip(scenes);
    slots.try_for_each(|((images, poses), scene)| {
        let record = set.scene(scene)?;
        let mut decoder = Decoder::new(side, Resize::Area);
        for (view, (frame, out)) in
            record.frames.iter().zip(images.chunks_exact_mut(frame_bytes)).enumerate()
        {
            decoder.decode(view, frame, out).map_err(|damage| set.damaged(scene, damage))?;
        }
        for (camera, out) in record.cameras.iter().zip(poses.chunks_exact_mut(POSE)) {
            out.copy_from_slice(&camera.pose(PoseEncoding::CosSin).0);
        }
        Ok::<(), DataError>(())
    })?;
    let [count, views, side] = [count, views, side].map(|size| size as u64);
    let mut builder = FileBuilder::new();
    builder
        .create_dataset("images")
        .with_u8_data(&images)
        .with_shape(&[count, views, side, side, 3]);
    builder.create_dataset("viewpoints").with_f32_data(&poses).with_shape(&[count, views, 7]);
    let bytes = builder.finish().map_err(|error| wrong(path, &error))?;
    Ok(write_atomic(path, &bytes, overwrite)?)
}

fn wrong(path: &Path, reason: &dyn ToString) -> DataError {
    DataError::Hdf5 { path: path.to_owned(), reason: reason.to_string() }
}
