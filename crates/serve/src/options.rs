//! What is served, and how much of it.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gqn_formats::Manifest;
use gqn_runtime::Engine;

use crate::event::Event;
use crate::host::HostName;
use crate::origin::Origin;

/// Opens, warms up and verifies the package; called once at the start and again for every reload. An error is a text for people.
pub type Loader = Arc<dyn Fn() -> Result<Loaded, String> + Send + Sync>;

/// An engine that has rendered its package's sample.
pub struct Loaded {
    /// The package's manifest.
    pub manifest: Manifest,
    /// What runs it.
    pub engine: Box<dyn Engine + Send>,
    /// Queries of one run, at most.
    pub batch: usize,
    /// What is said of the engine at `/v2`.
    pub report: serde_json::Value,
}

/// How a package is served.
pub struct ServeOptions {
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What clients must send as `Authorization: Bearer …`, if anything.
    pub token: Option<String>,
    /// Pages that may use the server from a browser; none is the default.
    pub origins: Vec<Origin>,
    /// Names of the server besides `localhost`, as requests address it. Without a token others are refused; addresses never are.
    pub hosts: Vec<HostName>,
    /// How much of everything.
    pub limits: Limits,
    /// Called with everything that happens.
    pub events: Arc<dyn Fn(Event) + Send + Sync>,
}

/// How much a server takes on before it refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a query waits for others of the same scene that have arrived and are being read.
    pub window: Duration,
    /// Queries that wait at once; more get 429.
    pub queue: usize,
    /// Scenes that are open at once; more get 429.
    pub scenes: usize,
    /// Views of one scene.
    pub views: usize,
    /// After that time without a request, a scene makes room for a new one.
    pub idle: Duration,
    /// Bytes of a request's body.
    pub body: usize,
    /// How long a request may take, the client's sending included; and how long a client may take nothing of an answer.
    pub timeout: Duration,
    /// Connections at once; more wait to be accepted.
    pub connections: usize,
}

impl fmt::Debug for Loaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Loaded").field("engine", &self.engine.describe()).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServeOptions")
            .field("listen", &self.listen)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
