//! Motion JPEG that follows a camera.
#![allow(clippy::unused_async, reason = "handlers are async, also those that wait for nothing")]

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use gqn_runtime::Noise;
use gqn_scenes::Camera;
use serde::Deserialize;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::app::App;
use crate::error::Refusal;
use crate::picture::{Kind, encode};
use crate::scene::Scene;
use crate::scene_calls::quality;

const BOUNDARY: &str = "gqn-frame";

/// What a stream is asked for with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wish {
    /// Pictures a second, at most.
    #[serde(default = "fps")]
    fps: u32,
    /// After so many pictures the stream ends.
    frames: Option<u64>,
    #[serde(default = "one")]
    scale: u32,
    #[serde(default = "quality")]
    quality: u8,
}

fn fps() -> u32 {
    30
}

fn one() -> u32 {
    1
}

struct Stream {
    app: Arc<App>,
    id: String,
    scene: Arc<Scene>,
    camera: watch::Receiver<Option<Camera>>,
    stopping: watch::Receiver<bool>,
    ticks: Interval,
    left: u64,
    wish: Wish,
}

/// `GET /scenes/{id}/stream`: a picture whenever the scene's camera moved.
pub(crate) async fn stream(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    query: Result<Query<Wish>, QueryRejection>,
) -> Result<Response, Refusal> {
    let (scene, Query(wish)) = (app.scenes.get(&id)?, query?);
    app.model()?;
    if !(1..=120).contains(&wish.fps) {
        return Err(Refusal::bad(format!("fps is {}, expected 1 to 120", wish.fps)));
    }
    let mut ticks = interval(Duration::from_secs(1) / wish.fps);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut camera = scene.camera.subscribe();
    camera.mark_changed();
    let stopping = app.stopping.subscribe();
    let left = wish.frames.unwrap_or(u64::MAX);
    let state = Stream { app, id, scene, camera, stopping, ticks, left, wish };
    let parts = stream::unfold(state, |mut state| async {
        let part = state.next().await?;
        Some((Ok::<Bytes, std::convert::Infallible>(part), state))
    });
    let kind = format!("multipart/x-mixed-replace; boundary={BOUNDARY}");
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store".to_owned())];
    Ok((headers, Body::from_stream(parts)).into_response())
}

impl Stream {
    /// The next part; none when the stream is at its end, the scene was deleted or the server stops.
    async fn next(&mut self) -> Option<Bytes> {
        while self.left > 0 {
            self.ticks.tick().await;
            tokio::select! {
                changed = self.camera.changed() => changed.ok()?,
                _ = self.stopping.wait_for(|stopping| *stopping) => return None,
                () = tokio::time::sleep(Duration::from_secs(1)) => {
                    self.app.scenes.get(&self.id).ok()?;
                    continue;
                }
            }
            let camera = *self.camera.borrow_and_update();
            let Some(camera) = camera else { continue };
            self.app.scenes.get(&self.id).ok()?;
            match self.render(&camera).await {
                Ok(part) => {
                    self.left -= 1;
                    return Some(part);
                }
                // Busy: the next position comes soon enough.
                Err(refusal) if refusal.status == axum::http::StatusCode::TOO_MANY_REQUESTS => {}
                Err(_) => return None,
            }
        }
        None
    }

    async fn render(&self, camera: &Camera) -> Result<Bytes, Refusal> {
        let model = self.app.model()?;
        let sum = self.scene.sum(&model).await?;
        let frame = model.render(sum, camera, &Noise::mean()).await?;
        let jpeg = encode(&frame, Kind::Jpeg, self.wish.scale, self.wish.quality)?;
        let head = format!(
            "--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n",
            jpeg.len()
        );
        Ok([head.as_bytes(), &jpeg, b"\r\n"].concat().into())
    }
}
