//! What happens while a package is served.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

/// Something for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the names say what each field is")]
pub enum Event {
    /// Connections are accepted; requests get 503 until the model is ready.
    Listening { address: SocketAddr },
    /// The model is warm and verified.
    Ready { engine: String, took: Duration },
    /// A model was asked to be loaded anew and the old one stays.
    ReloadFailed { reason: String },
    /// No more connections are accepted; those that are there are served to their end.
    Stopping,
    /// A request was answered.
    Request { method: String, path: String, status: u16, took: Duration },
}

impl Event {
    /// One line of JSON without the time.
    pub fn to_json(&self) -> Value {
        let ms = |took: &Duration| (took.as_secs_f64() * 1e5).round() / 100.0;
        match self {
            Self::Listening { address } => json!({ "event": "listening", "address": address }),
            Self::Ready { engine, took } => {
                json!({ "event": "ready", "engine": engine, "ms": ms(took) })
            }
            Self::ReloadFailed { reason } => json!({ "event": "reload_failed", "reason": reason }),
            Self::Stopping => json!({ "event": "stopping" }),
            Self::Request { method, path, status, took } => json!({
                "event": "request", "method": method, "path": path, "status": status, "ms": ms(took)
            }),
        }
    }
}
