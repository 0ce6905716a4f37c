//! Views that a client sends: JSON with pictures in base 64, or a form with a `views.json` and the files that it names.

use std::collections::BTreeMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Request};
use axum::http::header;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gqn_formats::{ModelConfig, Views};
use gqn_pictures::{Limits, decode_picture};
use gqn_scenes::{Camera, Frame};
use serde::Deserialize;

use crate::error::Refusal;

/// `{"views": [{"picture": "…", "position": […], "yaw": …, "pitch": …}]}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Upload {
    #[serde(default)]
    views: Vec<UploadedView>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UploadedView {
    picture: String,
    position: [f32; 3],
    yaw: f32,
    pitch: f32,
}

/// Reads the views of a request. Pictures of another size than the model's are cut to a square and resized.
pub(crate) async fn read(
    request: Request,
    model: &ModelConfig,
) -> Result<Vec<(Frame, Camera)>, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let views = if kind.is_some_and(|kind| kind.starts_with("multipart/form-data")) {
        form(Multipart::from_request(request, &()).await?, model).await?
    } else {
        json(request).await?
    };
    let side = model.image_size;
    // Decoding is work: not on a thread that answers others.
    let decoded = tokio::task::spawn_blocking(move || decode(views, side)).await;
    decoded.unwrap_or_else(|_| Err(Refusal::internal("a picture could not be decoded")))
}

async fn json(request: Request) -> Result<Vec<(Bytes, Camera)>, Refusal> {
    let Json(upload) = Json::<Upload>::from_request(request, &()).await?;
    let view = |(index, view): (usize, UploadedView)| {
        let UploadedView { picture, position, yaw, pitch } = view;
        let camera = Camera { position, yaw, pitch };
        check_camera(&format!("view {index}"), &camera)?;
        let picture = STANDARD.decode(picture).map_err(|error| {
            Refusal::bad(format!("the picture of view {index} is no base 64: {error}"))
        })?;
        Ok((picture.into(), camera))
    };
    upload.views.into_iter().enumerate().map(view).collect()
}

async fn form(mut form: Multipart, model: &ModelConfig) -> Result<Vec<(Bytes, Camera)>, Refusal> {
    let (mut list, mut files) = (None, BTreeMap::new());
    while let Some(field) = form.next_field().await? {
        let name = field.name().unwrap_or_default().to_owned();
        let file = field.file_name().unwrap_or(&name).to_owned();
        let content = field.bytes().await?;
        if name == "views" {
            list = Some(content);
        } else {
            files.insert(file, content);
        }
    }
    let list = list.ok_or_else(|| Refusal::bad("the form has no field `views`, a views.json"))?;
    let refused = |error: gqn_formats::FormatError| {
        Refusal::bad(gqn_messages::error_report(&error).replace('\n', "; "))
    };
    let views = Views::from_json(&list).map_err(refused)?;
    views.check_field_of_view("views", model).map_err(refused)?;
    let view = |(index, view): (usize, &gqn_formats::View)| {
        let name = view.picture.as_deref();
        let name = name.ok_or_else(|| Refusal::bad(format!("view {index} names no picture")))?;
        let content = files.get(name).ok_or_else(|| {
            Refusal::bad(format!("view {index} names a picture that the form does not hold"))
        })?;
        Ok((content.clone(), view.camera()))
    };
    views.views.iter().enumerate().map(view).collect()
}

fn decode(views: Vec<(Bytes, Camera)>, side: usize) -> Result<Vec<(Frame, Camera)>, Refusal> {
    let decode = |(index, (bytes, camera)): (usize, (Bytes, Camera))| {
        let picture = decode_picture(&bytes, Limits::PHOTOGRAPH).map_err(|error| {
            Refusal::bad(format!("the picture of view {index} cannot be read: {error}"))
        })?;
        Ok((picture.square(side), camera))
    };
    views.into_iter().enumerate().map(decode).collect()
}

/// Refuses numbers that no camera has.
pub(crate) fn check_camera(what: &str, camera: &Camera) -> Result<(), Refusal> {
    if camera.is_in_range() {
        return Ok(());
    }
    Err(Refusal::bad(format!("the camera of {what} is out of range, expected {}", Camera::RANGE)))
}
