//! What all requests share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use gqn_formats::{Manifest, Tensor};
use gqn_runtime::Noise;
use gqn_scenes::{Camera, Frame};
use ndarray::Axis;
use tokio::sync::watch;

use crate::error::Refusal;
use crate::event::Event;
use crate::host::HostName;
use crate::metrics::Metrics;
use crate::options::{Limits, Loader};
use crate::origin::Origin;
use crate::scene::Scenes;
use crate::worker::Worker;

/// The model that answers.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) manifest: Manifest,
    pub(crate) worker: Worker,
    pub(crate) report: serde_json::Value,
    /// Counted up by every reload.
    pub(crate) generation: u64,
    /// The noise of mean pictures, one for all queries so that they share a run.
    zeros: Arc<Tensor>,
}

/// The state of a server.
pub(crate) struct App {
    pub(crate) limits: Limits,
    pub(crate) token: Option<String>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) hosts: Vec<HostName>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) scenes: Scenes,
    pub(crate) events: Arc<dyn Fn(Event) + Send + Sync>,
    /// True from when no more connections are accepted.
    pub(crate) stopping: watch::Sender<bool>,
    loader: Loader,
    model: RwLock<Option<Arc<Model>>>,
    generation: AtomicU64,
    loading: AtomicBool,
}

impl App {
    pub(crate) fn new(
        limits: Limits,
        token: Option<String>,
        origins: Vec<Origin>,
        hosts: Vec<HostName>,
        events: Arc<dyn Fn(Event) + Send + Sync>,
        loader: Loader,
    ) -> Self {
        Self {
            limits,
            token,
            origins,
            hosts,
            metrics: Arc::default(),
            scenes: Scenes::new(limits),
            events,
            stopping: watch::Sender::new(false),
            loader,
            model: RwLock::new(None),
            generation: AtomicU64::new(0),
            loading: AtomicBool::new(false),
        }
    }

    /// The model, once it is ready.
    pub(crate) fn model(&self) -> Result<Arc<Model>, Refusal> {
        let model = self.model.read().unwrap_or_else(PoisonError::into_inner);
        model.clone().ok_or_else(|| Refusal::unavailable("the model is not ready yet"))
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.model().is_ok() && !*self.stopping.borrow()
    }

    /// Loads the model and lets it take over; the one that is there answers until then, and keeps answering if this fails. Blocks.
    pub(crate) fn load(&self) -> Result<(), String> {
        if self.loading.swap(true, Ordering::SeqCst) {
            return Err("a model is being loaded already".to_owned());
        }
        let result = self.load_alone();
        self.loading.store(false, Ordering::SeqCst);
        result
    }

    fn load_alone(&self) -> Result<(), String> {
        let start = Instant::now();
        let loaded = (self.loader)()?;
        let current = self.model().ok();
        if let Some(current) = &current {
            check_successor(&current.manifest, &loaded.manifest)?;
        }
        let engine = loaded.engine.describe();
        let Limits { queue, window, .. } = self.limits;
        let worker = Worker::start(loaded.engine, loaded.batch, queue, window, &self.metrics)
            .map_err(|error| format!("could not start the engine's thread: {error}"))?;
        let zeros = Arc::new(Noise::mean().tensor(&loaded.manifest.config, 1));
        let generation = 1 + self.generation.fetch_add(1, Ordering::SeqCst);
        let (manifest, report) = (loaded.manifest, loaded.report);
        let model = Model { manifest, worker, report, generation, zeros };
        *self.model.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(model));
        self.metrics.set_ready(true);
        (self.events)(Event::Ready { engine, took: start.elapsed() });
        Ok(())
    }
}

/// Open scenes keep the pictures that they were shown, so a new model must take the same.
fn check_successor(current: &Manifest, next: &Manifest) -> Result<(), String> {
    let (now, then) = (current.config.image_size, next.config.image_size);
    if now != then {
        return Err(format!(
            "the new package has pictures of {then}x{then}, open scenes have {now}x{now}; start the server anew"
        ));
    }
    Ok(())
}

impl Model {
    /// What one view adds to a scene.
    pub(crate) async fn represent(
        &self,
        frame: &Frame,
        camera: &Camera,
    ) -> Result<Tensor, Refusal> {
        let side = self.manifest.config.image_size;
        let mut frames = Tensor::zeros(vec![1, 3, side, side]);
        frame.write_planar(frames.as_slice_mut().expect("a new tensor is contiguous"));
        let scene = self.worker.represent(frames, self.poses(&[*camera])).await?;
        if scene.shape() != self.manifest.scene_shape() {
            return Err(Refusal::internal(format!("the scene has shape {:?}", scene.shape())));
        }
        Ok(scene)
    }

    /// The picture that a camera would take.
    pub(crate) async fn render(
        &self,
        scene: Arc<Tensor>,
        camera: &Camera,
        noise: &Noise,
    ) -> Result<Frame, Refusal> {
        let noise = if noise.temperature == 0.0 {
            Arc::clone(&self.zeros)
        } else {
            Arc::new(noise.tensor(&self.manifest.config, 1))
        };
        let frames = self.worker.generate(scene, self.poses(&[*camera]), noise).await?;
        let side = self.manifest.config.image_size;
        if frames.shape() != [1, 3, side, side] {
            return Err(Refusal::internal(format!("the picture has shape {:?}", frames.shape())));
        }
        if frames.iter().any(|value| !value.is_finite()) {
            return Err(Refusal::internal("the picture has values that are not finite"));
        }
        let frame = frames.index_axis(Axis(0), 0).iter().copied().collect::<Vec<f32>>();
        Frame::from_planar(side, &frame).map_err(|error| Refusal::internal(error.to_string()))
    }

    fn poses(&self, cameras: &[Camera]) -> Tensor {
        let encoding = self.manifest.pose_encoding;
        let poses: Vec<f32> = cameras.iter().flat_map(|camera| camera.pose(encoding).0).collect();
        let shape = vec![cameras.len(), self.manifest.config.pose_channels()];
        Tensor::from_shape_vec(shape, poses).expect("a pose has as many numbers as the config says")
    }
}
