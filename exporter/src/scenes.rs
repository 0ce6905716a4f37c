//! Views to calibrate and to measure on: rendered, from a data set, or from a folder.

use std::path::{Path, PathBuf};

use gqn_datasets::{DataSet, Limits, Resize, SceneSet, decode_picture};
use gqn_formats::{ModelConfig, Tensor, Views};
use gqn_scenes::{Camera, Frame, Scene, Split, World};
use gqn_system::read_regular;

use crate::error::ExportError;

/// Seed of the rendered scenes. With it, a checkpoint's packages are the same wherever they are made.
const BASE_SEED: u64 = 404;

/// Views that are asked for in a scene of many.
const QUERIES: usize = 2;

/// The most views that are shown: more of them change little and take as long as they are many.
const MOST_SHOWN: usize = 5;

/// No photograph comes near it, in bytes.
const MOST_PICTURE: u64 = 1 << 30;

/// The file that lists pictures and cameras.
const VIEWS_FILE: &str = "views.json";

/// Where the scenes come from on which a package is calibrated and measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SceneSource {
    /// Rendered scenes.
    World(World),
    /// A data set in `DeepMind`'s layout, or a folder with a `views.json`.
    Folder(PathBuf),
}

/// Some views of one scene.
#[derive(Debug, Clone, PartialEq)]
pub struct SceneViews {
    /// What is shown, `[views,3,S,S]`.
    pub context_frames: Tensor,
    /// Its cameras, `[views,7]`.
    pub context_poses: Tensor,
    /// Cameras that are asked for, `[queries,7]`.
    pub query_poses: Tensor,
    /// What they took, `[queries,3,S,S]`.
    pub true_frames: Tensor,
}

impl SceneSource {
    /// What a command line names: a world, or else a folder. Without a name, the world that the data's description
    /// begins with.
    ///
    /// # Errors
    /// [`ExportError::NoScenes`] if there is no name and the data were no world's.
    pub fn named(name: Option<&str>, data: &str) -> Result<Self, ExportError> {
        match name {
            Some(name) => Ok(name.parse().map_or_else(|_| Self::Folder(name.into()), Self::World)),
            None => World::ALL
                .into_iter()
                .find(|world| data.starts_with(world.name()))
                .map(Self::World)
                .ok_or_else(|| ExportError::NoScenes { data: data.to_owned() }),
        }
    }

    /// Whether there is such a folder.
    ///
    /// # Errors
    /// [`ExportError::NoSuchScenes`].
    pub fn check(&self) -> Result<(), ExportError> {
        match self {
            Self::Folder(folder) if !folder.is_dir() => {
                Err(ExportError::NoSuchScenes { name: folder.display().to_string() })
            }
            _ => Ok(()),
        }
    }

    /// Scenes with so many queries in all, or as many as there are. One to five views are shown, and never what is asked
    /// for.
    ///
    /// # Errors
    /// [`ExportError`]: the folder is none of scenes, or damaged, or of cameras with another field of view than the model's.
    pub fn views(
        &self,
        config: &ModelConfig,
        split: Split,
        queries: usize,
    ) -> Result<Vec<SceneViews>, ExportError> {
        self.each(config, split, queries)?.collect()
    }

    /// As [`views`](Self::views), one scene after the other: no more than one is in memory.
    ///
    /// # Errors
    /// As [`views`](Self::views); a scene that is damaged ends them.
    pub fn each<'a>(
        &self,
        config: &'a ModelConfig,
        split: Split,
        queries: usize,
    ) -> Result<Box<dyn Iterator<Item = Result<SceneViews, ExportError>> + 'a>, ExportError> {
        match self {
            Self::World(world) => {
                config.check_rendered_scenes()?;
                let world = *world;
                let each = move |index| Ok(rendered(world, config, split, index));
                Ok(Box::new((0..scenes(queries)).map(each)))
            }
            Self::Folder(folder) if folder.join(VIEWS_FILE).is_file() => {
                let views = read_folder(folder, config)?;
                Ok(Box::new(each_in_turn(&views, config, queries).into_iter().map(Ok)))
            }
            Self::Folder(folder) => {
                let set = DataSet::open(folder, split)?;
                let indices = 0..scenes(queries).min(set.len());
                Ok(Box::new(indices.map(move |index| {
                    let scene =
                        SceneSet::read(&set, &[index], config.image_size, Resize::default())?;
                    Ok(read(&scene, config, index))
                })))
            }
        }
    }
}

