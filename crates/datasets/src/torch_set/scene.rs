//! The scenes in a file of `torch.save`.

use std::collections::BTreeMap;

use bytes::Bytes;
use gqn_scenes::{Camera, Frame};
use gqn_torch_files::{Id, Pickle};

use super::Loaded;
use super::array::{Array, Values, array, is_array, shape};
use crate::picture::{bytes_of_floats, decode_jpeg, encode_jpeg};
use crate::scene_record::SceneRecord;
use crate::viewpoint;

/// The largest side of a frame, in pixels.
const MOST_SIDE: usize = 4096;
/// The most frames of a scene; the largest published set has 300.
const MOST_VIEWS: usize = 10_000;

/// Where a scene is in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scene {
    frames: Id,
    cameras: Id,
}

/// The scenes of a file: what it saved is one, or a list of them.
pub(super) fn scenes(pickle: &Pickle) -> Result<Vec<Scene>, String> {
    if let Some(scene) = scene(pickle, pickle.root) {
        return Ok(vec![scene]);
    }
    let scenes = pickle.items(pickle.root).unwrap_or_default();
    let scenes = scenes.iter().map(|id| scene(pickle, *id)).collect::<Option<Vec<_>>>();
    let scenes = scenes.filter(|scenes| !scenes.is_empty());
    let scenes = scenes.ok_or("expected pairs of frames and cameras")?;
    let mut seen = BTreeMap::new();
    for (index, scene) in scenes.iter().enumerate() {
        if let Some(first) = seen.insert(scene.frames, index) {
            return Err(format!("scene {index} has the frames of scene {first}, by reference"));
        }
    }
    Ok(scenes)
}

fn scene(pickle: &Pickle, id: Id) -> Option<Scene> {
    // A named pair is the call of its class.
    let pair = pickle.items(id).or_else(|| Some(pickle.call(id)?.1))?;
    let &[frames, cameras] = pair else { return None };
    is_array(pickle, cameras).then_some(Scene { frames, cameras })
}

impl Scene {
    /// How many frames there are; `None` if they are no list.
    pub(super) fn views(self, pickle: &Pickle) -> Option<usize> {
        let listed = pickle.items(self.frames).map(<[Id]>::len);
        listed.or_else(|| shape(pickle, self.frames)?.first().copied())
    }

    /// Its frames and cameras, counted as memory that the file takes; the text of the error says what is wrong with them.
    pub(super) fn record(self, file: &mut Loaded, quality: u8) -> Result<SceneRecord, String> {
        let frames = match file.pickle().items(self.frames).map(<[Id]>::to_vec) {
            Some(items) => jpeg_files(file, &items)?,
            None => match array(file, self.frames).map_err(|is| format!("its frames are {is}"))? {
                Array { values: Values::Objects(items), .. } => jpeg_files(file, &items)?,
                Array { values: Values::Bytes(rgb8), shape } => compress(&shape, &rgb8, quality)?,
                Array { values: Values::Numbers(values), shape } => {
                    compress(&shape, &bytes_of_floats(&values)?, quality)?
                }
            },
        };
        for frame in &frames {
            file.take(frame.len()).map_err(|error| error.to_string())?;
        }
        let cameras = array(file, self.cameras).map_err(|are| format!("its cameras are {are}"))?;
        let cameras = cameras_of(frames.len(), &cameras)?;
        Ok(SceneRecord { frames, cameras })
    }
}

/// JPEG files, each decoded once to see that it is whole, and in memory once however often it is named.
fn jpeg_files(file: &Loaded, items: &[Id]) -> Result<Vec<Bytes>, String> {
    if items.len() > MOST_VIEWS {
        return Err(format!("it has {} frames, expected at most {MOST_VIEWS}", items.len()));
    }
    let mut seen: BTreeMap<Id, Bytes> = BTreeMap::new();
    let frame = |(view, id): (usize, &Id)| {
        if let Some(frame) = seen.get(id) {
            return Ok(frame.clone());
        }
        let bytes = file.pickle().bytes(*id).filter(|bytes| bytes.starts_with(&[0xFF, 0xD8]));
        let bytes = bytes.ok_or_else(|| format!("frame {view} is no JPEG file"))?.into_owned();
        decode_jpeg(view, &bytes).map_err(|damage| damage.reason())?;
        Ok(seen.entry(*id).or_insert(bytes.into()).clone())
    };
    items.iter().enumerate().map(frame).collect()
}

