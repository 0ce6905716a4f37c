//! Pages of other origins (CORS): off, unless an origin is named.
//!
//! Browsers send a form of any page anywhere and only keep its answer from the page. So requests that change something or cost
//! time are refused unless they come from an allowed page, from this server's own origin, or from no browser. Reading requests are
//! let through: `<img>` sends no `Origin`, so that refusing them would refuse the pictures and streams of allowed pages, and a
//! foreign page cannot guess the name of a scene, without which nothing is rendered.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

use crate::error::Refusal;

/// Seconds for which a browser remembers what it may ask.
const REMEMBERED: &str = "600";
/// What a page may send and read beyond what it always may.
const METHODS: &str = "GET, POST, PUT, DELETE";
const HEADERS: &str = "authorization, content-type, inference-header-content-length";
const EXPOSED: &str = "location, retry-after, inference-header-content-length";

/// The origin of a page, as browsers send it: `https://host` or `http://host:port`, without a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(HeaderValue);

/// Text that is no origin.
#[derive(Debug, Error)]
#[error("`{found}` is no origin, expected https://HOST or http://HOST:PORT without a path")]
pub struct OriginError {
    found: String,
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let host = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-:[]".contains(c);
        match (host, HeaderValue::from_str(text)) {
            (Some(host), Ok(value)) if !host.is_empty() && host.chars().all(plain) => {
                Ok(Self(value))
            }
            _ => Err(OriginError { found: text.to_owned() }),
        }
    }
}

/// The origin that a request names, if it is one of those allowed.
pub(crate) fn allowed(headers: &HeaderMap, origins: &[Origin]) -> Option<HeaderValue> {
    let sent = headers.get(header::ORIGIN)?;
    origins.iter().any(|Origin(origin)| origin == sent).then(|| sent.clone())
}

/// Refuses a request that is more than reading (POST, PUT, DELETE) where a browser says that it comes from a page which is neither
/// of this server's own origin nor allowed.
pub(crate) fn check(
    method: &Method,
    headers: &HeaderMap,
    origins: &[Origin],
) -> Result<(), Refusal> {
    if method.is_safe() || allowed(headers, origins).is_some() {
        return Ok(());
    }
    let page = match headers.get(header::ORIGIN) {
        Some(page) if is_own(page, headers) => return Ok(()),
        Some(page) => String::from_utf8_lossy(page.as_bytes()).into_owned(),
        None if comes_from_another_site(headers) => "another site".to_owned(),
        None => return Ok(()),
    };
    let message = format!("a page of {page} may not do this; `--allow-origin` allows an origin");
    Err(Refusal::new(StatusCode::FORBIDDEN, message))
}

/// Whether an origin is the one that the request is addressed to. The scheme is left out: a proxy may have ended TLS.
fn is_own(origin: &HeaderValue, headers: &HeaderMap) -> bool {
    let authority = origin.to_str().ok().and_then(|text| text.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    authority.zip(host).is_some_and(|((_, authority), host)| authority.eq_ignore_ascii_case(host))
}

/// What browsers say beside `Origin`, or where something removed it.
fn comes_from_another_site(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site" || site == "same-site")
}

/// Whether a browser asks what a page may do; such a request carries no token.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to that.
pub(crate) fn preflight() -> Response {
    let answer = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
    ];
    (StatusCode::NO_CONTENT, answer).into_response()
}

/// Lets a page of that origin read the answer.
pub(crate) fn expose(response: &mut Response, origin: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    headers.append(header::VARY, HeaderValue::from_static("origin"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_host_and_port() {
        for text in ["https://a.example", "http://127.0.0.1:8080", "http://[::1]:80"] {
            text.parse::<Origin>().expect(text);
        }
        for text in ["*", "null", "a.example", "https://", "https://a/", "https://A", "ftp://a"] {
            let error = text.parse::<Origin>().expect_err(text).to_string();
            assert!(error.contains(text) && error.contains("expected"), "{error}");
        }
    }
}
