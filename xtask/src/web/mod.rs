//! `cargo xtask web`: the page, its engine and the models as a static folder that any host serves.
//!
//! | file | holds |
//! |---|---|
//! | `toolchain.rs` | who compiles for wasm |
//! | `wasm.rs` | the engine, and a peer for the bench: compiled, bound to JavaScript, made small |
//! | `node.rs` | what comes from npm |
//! | `models.rs` | packages and their index |
//! | `dist.rs` | the folder: `web-demo/dist` |
//! | `serve.rs` | the folder on a local port |

mod dist;
mod models;
mod node;
mod serve;
mod toolchain;
mod wasm;

use std::path::PathBuf;

use anyhow::Result;

use crate::debian;
use crate::talk;
use crate::workspace::Workspace;

pub(crate) use dist::Addresses;
pub(crate) use node::install;
use serve::serve;
pub(crate) use wasm::Build;

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
    debian::list_missing(workspace, debian::WEB);
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
    let glue = wasm::build(workspace, wasm::Module::Engine, web.build)?;
    let dist = web.out.clone().unwrap_or_else(|| workspace.root().join("web-demo/dist"));
    let tract =
        web.tract.then(|| wasm::build(workspace, wasm::Module::Tract, web.build)).transpose()?;
    let glue = dist::Glue { engine: &glue, tract: tract.as_deref() };
    dist::assemble(workspace, &glue, &models, &web.addresses, &dist)?;
    talk::line(&format!("written to {}", dist.display()));
    Ok(dist)
}

/// Builds the engine alone; the folder with `gqn.js` and `gqn_bg.wasm`.
pub(crate) fn engine(workspace: &Workspace, build: Build) -> Result<PathBuf> {
    wasm::build(workspace, wasm::Module::Engine, build)
}

/// Builds tract's module, which `cargo xtask bench-web` times beside the engine; a folder of the same names.
pub(crate) fn tract(workspace: &Workspace, build: Build) -> Result<PathBuf> {
    wasm::build(workspace, wasm::Module::Tract, build)
}

/// Builds rten, which `cargo xtask bench-web` times beside the engine; a folder of the same names.
pub(crate) fn rten(workspace: &Workspace, build: Build) -> Result<PathBuf> {
    wasm::build(workspace, wasm::Module::Rten, build)
}