impl SceneViews {
    fn new(config: &ModelConfig, shown: &[(Frame, Camera)], asked: &[(Frame, Camera)]) -> Self {
        let [shown, asked] =
            [shown, asked].map(|views| (frames(config, views), poses(config, views)));
        Self {
            context_frames: shown.0,
            context_poses: shown.1,
            query_poses: asked.1,
            true_frames: asked.0,
        }
    }

    /// How many cameras are asked for.
    pub fn queries(&self) -> usize {
        self.query_poses.shape()[0]
    }
}

fn scenes(queries: usize) -> usize {
    queries.div_ceil(QUERIES)
}

/// How many views of a scene are shown: one more in each scene, up to `most`.
fn shown(index: usize, most: usize) -> usize {
    1 + index % most.clamp(1, MOST_SHOWN)
}

fn rendered(world: World, config: &ModelConfig, split: Split, index: usize) -> SceneViews {
    let scene = Scene::generate(world, split.scene_seed(BASE_SEED, index as u64));
    let shown = shown(index, world.max_context());
    let views: Vec<(Frame, Camera)> = scene
        .cameras(shown + QUERIES)
        .into_iter()
        .map(|camera| (scene.render(&camera, config.image_size), camera))
        .collect();
    SceneViews::new(config, &views[..shown], &views[shown..])
}

/// The one scene of `set`, which is that of `index` in its data set.
fn read(set: &SceneSet, config: &ModelConfig, index: usize) -> SceneViews {
    let view = |view: usize| {
        let frame = Frame::from_rgb8(set.side(), set.frame(0, view).to_vec());
        (frame.expect("a set's frames have its size"), *set.camera(0, view))
    };
    let shown = shown(index, set.views().saturating_sub(QUERIES));
    let last = (shown + QUERIES).min(set.views());
    let views: Vec<_> = (0..last).map(view).collect();
    let shown = shown.min(views.len());
    SceneViews::new(config, &views[..shown], &views[shown..])
}

/// Every view is asked for once, and the others are shown.
fn each_in_turn(
    views: &[(Frame, Camera)],
    config: &ModelConfig,
    queries: usize,
) -> Vec<SceneViews> {
    let turns = 0..views.len().min(queries);
    turns
        .map(|asked| {
            let others: Vec<_> =
                (1..views.len()).map(|by| views[(asked + by) % views.len()].clone()).collect();
            let shown = others.len().min(MOST_SHOWN);
            SceneViews::new(config, &others[..shown], &views[asked..=asked])
        })
        .collect()
}

fn read_folder(folder: &Path, config: &ModelConfig) -> Result<Vec<(Frame, Camera)>, ExportError> {
    let side = config.image_size;
    let listed = Views::from_json(&crate::source::read(&folder.join(VIEWS_FILE))?)?;
    listed.check_field_of_view(VIEWS_FILE, config)?;
    let mut views = Vec::new();
    for view in listed.views {
        let Some(picture) = &view.picture else { continue };
        let path = folder.join(picture);
        let failed = |reason: String| ExportError::Picture { path: path.clone(), reason };
        let bytes = read_regular(&path, MOST_PICTURE)?;
        let picture = decode_picture(&bytes, Limits::PHOTOGRAPH);
        let picture = picture.map_err(|error| failed(error.to_string()))?;
        let (width, height) = (picture.width, picture.height);
        if (width, height) != (side, side) {
            return Err(failed(format!("it is {width}×{height}, expected {side}×{side}")));
        }
        let frame = Frame::from_rgb8(side, picture.pixels);
        views.push((frame.expect("its size was compared"), view.camera()));
    }
    if views.len() < 2 {
        return Err(ExportError::FewViews { path: folder.to_owned(), found: views.len() });
    }
    Ok(views)
}

fn frames(config: &ModelConfig, views: &[(Frame, Camera)]) -> Tensor {
    let side = config.image_size;
    let mut numbers = vec![0.0; views.len() * 3 * side * side];
    for ((frame, _), out) in views.iter().zip(numbers.chunks_exact_mut(3 * side * side)) {
        frame.write_planar(out);
    }
    Tensor::from_shape_vec(vec![views.len(), 3, side, side], numbers).expect("whole pictures")
}

fn poses(config: &ModelConfig, views: &[(Frame, Camera)]) -> Tensor {
    let numbers =
        views.iter().flat_map(|(_, camera)| camera.pose(config.pose_encoding).0).collect();
    Tensor::from_shape_vec(vec![views.len(), config.pose_channels()], numbers)
        .expect("a pose has as many numbers as the config says")
}
