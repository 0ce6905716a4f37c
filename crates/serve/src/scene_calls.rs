//! `/scenes…`
#![allow(clippy::unused_async, reason = "handlers are async, also those that wait for nothing")]

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use gqn_runtime::Noise;
use gqn_scenes::Camera;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::Refusal;
use crate::picture::{Kind, encode};
use crate::upload::{check_camera, read};

/// With stronger noise no number of a network means anything.
const MOST_TEMPERATURE: f32 = 100.0;

/// What a view is asked for with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct View {
    x: f32,
    y: f32,
    z: f32,
    yaw: f32,
    pitch: f32,
    #[serde(default)]
    format: Kind,
    #[serde(default = "one")]
    scale: u32,
    #[serde(default = "quality")]
    quality: u8,
    #[serde(default)]
    temperature: f32,
    #[serde(default)]
    seed: u64,
}

/// The camera that streams follow.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Followed {
    position: [f32; 3],
    yaw: f32,
    pitch: f32,
}

fn one() -> u32 {
    1
}

pub(crate) fn quality() -> u8 {
    90
}

/// `POST /scenes`
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    request: Request,
) -> Result<Response, Refusal> {
    let model = app.model()?;
    let views = read(request, &model.manifest.config).await?;
    let (name, scene) = app.scenes.open()?;
    let observed = scene.observe(&model, views).await;
    let numbers = match observed {
        Ok(numbers) => numbers,
        Err(refusal) => {
            // A client that was refused does not know its name.
            let _ = app.scenes.remove(&name);
            return Err(refusal);
        }
    };
    let place = [(header::LOCATION, format!("/scenes/{name}"))];
    let body = Json(json!({ "id": name, "views": numbers }));
    Ok((StatusCode::CREATED, place, body).into_response())
}

/// `GET /scenes`
pub(crate) async fn list(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({ "scenes": app.scenes.names() }))
}

/// `GET /scenes/{id}`
pub(crate) async fn describe(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let views = app.scenes.get(&id)?.views().await;
    let view = |(view, camera): (u64, Camera)| json!({ "view": view, "position": camera.position, "yaw": camera.yaw, "pitch": camera.pitch });
    Ok(Json(json!({ "id": id, "views": views.into_iter().map(view).collect::<Vec<_>>() })))
}

/// `DELETE /scenes/{id}`
pub(crate) async fn delete(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
) -> Result<StatusCode, Refusal> {
    app.scenes.remove(&id)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /scenes/{id}/views`
pub(crate) async fn observe(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let (model, scene) = (app.model()?, app.scenes.get(&id)?);
    let views = read(request, &model.manifest.config).await?;
    if views.is_empty() {
        return Err(Refusal::bad("there are no views to add"));
    }
    let numbers = scene.observe(&model, views).await?;
    Ok((StatusCode::CREATED, Json(json!({ "views": numbers }))).into_response())
}

/// `DELETE /scenes/{id}/views/{view}`
pub(crate) async fn forget(
    State(app): State<Arc<App>>,
    Path((id, view)): Path<(String, String)>,
) -> Result<StatusCode, Refusal> {
    let scene = app.scenes.get(&id)?;
    let view = view.parse().map_err(|_| Refusal::not_found("there is no such view"))?;
    scene.forget(view).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /scenes/{id}/camera`
pub(crate) async fn look(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    body: Result<Json<Followed>, JsonRejection>,
) -> Result<StatusCode, Refusal> {
    let scene = app.scenes.get(&id)?;
    let Json(Followed { position, yaw, pitch }) = body?;
    let camera = Camera { position, yaw, pitch };
    check_camera("the stream", &camera)?;
    scene.camera.send_replace(Some(camera));
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /scenes/{id}/view`
pub(crate) async fn view(
    State(app): State<Arc<App>>,
    Path(id): Path<String>,
    query: Result<Query<View>, QueryRejection>,
) -> Result<Response, Refusal> {
    // The engine's thread may wait for this query to share a run, until it is in the queue.
    let expected = app.metrics.expect();
    let (model, scene) = (app.model()?, app.scenes.get(&id)?);
    let Query(view) = query?;
    let camera = Camera { position: [view.x, view.y, view.z], yaw: view.yaw, pitch: view.pitch };
    check_camera("the view", &camera)?;
    if !(0.0..=MOST_TEMPERATURE).contains(&view.temperature) {
        let found = view.temperature;
        let message = format!("temperature is {found}, expected 0 to {MOST_TEMPERATURE}");
        return Err(Refusal::bad(message));
    }
    let sum = scene.sum(&model).await?;
    drop(expected);
    let frame = model.render(sum, &camera, &Noise::new(view.seed, view.temperature)).await?;
    let bytes = encode(&frame, view.format, view.scale, view.quality)?;
    Ok(([(header::CONTENT_TYPE, view.format.mime())], bytes).into_response())
}
