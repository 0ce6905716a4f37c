//! Pages of other origins (CORS): off, unless an origin is named.

use std::str::FromStr;

use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use thiserror::Error;

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
