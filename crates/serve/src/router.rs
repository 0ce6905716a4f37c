//! The routes, and what every request goes through: host, origin, token, time limit, counting, log.
#![allow(clippy::unused_async, reason = "handlers are async, also those that wait for nothing")]

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};

use crate::app::App;
use crate::error::Refusal;
use crate::event::Event;
use crate::{host, inference, origin, scene_calls, stream};

const OPENAPI: &str = include_str!("openapi.json");

/// Paths and methods, as `openapi.json` has them too.
#[cfg(test)]
const ROUTES: [(&str, &[&str]); 15] = [
    ("/v2", &["get"]),
    ("/v2/health/live", &["get"]),
    ("/v2/health/ready", &["get"]),
    ("/v2/models/{model}", &["get"]),
    ("/v2/models/{model}/ready", &["get"]),
    ("/v2/models/{model}/infer", &["post"]),
    ("/scenes", &["get", "post"]),
    ("/scenes/{id}", &["get", "delete"]),
    ("/scenes/{id}/views", &["post"]),
    ("/scenes/{id}/views/{view}", &["delete"]),
    ("/scenes/{id}/camera", &["put"]),
    ("/scenes/{id}/view", &["get"]),
    ("/scenes/{id}/stream", &["get"]),
    ("/reload", &["post"]),
    ("/metrics", &["get"]),
];

/// All of it.
pub(crate) fn router(app: &Arc<App>) -> Router {
    Router::new()
        .route("/v2", get(inference::server))
        .route("/v2/health/live", get(inference::live))
        .route("/v2/health/ready", get(inference::ready))
        .route("/v2/models/{model}", get(inference::metadata))
        .route("/v2/models/{model}/ready", get(inference::model_ready))
        .route("/v2/models/{model}/infer", post(inference::infer))
        .route("/scenes", get(scene_calls::list).post(scene_calls::create))
        .route("/scenes/{id}", get(scene_calls::describe).delete(scene_calls::delete))
        .route("/scenes/{id}/views", post(scene_calls::observe))
        .route("/scenes/{id}/views/{view}", delete(scene_calls::forget))
        .route("/scenes/{id}/camera", put(scene_calls::look))
        .route("/scenes/{id}/view", get(scene_calls::view))
        .route("/scenes/{id}/stream", get(stream::stream))
        .route("/reload", post(reload))
        .route("/metrics", get(metrics))
        .route("/openapi.json", get(openapi))
        .fallback(no_route)
        .method_not_allowed_fallback(no_method)
        .layer(DefaultBodyLimit::max(app.limits.body))
        .layer(from_fn_with_state(Arc::clone(app), through))
        .with_state(Arc::clone(app))
}

async fn through(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let start = Instant::now();
    let method = request.method().to_string();
    let path = request.uri().path().to_owned();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or("none", MatchedPath::as_str).to_owned();
    let page = origin::allowed(request.headers(), &app.origins);
    if page.is_some() && origin::is_preflight(request.method(), request.headers()) {
        return exposed(origin::preflight(), page);
    }
    let allowed = check_sender(&app, &request, &route)
        .and_then(|()| authorised(&app, &request, &route))
        .and_then(|()| check_length(&app, &request));
    let response = match allowed {
        // Loading takes as long as it takes; everything else has a limit.
        Ok(()) if route == "/reload" => next.run(request).await,
        Ok(()) => {
            let answer = tokio::time::timeout(app.limits.timeout, next.run(request)).await;
            answer.unwrap_or_else(|_| {
                let seconds = app.limits.timeout.as_secs_f64();
                let message = format!("the request took longer than {seconds} s");
                Refusal::new(StatusCode::REQUEST_TIMEOUT, message).into_response()
            })
        }
        Err(refusal) => refusal.into_response(),
    };
    let (status, took) = (response.status().as_u16(), start.elapsed());
    app.metrics.request(&route, status, took);
    (app.events)(Event::Request { method, path, status, took });
    exposed(response, page)
}

fn exposed(mut response: Response, page: Option<HeaderValue>) -> Response {
    if let Some(page) = page {
        origin::expose(&mut response, page);
    }
    response
}

/// Whoever watches the process may always ask for its health.
fn is_health(route: &str) -> bool {
    route.starts_with("/v2/health/")
}

/// Refuses requests that a foreign page sends through its visitor's browser. A token makes the host's name irrelevant, since no
/// browser adds the token by itself.
fn check_sender(app: &App, request: &Request, route: &str) -> Result<(), Refusal> {
    if app.token.is_none() && !is_health(route) {
        host::check(request.headers(), &app.hosts)?;
    }
    origin::check(request.method(), request.headers(), &app.origins)
}

/// Whether a request has the token that is asked for, if any.
fn authorised(app: &App, request: &Request, route: &str) -> Result<(), Refusal> {
    let Some(token) = &app.token else { return Ok(()) };
    if is_health(route) {
        return Ok(());
    }
    let sent = request.headers().get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let sent = sent.and_then(|value| value.strip_prefix(b"Bearer ")).unwrap_or_default();
    if same(sent, token.as_bytes()) {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::UNAUTHORIZED, "the token is missing or wrong"))
}

/// Refuses a body that says it is too long before any of it is read; others are cut off where they get too long.
fn check_length(app: &App, request: &Request) -> Result<(), Refusal> {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let most = app.limits.body;
    match length {
        Some(length) if length > most as u64 => {
            let message = format!("the body has {length} bytes, expected at most {most}");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, message))
        }
        _ => Ok(()),
    }
}

/// Compares in a time that does not tell where two texts differ.
fn same(a: &[u8], b: &[u8]) -> bool {
    let difference = a.iter().zip(b).fold(0, |sum, (a, b)| sum | (a ^ b));
    a.len() == b.len() && std::hint::black_box(difference) == 0
}

async fn reload(State(app): State<Arc<App>>) -> Result<StatusCode, Refusal> {
    app.model()?;
    let loading = Arc::clone(&app);
    let loaded = tokio::task::spawn_blocking(move || loading.load()).await;
    let loaded = loaded.unwrap_or_else(|_| Err("loading failed".to_owned()));
    app.metrics.reloaded(loaded.is_ok());
    loaded.map(|()| StatusCode::NO_CONTENT).map_err(|reason| {
        (app.events)(Event::ReloadFailed { reason: reason.clone() });
        Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, reason.replace('\n', "; "))
    })
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, app.metrics.text(app.scenes.count())).into_response()
}

async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], OPENAPI).into_response()
}

async fn no_route() -> Refusal {
    Refusal::not_found("there is nothing at this path; /openapi.json lists what there is")
}

async fn no_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "this path has no such method")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_has_every_route() {
        let value: serde_json::Value = serde_json::from_str(OPENAPI).expect("JSON");
        let paths = value["paths"].as_object().expect("paths");
        assert_eq!(paths.len(), ROUTES.len(), "{:?}", paths.keys());
        for (path, methods) in ROUTES {
            let described: Vec<&String> = paths[path]
                .as_object()
                .expect(path)
                .keys()
                .filter(|key| *key != "parameters")
                .collect();
            let mut methods = methods.to_vec();
            methods.sort_unstable();
            assert_eq!(described, methods, "{path}");
        }
    }

    #[test]
    fn tokens_are_compared_whole() {
        assert!(same(b"secret", b"secret"));
        for other in [&b"secre"[..], b"secrets", b"", b"Secret"] {
            assert!(!same(other, b"secret"));
        }
    }
}
