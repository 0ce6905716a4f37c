//! libtorch: the pinned one out of `PyTorch`'s wheel, or the user's own.
//!
//! The wheel is the CUDA build, of which only the CPU half is unpacked: `libtorch_cpu.so`, what it needs, and the
//! headers. So the trainer is compiled against the very headers that CUDA machines have, and CUDA is never linked.

use std::path::{Path, PathBuf};

use anyhow::Result;
use xtask_workspace::wheels::{Contents, Platform, Select, Stamp, Wheel};
use xtask_workspace::{Workspace, console};

use super::machine;
use super::{links, version};

/// The `PyTorch` release that the trainer's binding (tch 0.24) was generated for.
pub(super) const VERSION: &str = "2.11.0";

/// Wheel and unpacked files lie side by side for a moment, and pip copies the wheel once.
const SPACE: u64 = 1_300_000_000;

/// Makes `target/libtorch` from the user's `LIBTORCH` or from the pinned wheels.
pub(super) fn set_up(workspace: &Workspace) -> Result<()> {
    machine::require_cxx()?;
    if let Some(own) = workspace.own_libtorch() {
        let own = version::check_libtorch(&own)?;
        return links::make(workspace, &own);
    }
    let platform = Platform::of_this_machine()?;
    let wheels = wheels(platform);
    let contents = Contents { wheels: &wheels, links: &[] };
    let downloads = workspace.downloads();
    let folder = downloads.join(format!("libtorch-{VERSION}"));
    if !Stamp::holds(&folder, &contents.source()) {
        console::line(&format!("setting up libtorch {VERSION}"));
        machine::require_space(&downloads, SPACE)?;
        contents.install(platform, &downloads, &folder)?;
    }
    links::make(workspace, &folder)
}

/// `PyTorch`, and the two CUDA libraries that its CPU half names.
fn wheels(platform: Platform) -> [(Wheel, Select); 3] {
    let (torch, runtime, cupti) = match platform {
        Platform::LinuxX86_64 => (
            ("7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a", 530_604_548),
            ("7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548", 2_243_632),
            ("4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8", 10_715_597),
        ),
        Platform::LinuxAarch64 => (
            ("d91aac77f24082809d2c5a93f52a5f085032740a1ebc9252a7b052ef5a4fddc6", 419_718_178),
            ("ef9bcbe90493a2b9d810e43d249adb3d02e98dd30200d86607d8d02687c43f55", 2_261_060),
            ("796bd679890ee55fb14a94629b698b6db54bcfd833d391d5e94017dd9d7d3151", 10_310_827),
        ),
    };
    let wheel = |package, version, (sha256, bytes)| Wheel { package, version, sha256, bytes };
    [
        (wheel("torch", VERSION, torch), of_torch as Select),
        (wheel("nvidia-cuda-runtime", "13.0.96", runtime), of_cuda_runtime),
        (wheel("nvidia-cuda-cupti", "13.0.85", cupti), of_cupti),
    ]
}

fn of_torch(name: &str) -> Option<PathBuf> {
    let path = name.strip_prefix("torch/")?;
    let wanted = match path.split_once('/')? {
        ("include", _) => !path.ends_with('/'),
        ("lib", file) => file.contains(".so") && !file.contains('/') && links::is_wanted(file),
        _ => false,
    };
    wanted.then(|| path.into())
}

fn of_cuda_runtime(name: &str) -> Option<PathBuf> {
    cuda_library(name, "libcudart.so")
}

fn of_cupti(name: &str) -> Option<PathBuf> {
    cuda_library(name, "libcupti.so")
}

fn cuda_library(name: &str, library: &str) -> Option<PathBuf> {
    let file = Path::new(name).file_name()?.to_str()?;
    file.starts_with(library).then(|| Path::new("lib").join(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_headers_and_the_cpu_half_are_unpacked() {
        assert_eq!(of_torch("torch/include/ATen/ATen.h"), Some("include/ATen/ATen.h".into()));
        assert_eq!(of_torch("torch/lib/libtorch_cpu.so"), Some("lib/libtorch_cpu.so".into()));
        assert_eq!(of_torch("torch/lib/libgomp.so.1"), Some("lib/libgomp.so.1".into()));
        for unwanted in [
            "torch/lib/libtorch_cuda.so",
            "torch/lib/libtorch.so",
            "torch/nn/lib.so",
            "torch/version.py",
        ] {
            assert_eq!(of_torch(unwanted), None, "{unwanted}");
        }
        assert_eq!(of_cupti("nvidia/cu13/lib/libcupti.so.13"), Some("lib/libcupti.so.13".into()));
        assert_eq!(of_cupti("nvidia/cu13/lib/libnvperf_host.so"), None);
    }
}
