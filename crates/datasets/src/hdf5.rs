//! The files of the gqn-dataset-renderer: HDF5 with `images` `[N,V,H,W,3]` u8 and `viewpoints` `[N,V,7]` f32
//! (x, y, z, cos yaw, sin yaw, cos pitch, sin pitch; axes and angles are taken as they are).

use std::ops::Range;
use std::path::{Path, PathBuf};

use gqn_formats::{Overwrite, write_atomic};
use gqn_scenes::{Camera, Frame, PoseEncoding};
use hdf5_pure::{File, FileBuilder};
use rayon::prelude::*;

use crate::data_set::DataSet;
use crate::error::DataError;
use crate::listing::files;
use crate::picture::{Decoder, encode_jpeg};
use crate::resize::Resize;
use crate::scene_record::SceneRecord;

const POSE: usize = 7;

/// A folder of such files, or a single one.
#[derive(Debug, Clone)]
pub struct Hdf5Set {
    /// The files by number and name, and for each its scenes.
    files: Vec<(PathBuf, usize)>,
    views: usize,
    side: usize,
}

impl Hdf5Set {
    /// Reads the shapes in the files, which must agree but for the number of scenes.
    ///
    /// # Errors
    /// [`DataError`]: there is no such file, one is no HDF5 file, or has other shapes.
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let mut set = Self { files: Vec::new(), views: 0, side: 0 };
        for path in files(path, &[".h5", ".hdf5"])? {
            let (scenes, views, side) = shape(&path)?;
            if !set.files.is_empty() && (views, side) != (set.views, set.side) {
                let reason = format!(
                    "found {views} views of {side} pixels, expected {} of {} as in the other files",
                    set.views, set.side
                );
                return Err(DataError::Hdf5 { path, reason });
            }
            (set.views, set.side) = (views, side);
            set.files.push((path, scenes));
        }
        Ok(set)
    }

    /// How many scenes there are.
    pub fn len(&self) -> usize {
        self.files.iter().map(|(_, scenes)| scenes).sum()
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
    /// [`DataError`]: a file cannot be read, or holds a camera that is no number.
    pub fn scenes(&self, scenes: Range<usize>, quality: u8) -> Result<Vec<SceneRecord>, DataError> {
        let mut records = Vec::with_capacity(scenes.len());
        let mut start = 0;
        for (path, count) in &self.files {
            let (low, high) = (scenes.start.max(start), scenes.end.min(start + count));
            if low < high {
                records.extend(self.rows(path, low - start..high - start, quality)?);
            }
            start += count;
        }
        Ok(records)
    }

    fn rows(
        &self,
        path: &Path,
        rows: Range<usize>,
        quality: u8,
    ) -> Result<Vec<SceneRecord>, DataError> {
        let failed = |error: hdf5_pure::Error| wrong(path, &error);
        let (first, count) = (rows.start as u64, rows.len() as u64);
        let file = File::open_streaming(path).map_err(failed)?;
        let images = file.dataset("images").and_then(|images| images.read_u8_rows(first, count));
        let poses = file.dataset("viewpoints").and_then(|poses| poses.read_f32_rows(first, count));
        let (images, poses) = (images.map_err(failed)?, poses.map_err(failed)?);
        if let Some(at) = poses.iter().position(|value| !value.is_finite()) {
            let scene = rows.start + at / (POSE * self.views);
            return Err(wrong(path, &format!("a viewpoint of scene {scene} is not finite")));
        }
        let frame_bytes = 3 * self.side * self.side;
        let scene = |(images, poses): (&[u8], &[f32])| {
            let frame = |rgb8: &[u8]| {
                let frame = Frame::from_rgb8(self.side, rgb8.to_vec());
                encode_jpeg(&frame.map_err(|error| wrong(path, &error))?, quality)
            };
            let frames = images.chunks_exact(frame_bytes).map(|rgb8| Ok(frame(rgb8)?.into()));
            let frames = frames.collect::<Result<_, DataError>>()?;
            Ok(SceneRecord { frames, cameras: poses.chunks_exact(POSE).map(camera).collect() })
        };
        let images = images.par_chunks_exact(frame_bytes * self.views);
        images.zip(poses.par_chunks_exact(POSE * self.views)).map(scene).collect()
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

/// Scenes, views and side of a file.
fn shape(path: &Path) -> Result<(usize, usize, usize), DataError> {
    let failed = |error: hdf5_pure::Error| wrong(path, &error);
    let file = File::open_streaming(path).map_err(failed)?;
    let shape = |name| file.dataset(name).and_then(|data| data.shape()).map_err(failed);
    let (images, poses) = (shape("images")?, shape("viewpoints")?);
    match (<&[u64; 5]>::try_from(&images[..]), <&[u64; 3]>::try_from(&poses[..])) {
        (Ok(&[n, v, height, width, 3]), Ok(&[m, u, 7]))
            if (n, v, height) == (m, u, width) && v > 0 && (1..=4096).contains(&height) =>
        {
            Ok((n as usize, v as usize, height as usize))
        }
        _ => Err(wrong(
            path,
            &format!(
                "found images {images:?} and viewpoints {poses:?}, expected [N,V,S,S,3] and [N,V,7]"
            ),
        )),
    }
}

/// The camera of a viewpoint.
pub(crate) fn camera(pose: &[f32]) -> Camera {
    let angle = |cos: f32, sin: f32| sin.atan2(cos);
    Camera {
        position: [pose[0], pose[1], pose[2]],
        yaw: angle(pose[3], pose[4]),
        pitch: angle(pose[5], pose[6]),
    }
}

fn wrong(path: &Path, reason: &dyn ToString) -> DataError {
    DataError::Hdf5 { path: path.to_owned(), reason: reason.to_string() }
}
