//! The page, its engines and the models as a static folder that any host serves.

use std::path::PathBuf;

use anyhow::Result;
use xtask_workspace::{Workspace, console};

use crate::dist;
use crate::html::Addresses;
use crate::models;
use crate::serve::serve;
use crate::wasm::{self, Build, Module};

/// What to build, and whether to show it.
#[derive(Debug)]
pub(crate) struct Web {
    /// `DIR` or `NAME=DIR`.
    pub(crate) packages: Vec<String>,
    /// A folder of packages that are offered as well; `web-demo/models` without one.
    pub(crate) library: Option<PathBuf>,
    pub(crate) build: Build,
    /// The folder to write; `web-demo/dist` without one.
    pub(crate) out: Option<PathBuf>,
    pub(crate) addresses: Addresses,
    /// Whether to build tract's module too: minutes, the first time.
    pub(crate) tract: bool,
    /// The port to serve on.
    pub(crate) port: Option<u16>,
}

/// Builds `web-demo/dist`, and serves it if wanted.
pub(crate) fn run(workspace: &Workspace, web: &Web) -> Result<()> {
    let dist = build(workspace, web)?;
    match web.port {
        Some(port) => serve(&dist, port),
        None => Ok(()),
    }
}

/// Builds the folder.
pub(crate) fn build(workspace: &Workspace, web: &Web) -> Result<PathBuf> {
    // First, because it is what a user may have got wrong.
    let library = web.library.clone().unwrap_or_else(|| workspace.root().join("web-demo/models"));
    let models = models::read(workspace, &web.packages, &library)?;
    let glue = wasm::build(workspace, Module::Engine, web.build)?;
    let dist = web.out.clone().unwrap_or_else(|| workspace.root().join("web-demo/dist"));
    let tract = web.tract.then(|| wasm::build(workspace, Module::Tract, web.build)).transpose()?;
    let glue = dist::Glue { engine: &glue, tract: tract.as_deref() };
    dist::assemble(workspace, &glue, &models, &web.addresses, &dist)?;
    console::line(&format!("written to {}", dist.display()));
    Ok(dist)
}
