//! A package over HTTP: scenes to observe and to render, and the two graphs by the Open Inference Protocol.
//!
//! It knows no engine: whoever calls it hands over a loader that opens, warms up and verifies one. It terminates no TLS and keeps
//! nothing on disk.
//!
//! | file | holds |
//! |---|---|
//! | `options.rs` | [`ServeOptions`], [`Limits`], [`Loader`]: what is served and how much of it |
//! | `event.rs` | [`Event`]: what happens, for logs |
//! | `server.rs` | [`run`]: listening, signals, graceful stop |
//! | `router.rs` | the routes, sender, token, time limit and log of each request |
//! | `origin.rs` | [`Origin`]: pages of other origins that may use the server; others are refused what is more than reading |
//! | `host.rs` | [`HostName`]: names of the server; others are refused against DNS rebinding |
//! | `app.rs` | what all requests share; loading and exchanging the model |
//! | `worker.rs` | the thread that owns an engine; queries of one scene in one run |
//! | `scene.rs` | open scenes |
//! | `scene_calls.rs` | `/scenes…` |
//! | `upload.rs` | views that a client sends |
//! | `stream.rs` | motion JPEG that follows a camera |
//! | `picture.rs` | PNG, JPEG and WebP |
//! | `inference.rs`, `tensor_json.rs` | `/v2…`: the Open Inference Protocol with its binary extension |
//! | `metrics.rs` | counters in Prometheus' text format |
//! | `error.rs` | [`ServeError`], and what a refused request gets |
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use gqn_serve::{Limits, Loaded, ServeOptions, run};
//!
//! /// Opens an engine, renders once, and compares the package's sample.
//! fn load() -> Result<Loaded, String> {
//!     Err("no package is there yet".to_owned())
//! }
//!
//! # fn main() -> Result<(), gqn_serve::ServeError> {
//! let limits = Limits {
//!     window: Duration::from_millis(2),
//!     queue: 64,
//!     scenes: 256,
//!     views: 64,
//!     idle: Duration::from_secs(3600),
//!     body: 64 << 20,
//!     timeout: Duration::from_secs(30),
//!     connections: 512,
//! };
//! let options = ServeOptions {
//!     listen: ([127, 0, 0, 1], 8080).into(),
//!     token: None,
//!     origins: Vec::new(),
//!     hosts: Vec::new(),
//!     limits,
//!     events: Arc::new(|event| println!("{event:?}")),
//! };
//! run(options, Arc::new(load))
//! # }
//! ```

mod app;
mod error;
mod event;
mod host;
mod inference;
mod metrics;
mod options;
mod origin;
mod picture;
mod router;
mod scene;
mod scene_calls;
mod server;
mod stream;
mod tensor_json;
mod upload;
mod worker;

pub use error::ServeError;
pub use event::Event;
pub use host::{HostName, HostNameError};
pub use options::{Limits, Loaded, Loader, ServeOptions};
pub use origin::{Origin, OriginError};
pub use server::run;
