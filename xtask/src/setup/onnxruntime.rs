//! ONNX Runtime: the one library file out of its wheel.

use std::path::{Path, PathBuf};

use anyhow::Result;
use xtask_workspace::wheels::{Contents, Platform, Select, Stamp, Wheel};
use xtask_workspace::{Workspace, console, failure};

use super::machine;

const VERSION: &str = "1.32.0";
const SPACE: u64 = 120_000_000;

/// Puts `libonnxruntime.so` into `target/onnxruntime`, unless `ORT_DYLIB_PATH` names one.
pub(super) fn set_up(workspace: &Workspace) -> Result<()> {
    if let Some(own) = Workspace::own_onnxruntime() {
        return require(&own);
    }
    let platform = Platform::of_this_machine()?;
    let wheels = [(wheel(platform), library as Select)];
    let links = [("libonnxruntime.so", "libonnxruntime.so.1.32.0")];
    let contents = Contents { wheels: &wheels, links: &links };
    let folder = workspace.onnxruntime();
    if Stamp::holds(&folder, &contents.source()) {
        return Ok(());
    }
    console::line(&format!("setting up ONNX Runtime {VERSION}"));
    machine::require_space(&workspace.downloads(), SPACE)?;
    contents.install(platform, &workspace.downloads(), &folder)
}

fn wheel(platform: Platform) -> Wheel {
    let (sha256, bytes) = match platform {
        Platform::LinuxX86_64 => {
            ("5a34fc4dfeb5a7b4a74c95dcba1e773d722abda720b474edf1b0c419dc6d163d", 27_773_237)
        }
        Platform::LinuxAarch64 => {
            ("2303372a85299b6757b0e11e1cbf13e410ddf7e10c37f4b37e99d1c90e7daf7c", 23_195_070)
        }
    };
    Wheel { package: "onnxruntime", version: VERSION, sha256, bytes }
}

fn library(name: &str) -> Option<PathBuf> {
    let file = name.strip_prefix("onnxruntime/capi/")?;
    file.starts_with("libonnxruntime.so.").then(|| file.into())
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
    fn only_the_library_is_taken() {
        assert_eq!(
            library("onnxruntime/capi/libonnxruntime.so.1.32.0"),
            Some("libonnxruntime.so.1.32.0".into())
        );
        assert_eq!(library("onnxruntime/capi/libonnxruntime_providers_shared.so"), None);
        assert_eq!(library("onnxruntime/__init__.py"), None);
    }

    #[test]
    fn a_library_of_ones_own_must_be_there() {
        let text = xtask_workspace::describe(
            &require(Path::new("/no/such/libonnxruntime.so")).unwrap_err(),
        );
        assert!(text.contains("which does not exist\nhint: "), "{text}");
    }
}
