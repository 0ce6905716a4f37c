//! [`OrtError`]: why there is no engine.

use std::path::PathBuf;

use gqn_formats::FormatError;
use gqn_runtime::EngineError;
use gqn_system::{LibraryDamage, SystemError};
use thiserror::Error;

use crate::provider::Provider;

/// Why there is no engine.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum OrtError {
    #[error(
        "no ONNX Runtime found; looked at {}\nhint: `cargo xtask setup` fetches one; or name yours with --ort or ORT_DYLIB_PATH",
        searched.join(", ")
    )]
    NotFound { searched: Vec<String> },
    #[error(
        "{named_by} names {}, which holds no {expected}\nhint: name the library's file or the folder it is in",
        path.display()
    )]
    Named { named_by: &'static str, path: PathBuf, expected: String },
    #[error(
        "could not load {} as a library\nhint: name the file of an ONNX Runtime for this machine with --ort or ORT_DYLIB_PATH, or unset both; `cargo xtask setup` fetches one",
        path.display()
    )]
    Load { path: PathBuf, source: libloading::Error },
    #[error(
        "{} {source}\nhint: copy or unpack it again, or remove it and run `cargo xtask setup`, which fetches one",
        path.display()
    )]
    Damaged { path: PathBuf, source: LibraryDamage },
    #[error(
        "{} is no ONNX Runtime: it does not export OrtGetApiBase\nhint: the file's name is libonnxruntime.so, perhaps with a version",
        path.display()
    )]
    NotOnnxRuntime { path: PathBuf },
    #[error(
        "ONNX Runtime {found} at {} is too old, expected {expected} or later\nhint: `cargo xtask setup` fetches one that fits",
        path.display()
    )]
    Version { path: PathBuf, found: String, expected: String },
    #[error(
        "{} was asked for after another ONNX Runtime, {}, was loaded",
        asked.display(), loaded.display()
    )]
    AlreadyLoaded { asked: PathBuf, loaded: PathBuf },
    #[error("ONNX Runtime at {} does not start: {reason}", path.display())]
    Start { path: PathBuf, reason: String },
    #[error("provider {provider} does not run here: {reason}\nhint: {}", provider.hint())]
    Provider { provider: Provider, reason: String },
    #[error(
        "{} of the graphs' nodes do not run on {provider}, with --strict all must: {}\nhint: without --strict they run elsewhere",
        nodes.len(), some_of(nodes)
    )]
    Fallback { provider: Provider, nodes: Vec<String> },
    #[error("where the nodes run is not known, with --strict it must be: {reason}")]
    NoPlacement { reason: String },
    #[error(
        "--strict was given, and --provider is auto\nhint: name the provider that is to run all nodes"
    )]
    StrictAuto,
    #[error(
        "device memory was limited, and provider {provider} has no such limit\nhint: cuda and tensorrt have one"
    )]
    NoMemoryLimit { provider: Provider },
    #[error("{} is no private folder for engines: {reason}\nhint: name another with --cache", path.display())]
    Cache { path: PathBuf, reason: String },
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    System(#[from] SystemError),
}

impl OrtError {
    /// Why a provider or one of its files does not run, in one line without what the caller knows.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Provider { reason, .. } => reason.clone(),
            Self::Engine(EngineError::Load { source, .. } | EngineError::Run { source, .. }) => {
                first_line(&source.to_string())
            }
            error => first_line(&error.to_string()),
        }
    }
}

/// The first line of a message of ONNX Runtime, which likes to add its call stack.
pub(crate) fn first_line(message: &str) -> String {
    message
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("no reason given")
        .to_owned()
}

/// The first nodes, and how many more there are.
fn some_of(nodes: &[String]) -> String {
    const SHOWN: usize = 8;
    let shown = nodes.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match nodes.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
