//! The JavaScript side of a module.

use std::path::Path;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

/// Writes `gqn.js`, its types and `gqn_bg.wasm` for a page's modules into a folder.
pub(crate) fn bind(module: &Path, folder: &Path) -> Result<()> {
    Bindgen::new()
        .input_path(module)
        .out_name("gqn")
        .web(true)?
        .typescript(true)
        // The optimiser reads them: without them it refuses the vector instructions.
        .generate(folder)
        .with_context(|| format!("cannot make the bindings of {}", module.display()))
}
