//! `/v2…`: the Open Inference Protocol for the two graphs, with its binary extension.
#![allow(clippy::unused_async, reason = "handlers are async, also those that wait for nothing")]

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use gqn_formats::{GraphPorts, Tensor};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::{App, Model};
use crate::error::Refusal;
use crate::tensor_json::{InputTensor, port_json, to_binary, to_json};

/// Bytes of JSON before the binary tensors.
const JSON_LENGTH: &str = "inference-header-content-length";
const VERSION: &str = "1";

#[derive(Debug, Deserialize)]
struct Inference {
    id: Option<String>,
    #[serde(default)]
    parameters: InferenceParameters,
    inputs: Vec<InputTensor>,
    #[serde(default)]
    outputs: Vec<Output>,
}

#[derive(Debug, Default, Deserialize)]
struct InferenceParameters {
    #[serde(default)]
    binary_data_output: bool,
}

#[derive(Debug, Deserialize)]
struct Output {
    name: String,
    #[serde(default)]
    parameters: OutputParameters,
}

#[derive(Debug, Default, Deserialize)]
struct OutputParameters {
    binary_data: Option<bool>,
}

/// `GET /v2`
pub(crate) async fn server(State(app): State<Arc<App>>) -> Json<Value> {
    let model = app.model().ok();
    let engine = model.as_ref().map(|model| &model.report);
    let manifest = model.as_ref().map(|model| &model.manifest);
    Json(json!({
        "name": "gqn", "version": env!("CARGO_PKG_VERSION"),
        "extensions": ["binary_tensor_data"], "engine": engine, "manifest": manifest
    }))
}

/// `GET /v2/health/live`
pub(crate) async fn live() -> StatusCode {
    StatusCode::OK
}

