//! A scene as it is being looked at.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use gqn_formats::{Manifest, ModelConfig, Tensor};
use gqn_scenes::{Camera, Frame, PoseEncoding};
use ndarray::Axis;

use crate::engine::{Engine, EngineError};
use crate::error::SessionError;
use crate::noise::Noise;

/// One scene: the views that were observed, and an engine to render the others.
///
/// What a view contributes to the scene is kept by itself and summed, in the order of observation, when a query asks
/// for it. So a forgotten view leaves nothing behind: the scene is, bit for bit, one that never had it. The sum is kept until
/// the views change, so that an engine with device memory can keep it there ([`Engine::generate_resident`]).
#[derive(Debug)]
pub struct Session<E> {
    engine: E,
    config: ModelConfig,
    pose_encoding: PoseEncoding,
    scene_shape: Vec<usize>,
    contributions: BTreeMap<ViewId, Tensor>,
    sum: Option<Arc<Tensor>>,
    next_view: u64,
}

/// An observed view. Never given twice in one session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ViewId(u64);

impl ViewId {
    /// The view's number, counted from 0 in the order of observation.
    pub fn index(self) -> u64 {
        self.0
    }

    /// The view of that number, if it was ever observed.
    pub fn from_index(index: u64) -> Self {
        Self(index)
    }
}

impl<E: Engine> Session<E> {
    /// A session without views; `engine` runs the package of that manifest.
    pub fn new(engine: E, manifest: &Manifest) -> Self {
        Self {
            engine,
            config: manifest.config.clone(),
            pose_encoding: manifest.pose_encoding,
            scene_shape: manifest.scene_shape(),
            contributions: BTreeMap::new(),
            sum: None,
            next_view: 0,
        }
    }

    /// The sizes of the model.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// What runs the graphs.
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// What runs the graphs, to prepare it.
    pub fn engine_mut(&mut self) -> &mut E {
        &mut self.engine
    }

    /// Gives the engine back.
    pub fn into_engine(self) -> E {
        self.engine
    }

    /// Adds pictures, each with the camera that took it, to the scene: all of them, or none if one is refused.
    ///
    /// # Errors
    /// [`SessionError`]: a picture of another size than the model's, a camera that is not finite, a failing engine.
    pub fn observe(&mut self, views: &[(Frame, Camera)]) -> Result<Vec<ViewId>, SessionError> {
        let side = self.config.image_size;
        for (index, (frame, camera)) in views.iter().enumerate() {
            if frame.side() != side {
                return Err(SessionError::FrameSize { index, found: frame.side(), expected: side });
            }
            check_camera("view", index, camera)?;
        }
        let mut contributions = Vec::with_capacity(views.len());
        for (frame, camera) in views {
            let mut planar = Tensor::zeros(vec![1, 3, side, side]);
            frame.write_planar(planar.as_slice_mut().expect("a new tensor is contiguous"));
            let poses = self.poses(&[*camera]);
            let scene = self.engine.represent(&planar, &poses)?;
            contributions.push(EngineError::check_shape(
                "representation.onnx",
                "scene",
                scene,
                &self.scene_shape,
            )?);
        }
        Ok(contributions.into_iter().map(|contribution| self.keep(contribution)).collect())
    }

    /// Takes a view out of the scene.
    ///
    /// # Errors
    /// [`SessionError::UnknownView`].
    pub fn forget(&mut self, view: ViewId) -> Result<(), SessionError> {
        self.contributions.remove(&view).ok_or(SessionError::UnknownView(view))?;
        self.sum = None;
        Ok(())
    }

    /// Forgets every view.
    pub fn clear(&mut self) {
        self.contributions.clear();
        self.sum = None;
    }

    /// The views in the scene, in the order of observation.
    pub fn views(&self) -> Vec<ViewId> {
        self.contributions.keys().copied().collect()
    }

    /// The scene as the generator gets it: the sum of its views.
    ///
    /// # Errors
    /// [`SessionError::NoViews`].
    pub fn scene(&self) -> Result<Tensor, SessionError> {
        let mut contributions = self.contributions.values();
        let first = contributions.next().ok_or(SessionError::NoViews)?.clone();
        Ok(contributions.fold(first, |sum, contribution| sum + contribution))
    }

    /// Adds a scene that was summed elsewhere, as if it were a view.
    ///
    /// # Errors
    /// [`SessionError::SceneShape`] if it is another model's.
    pub fn add_scene(&mut self, scene: Tensor) -> Result<ViewId, SessionError> {
        if scene.shape() != self.scene_shape {
            let (found, expected) = (scene.shape().to_vec(), self.scene_shape.clone());
            return Err(SessionError::SceneShape { found, expected });
        }
        Ok(self.keep(scene))
    }