/// `rgb8 [V,S,S,3]` or `[V,3,S,S]` as JPEG files.
fn compress(shape: &[usize], rgb8: &[u8], quality: u8) -> Result<Vec<Bytes>, String> {
    let (side, may_be_planes) = match *shape {
        [_, height, width, 3] if height == width => (height, false),
        [_, 3, height, width] if height == width => (height, true),
        _ => (0, false),
    };
    if !(1..=MOST_SIDE).contains(&side) || shape[0] > MOST_VIEWS {
        return Err(format!("its frames have shape {shape:?}, expected [V,S,S,3]"));
    }
    let bytes = 3 * side * side;
    let planes = may_be_planes
        && rgb8.chunks_exact(bytes).map(|frame| plane_order(side, frame)).sum::<i64>() > 0;
    let frame = |bytes: &[u8]| {
        let pixels = if planes { pixels_of_planes(side, bytes) } else { bytes.to_vec() };
        let frame = Frame::from_rgb8(side, pixels).map_err(|error| error.to_string())?;
        encode_jpeg(&frame, quality).map(Bytes::from).map_err(|error| error.to_string())
    };
    rgb8.chunks_exact(bytes).map(frame).collect()
}

/// How much smoother a frame is as three planes than as pixels. Some ports wrote pixels under the shape of planes, so
/// that the shape does not tell; the wrong reading makes stripes of a picture.
fn plane_order(side: usize, frame: &[u8]) -> i64 {
    roughness(side, frame) - roughness(side, &pixels_of_planes(side, frame))
}

/// Sum of the differences between neighbours, of `rgb8 [S,S,3]`.
fn roughness(side: usize, rgb8: &[u8]) -> i64 {
    let difference = |a: &[u8], b: &[u8]| -> i64 {
        a.iter().zip(b).map(|(a, b)| i64::from(a.abs_diff(*b))).sum()
    };
    let rows: Vec<&[u8]> = rgb8.chunks_exact(3 * side).collect();
    let across = rows.iter().map(|row| difference(row, &row[3..])).sum::<i64>();
    across + rows.windows(2).map(|pair| difference(pair[0], pair[1])).sum::<i64>()
}

/// `[3,S,S]` to `[S,S,3]`.
fn pixels_of_planes(side: usize, planes: &[u8]) -> Vec<u8> {
    let area = side * side;
    (0..area).flat_map(|at| [planes[at], planes[area + at], planes[2 * area + at]]).collect()
}

fn cameras_of(views: usize, cameras: &Array) -> Result<Vec<Camera>, String> {
    let Array { shape, values: Values::Numbers(values) } = cameras else {
        return Err("its cameras are no floats".to_owned());
    };
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return Err(format!("number {at} of its cameras is not finite"));
    }
    let camera: fn(&[f32]) -> Camera = match values.len() {
        _ if views == 0 => return Err("it has no frames".to_owned()),
        count if count == 5 * views => {
            |pose| Camera { position: [pose[0], pose[1], pose[2]], yaw: pose[3], pitch: pose[4] }
        }
        count if count == 7 * views => viewpoint::camera,
        _ => {
            return Err(format!(
                "found {views} frames and cameras {shape:?}, expected 5 or 7 numbers a frame"
            ));
        }
    };
    Ok(values.chunks_exact(values.len() / views).map(camera).collect())
}

#[cfg(test)]
mod tests {
    use gqn_scenes::World;

    use super::*;

    #[test]
    fn planes_and_pixels_are_told_apart() {
        for world in [World::ShepardMetzler5, World::Mazes] {
            for seed in 0..10 {
                let scene = gqn_scenes::Scene::generate(world, seed);
                let side = 64;
                let rgb8 = scene.render(&scene.camera(0), side).rgb8().to_vec();
                assert!(plane_order(side, &rgb8) <= 0, "{world} {seed}: pixels");
                let area = side * side;
                let planes: Vec<u8> =
                    (0..3 * area).map(|at| rgb8[at % area * 3 + at / area]).collect();
                assert_eq!(pixels_of_planes(side, &planes), rgb8);
                assert!(plane_order(side, &planes) > 0, "{world} {seed}: planes");
                let grey: Vec<u8> = rgb8.chunks(3).flat_map(|pixel| [pixel[1]; 3]).collect();
                assert!(plane_order(side, &grey) <= 0, "{world} {seed}: grey pixels");
            }
        }
    }
}
