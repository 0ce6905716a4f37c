//! `gqn-run serve`.
#![cfg(feature = "serve")]

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use gqn_serve::{HostName, Limits, Origin};

use super::What;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) what: What,
    /// Where to listen; port 0 takes a free one, which is said. Other machines reach it only where you name an address of
    /// theirs, such as 0.0.0.0:8080.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080")]
    pub(crate) listen: SocketAddr,
    /// File whose first line is a token that clients must send as `Authorization: Bearer …` [default: `GQN_TOKEN`, else none].
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Origin of a web page that may use this server from a browser, such as <https://gqn.example>; may be given more than once
    /// [default: none].
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<Origin>,
    /// Further name under which clients may address this server, such as robot.example; may be given more than once. Without a
    /// token, requests to other names are refused; localhost, addresses and this machine's own name always work.
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<HostName>,
    /// Milliseconds to wait for more queries of the same scene before a run.
    #[arg(long, value_name = "MS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(..=1000), help_heading = "Limits")]
    pub(crate) window: u64,
    /// Queries that wait at once; more are refused with 429.
    #[arg(long, value_name = "N", default_value = "64", help_heading = "Limits")]
    pub(crate) queue: NonZeroUsize,
    /// Scenes that are open at once; more are refused with 429.
    #[arg(long, value_name = "N", default_value = "256", help_heading = "Limits")]
    pub(crate) scenes: NonZeroUsize,
    /// Views of one scene.
    #[arg(long, value_name = "N", default_value = "64", help_heading = "Limits")]
    pub(crate) views: NonZeroUsize,
    /// Minutes after which a scene that nobody asks for may make room for another.
    #[arg(long, value_name = "MIN", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=100_000), help_heading = "Limits")]
    pub(crate) idle: u64,
    /// Megabytes of a request's body.
    #[arg(long, value_name = "MB", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=4096), help_heading = "Limits")]
    pub(crate) body: u32,
    /// Seconds that a request may take, that a client may take to send it, and that it may leave an answer unread.
    #[arg(long, value_name = "S", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600), help_heading = "Limits")]
    pub(crate) timeout: u64,
    /// Connections at once; more wait.
    #[arg(long, value_name = "N", default_value = "512", help_heading = "Limits")]
    pub(crate) connections: NonZeroUsize,
    /// Do not write a line for each request.
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Serve {
    pub(crate) fn limits(&self) -> Limits {
        Limits {
            window: Duration::from_millis(self.window),
            queue: self.queue.get(),
            scenes: self.scenes.get(),
            views: self.views.get(),
            idle: Duration::from_secs(60 * self.idle),
            body: (self.body as usize) << 20,
            timeout: Duration::from_secs(self.timeout),
            connections: self.connections.get(),
        }
    }
}
