//! ONNX Runtime: the one library file out of its wheel.

use std::path::Path;

use anyhow::Result;
use xtask_workspace::wheels::onnxruntime::{RELEASE, library};
use xtask_workspace::wheels::{Contents, Platform, Select, Stamp};
use xtask_workspace::{Workspace, console, failure};

use super::machine;

const SPACE: u64 = 120_000_000;

/// Puts `libonnxruntime.so` into `target/onnxruntime`, unless `ORT_DYLIB_PATH` names one.
pub(super) fn set_up(workspace: &Workspace) -> Result<()> {
    if let Some(own) = Workspace::own_onnxruntime() {
        return require(&own);
    }
    let platform = Platform::of_this_machine()?;
    let wheels = [(RELEASE.wheel(platform), library as Select)];
    let target = format!("libonnxruntime.so.{}", RELEASE.version);
    let links = [("libonnxruntime.so", target.as_str())];
    let contents = Contents { wheels: &wheels, links: &links };
    let folder = workspace.onnxruntime();
    if Stamp::holds(&folder, &contents.source()) {
        return Ok(());
    }
    console::line(&format!("setting up ONNX Runtime {}", RELEASE.version));
    machine::require_space(&workspace.downloads(), SPACE)?;
    contents.install(platform, &workspace.downloads(), &folder)
}

fn require(own: &Path) -> Result<()> {
    if own.exists() {
        return Ok(());
    }
    Err(failure(
        format!("ORT_DYLIB_PATH is {}, which does not exist", own.display()),
        "name the library (libonnxruntime.so.1.x.y) or its folder, or unset the variable to have one fetched",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_ones_own_must_be_there() {
        let text = xtask_workspace::describe(
            &require(Path::new("/no/such/libonnxruntime.so")).unwrap_err(),
        );
        assert!(text.contains("which does not exist\nhint: "), "{text}");
    }
}