/// `GET /v2/health/ready`
pub(crate) async fn ready(State(app): State<Arc<App>>) -> StatusCode {
    if app.is_ready() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

/// `GET /v2/models/{model}`
pub(crate) async fn metadata(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Json<Value>, Refusal> {
    let model = app.model()?;
    let ports = ports(&model, &name)?;
    let list = |ports: &[gqn_formats::Port]| ports.iter().map(port_json).collect::<Vec<_>>();
    Ok(Json(json!({
        "name": name, "versions": [VERSION], "platform": "gqn",
        "inputs": list(&ports.inputs), "outputs": list(&ports.outputs)
    })))
}

/// `GET /v2/models/{model}/ready`
pub(crate) async fn model_ready(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<StatusCode, Refusal> {
    ports(&*app.model()?, &name)?;
    Ok(StatusCode::OK)
}

/// `POST /v2/models/{model}/infer`
pub(crate) async fn infer(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let (model, body) = (app.model()?, body?);
    let ports = ports(&model, &name)?;
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        let message = "compressed requests are not read";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
    }
    let (text, mut binary) = split(&headers, &body)?;
    let request: Inference = serde_json::from_slice(text)
        .map_err(|error| Refusal::bad(format!("the request is no inference request: {error}")))?;
    let tensors = inputs(&request, ports, &mut binary)?;
    if !binary.is_empty() {
        return Err(Refusal::bad(format!("{} bytes follow that no input names", binary.len())));
    }
    let [output] = &ports.outputs[..] else {
        return Err(Refusal::internal("the graph has another number of outputs"));
    };
    if let Some(unknown) = request.outputs.iter().find(|wish| wish.name != output.name) {
        let name: String = unknown.name.chars().take(40).collect();
        return Err(Refusal::bad(format!("there is no output `{name}`")));
    }
    let result = run(&model, &name, tensors).await?;
    let wish = request.outputs.first().and_then(|wish| wish.parameters.binary_data);
    let is_binary = wish.unwrap_or(request.parameters.binary_data_output);
    Ok(answer(&name, request.id, &output.name, &result, is_binary))
}

/// The JSON, and the bytes behind it.
fn split<'a>(headers: &HeaderMap, body: &'a Bytes) -> Result<(&'a [u8], &'a [u8]), Refusal> {
    let Some(length) = headers.get(JSON_LENGTH) else { return Ok((body, &[])) };
    let length = length.to_str().ok().and_then(|text| text.parse().ok());
    match length {
        Some(length) if length <= body.len() => Ok(body.split_at(length)),
        _ => Err(Refusal::bad(format!("{JSON_LENGTH} is no length within the body"))),
    }
}

/// The tensors of the graph's inputs, in the graph's order. Bytes lie in the request's order.
fn inputs(
    request: &Inference,
    ports: &GraphPorts,
    binary: &mut &[u8],
) -> Result<Vec<Tensor>, Refusal> {
    let mut found: Vec<Option<Tensor>> = vec![None; ports.inputs.len()];
    for input in &request.inputs {
        let index = ports.inputs.iter().position(|port| port.name == input.name);
        let Some(index) = index else {
            let name: String = input.name.chars().take(40).collect();
            return Err(Refusal::bad(format!("there is no input `{name}`")));
        };
        found[index] = Some(input.read(&ports.inputs[index], binary)?);
    }
    let missing = |(tensor, port): (Option<Tensor>, &gqn_formats::Port)| {
        tensor.ok_or_else(|| Refusal::bad(format!("the input `{}` is missing", port.name)))
    };
    found.into_iter().zip(&ports.inputs).map(missing).collect()
}

async fn run(model: &Model, name: &str, mut tensors: Vec<Tensor>) -> Result<Tensor, Refusal> {
    let rows = |tensor: &Tensor| tensor.shape().first().copied().unwrap_or(0);
    if name == "representation" {
        let (poses, frames) = (tensors.pop(), tensors.pop());
        let (Some(poses), Some(frames)) = (poses, frames) else {
            return Err(Refusal::internal("the graph has another number of inputs"));
        };
        if rows(&frames) != rows(&poses) {
            let (found, expected) = (rows(&poses), rows(&frames));
            return Err(Refusal::bad(format!("there are {found} poses of {expected} frames")));
        }
        return model.worker.represent(frames, poses).await;
    }
    let (noise, poses, scene) = (tensors.pop(), tensors.pop(), tensors.pop());
    let (Some(noise), Some(poses), Some(scene)) = (noise, poses, scene) else {
        return Err(Refusal::internal("the graph has another number of inputs"));
    };
    if ![1, rows(&poses)].contains(&rows(&noise)) {
        let (found, expected) = (rows(&noise), rows(&poses));
        return Err(Refusal::bad(format!("there are {found} noises, expected 1 or {expected}")));
    }
    model.worker.generate(Arc::new(scene), poses, Arc::new(noise)).await
}

fn answer(
    model: &str,
    id: Option<String>,
    output: &str,
    tensor: &Tensor,
    is_binary: bool,
) -> Response {
    let (tensor, binary) =
        if is_binary { to_binary(output, tensor) } else { (to_json(output, tensor), Vec::new()) };
    let mut body = json!({ "model_name": model, "model_version": VERSION, "outputs": [tensor] });
    if let Some(id) = id {
        body["id"] = id.into();
    }
    if !is_binary {
        return Json(body).into_response();
    }
    let text = body.to_string();
    let headers = [
        (header::CONTENT_TYPE.as_str(), "application/octet-stream".to_owned()),
        (JSON_LENGTH, text.len().to_string()),
    ];
    (headers, [text.into_bytes(), binary].concat()).into_response()
}

/// The ports of a model's graph.
fn ports<'a>(model: &'a Model, name: &str) -> Result<&'a GraphPorts, Refusal> {
    match name {
        "representation" => Ok(&model.manifest.representation),
        "generator" => Ok(&model.manifest.generator),
        _ => Err(Refusal::not_found(
            "there is no such model; there are representation and generator",
        )),
    }
}
