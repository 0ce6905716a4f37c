//! Open scenes.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use gqn_formats::Tensor;
use gqn_scenes::{Camera, Frame};
use tokio::sync::watch;

use crate::app::Model;
use crate::error::Refusal;
use crate::options::Limits;

/// All open scenes, by their names.
#[derive(Debug)]
pub(crate) struct Scenes {
    limits: Limits,
    open: Mutex<BTreeMap<String, Arc<Scene>>>,
}

/// One scene. The pictures are kept, so that it outlives the model that saw them.
#[derive(Debug)]
pub(crate) struct Scene {
    /// Where its streams look from.
    pub(crate) camera: watch::Sender<Option<Camera>>,
    state: tokio::sync::Mutex<State>,
    used: Mutex<Instant>,
    most_views: usize,
}

#[derive(Debug, Default)]
struct State {
    views: BTreeMap<u64, (Frame, Camera)>,
    next_view: u64,
    /// The sum over the views, of the model of that generation.
    sum: Option<(u64, Arc<Tensor>)>,
}

impl Scenes {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, open: Mutex::default() }
    }

    /// Opens a scene without views, in place of one that was idle for too long if there are too many.
    pub(crate) fn open(&self) -> Result<(String, Arc<Scene>), Refusal> {
        let mut open = self.lock();
        if open.len() >= self.limits.scenes {
            open.retain(|_, scene| scene.last_used().elapsed() < self.limits.idle);
        }
        if open.len() >= self.limits.scenes {
            return Err(Refusal::busy(format!(
                "{} scenes are open, and no more may be; delete one",
                open.len()
            )));
        }
        let scene = Arc::new(Scene {
            camera: watch::Sender::new(None),
            state: tokio::sync::Mutex::default(),
            used: Mutex::new(Instant::now()),
            most_views: self.limits.views,
        });
        let name = new_name();
        open.insert(name.clone(), Arc::clone(&scene));
        Ok((name, scene))
    }

    /// The scene of that name.
    pub(crate) fn get(&self, name: &str) -> Result<Arc<Scene>, Refusal> {
        let scene = self.lock().get(name).cloned();
        let scene = scene.ok_or_else(|| Refusal::not_found("there is no such scene"))?;
        *scene.used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        Ok(scene)
    }

    pub(crate) fn remove(&self, name: &str) -> Result<(), Refusal> {
        let removed = self.lock().remove(name);
        removed.map(drop).ok_or_else(|| Refusal::not_found("there is no such scene"))
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Scene>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A name that nobody guesses by counting: 128 bits of the system's randomness.
fn new_name() -> String {
    let random = |round: u8| RandomState::new().hash_one(round);
    format!("{:016x}{:016x}", random(0), random(1))
}

impl Scene {
    /// Adds views, all of them or none; gives their numbers.
    pub(crate) async fn observe(
        &self,
        model: &Model,
        views: Vec<(Frame, Camera)>,
    ) -> Result<Vec<u64>, Refusal> {
        let mut state = self.state.lock().await;
        let (found, most) = (state.views.len() + views.len(), self.most_views);
        if found > most {
            let message = format!("the scene would have {found} views, expected at most {most}");
            return Err(Refusal::busy(message));
        }
        let mut sum = if state.views.is_empty() {
            None
        } else {
            Some(state.summed(model).await?.as_ref().clone())
        };
        for (frame, camera) in &views {
            let term = model.represent(frame, camera).await?;
            sum = Some(match sum {
                None => term,
                Some(sum) => sum + term,
            });
        }
        let numbers: Vec<u64> = (state.next_view..).take(views.len()).collect();
        state.next_view += views.len() as u64;
        state.views.extend(numbers.iter().copied().zip(views));
        state.sum = sum.map(|sum| (model.generation, Arc::new(sum)));
        Ok(numbers)
    }

    /// Takes a view out; the sum is then computed anew, so that nothing of it is left.
    pub(crate) async fn forget(&self, view: u64) -> Result<(), Refusal> {
        let mut state = self.state.lock().await;
        let removed = state.views.remove(&view);
        removed.ok_or_else(|| Refusal::not_found("there is no such view"))?;
        state.sum = None;
        Ok(())
    }

    /// Its views and their cameras.
    pub(crate) async fn views(&self) -> Vec<(u64, Camera)> {
        let state = self.state.lock().await;
        state.views.iter().map(|(view, (_, camera))| (*view, *camera)).collect()
    }

    /// The scene as the generator gets it.
    pub(crate) async fn sum(&self, model: &Model) -> Result<Arc<Tensor>, Refusal> {
        self.state.lock().await.summed(model).await
    }

    fn last_used(&self) -> Instant {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    async fn summed(&mut self, model: &Model) -> Result<Arc<Tensor>, Refusal> {
        if let Some((generation, sum)) = &self.sum
            && *generation == model.generation
        {
            return Ok(Arc::clone(sum));
        }
        let mut sum: Option<Tensor> = None;
        for (frame, camera) in self.views.values() {
            let term = model.represent(frame, camera).await?;
            sum = Some(match sum {
                None => term,
                Some(sum) => sum + term,
            });
        }
        let none = || Refusal::new(axum::http::StatusCode::CONFLICT, "the scene has no views");
        let sum = Arc::new(sum.ok_or_else(none)?);
        self.sum = Some((model.generation, Arc::clone(&sum)));
        Ok(sum)
    }
}