    /// Shape of [`Session::scene`].
    pub fn scene_shape(&self) -> &[usize] {
        &self.scene_shape
    }

    /// The pictures that these cameras would take.
    ///
    /// # Errors
    /// As [`Session::query_planar`].
    pub fn query(&mut self, cameras: &[Camera], noise: &Noise) -> Result<Vec<Frame>, SessionError> {
        let planar = self.query_planar(cameras, noise)?;
        Ok(self.frames(&planar))
    }

    /// The picture of one camera after every DRAW step; none if the package has no drawing graph or the engine does not
    /// run it.
    ///
    /// # Errors
    /// As [`Session::query_planar`].
    pub fn drawing(
        &mut self,
        camera: &Camera,
        noise: &Noise,
    ) -> Result<Option<Vec<Frame>>, SessionError> {
        check_query(std::slice::from_ref(camera), noise)?;
        let (scene, side, steps) = (self.summed()?, self.config.image_size, self.config.steps);
        let noise = noise.tensor(&self.config, 1);
        let Some(planar) = self.engine.draw(&scene, &self.poses(&[*camera]), &noise)? else {
            return Ok(None);
        };
        let shape = [steps, 3, side, side];
        let planar = EngineError::check_shape("drawing.onnx", "frames", planar, &shape)?;
        check_finite(&planar)?;
        Ok(Some(self.frames(&planar)))
    }

    /// → frames `[queries,3,S,S]` in \[0, 1\]: [`Session::query`] before it is rounded to bytes.
    ///
    /// # Errors
    /// [`SessionError`]: no views, a camera or a temperature that is not finite, a failing engine.
    pub fn query_planar(
        &mut self,
        cameras: &[Camera],
        noise: &Noise,
    ) -> Result<Tensor, SessionError> {
        check_query(cameras, noise)?;
        let scene = self.summed()?;
        let (queries, side) = (cameras.len(), self.config.image_size);
        if queries == 0 {
            return Ok(Tensor::zeros(vec![0, 3, side, side]));
        }
        let noise = noise.tensor(&self.config, queries);
        let frames = self.engine.generate_resident(&scene, &self.poses(cameras), &noise)?;
        let frames = EngineError::check_shape(
            "generator.onnx",
            "frames",
            frames,
            &[queries, 3, side, side],
        )?;
        check_finite(&frames)?;
        Ok(frames)
    }

    /// `[pictures,3,S,S]`, whose shape was checked
    fn frames(&self, planar: &Tensor) -> Vec<Frame> {
        let frame = |picture: ndarray::ArrayViewD<'_, f32>| {
            let picture = picture.as_standard_layout();
            let values = picture.as_slice().expect("standard layout is contiguous");
            Frame::from_planar(self.config.image_size, values).expect("a whole picture")
        };
        planar.axis_iter(Axis(0)).map(frame).collect()
    }

    /// [`Session::scene`], summed once for as long as the views stay the same.
    fn summed(&mut self) -> Result<Arc<Tensor>, SessionError> {
        if let Some(sum) = &self.sum {
            return Ok(Arc::clone(sum));
        }
        let sum = Arc::new(self.scene()?);
        self.sum = Some(Arc::clone(&sum));
        Ok(sum)
    }

    fn keep(&mut self, contribution: Tensor) -> ViewId {
        let view = ViewId(self.next_view);
        self.next_view += 1;
        self.contributions.insert(view, contribution);
        self.sum = None;
        view
    }

    fn poses(&self, cameras: &[Camera]) -> Tensor {
        let poses: Vec<f32> =
            cameras.iter().flat_map(|camera| camera.pose(self.pose_encoding).0).collect();
        Tensor::from_shape_vec(vec![cameras.len(), self.config.pose_channels()], poses)
            .expect("a pose has as many numbers as the config says")
    }
}

fn check_query(cameras: &[Camera], noise: &Noise) -> Result<(), SessionError> {
    if !noise.temperature.is_finite() || noise.temperature < 0.0 {
        return Err(SessionError::Temperature { found: noise.temperature });
    }
    let mut cameras = cameras.iter().enumerate();
    cameras.try_for_each(|(index, camera)| check_camera("query", index, camera))
}

fn check_finite(pictures: &Tensor) -> Result<(), SessionError> {
    let is_broken = |picture: ndarray::ArrayViewD<'_, f32>| picture.iter().any(|v| !v.is_finite());
    match pictures.axis_iter(Axis(0)).position(is_broken) {
        Some(index) => Err(SessionError::NotFinite { index }),
        None => Ok(()),
    }
}

fn check_camera(role: &'static str, index: usize, camera: &Camera) -> Result<(), SessionError> {
    if camera.is_in_range() { Ok(()) } else { Err(SessionError::Camera { role, index }) }
}

impl fmt::Display for ViewId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "view {}", self.0)
    }
}
