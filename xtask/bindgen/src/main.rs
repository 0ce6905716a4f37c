//! `xtask-bindgen INPUT.wasm FOLDER`: writes `gqn.js`, its types and `gqn_bg.wasm` for a page's modules.
//!
//! A program of its own, so that the other chores need not wait until its library is compiled.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let usage = "expected INPUT.wasm and a folder";
    let (input, folder) = (arguments.next().context(usage)?, arguments.next().context(usage)?);
    Bindgen::new()
        .input_path(&input)
        .out_name("gqn")
        .web(true)?
        .typescript(true)
        // The optimiser reads them: without them it refuses the vector instructions.
        .generate(&folder)
        .with_context(|| format!("cannot make the bindings of {}", input.display()))
}
