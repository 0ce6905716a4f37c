//! The providers of ONNX Runtime that run without an accelerator, as a table on stdout: `OpenVINO` on the CPU, and `WebGPU` on
//! the software Vulkan that comes with Debian's Chromium.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::Value;
use xtask_workspace::wheels::{Contents, Platform, Select, Wheel};
use xtask_workspace::{Workspace, debian, failure, last_line, name_of, output};

use crate::verify::print;

const OPENVINO: Wheel = Wheel {
    package: "onnxruntime-openvino",
    version: "1.24.1",
    sha256: "3007c803634cc69c6d52af1dea7ce729d9bb62b9a11070fd2f959119199007a8",
    bytes: 84_430_935,
};
const WEBGPU: Wheel = Wheel {
    package: "onnxruntime-webgpu",
    version: "1.27.0",
    sha256: "142eb8bdb803c58117bf64164d201f43180bc87229cac14b590aa4ea79e0f70b",
    bytes: 25_149_948,
};
/// Debian's folder of Chromium, with a Vulkan loader and `SwiftShader`, a driver that computes on the CPU.
const CHROMIUM: &str = "/usr/lib/chromium";
const LOADER: &str = "libvulkan.so.1";
const DRIVER: &str = "vk_swiftshader_icd.json";

/// A call of `gqn-run verify`, and what must come of it.
#[derive(Debug)]
struct Case {
    wheel: Wheel,
    what: &'static str,
    options: &'static [&'static str],
    has_vulkan: bool,
    expected: Expected,
}

#[derive(Debug, Clone, Copy)]
enum Expected {
    /// It passes, and this provider runs nodes.
    RunsOn(&'static str),
    /// One line and a remedy, with these words.
    Refusal(&'static str),
}

const CASES: [Case; 6] = [
    Case {
        wheel: OPENVINO,
        what: "all nodes",
        options: &["--provider", "openvino", "--strict"],
        has_vulkan: false,
        expected: Expected::RunsOn("openvino"),
    },
    Case {
        wheel: WEBGPU,
        what: "as many nodes as it can",
        options: &["--provider", "webgpu"],
        has_vulkan: true,
        expected: Expected::RunsOn("webgpu"),
    },
    Case {
        wheel: WEBGPU,
        what: "the scene is copied with each query",
        options: &["--provider", "webgpu", "--io-binding", "off"],
        has_vulkan: true,
        expected: Expected::RunsOn("webgpu"),
    },
    Case {
        wheel: WEBGPU,
        what: "all nodes or none",
        options: &["--provider", "webgpu", "--strict"],
        has_vulkan: true,
        expected: Expected::Refusal("nodes do not run on webgpu"),
    },
    Case {
        wheel: WEBGPU,
        what: "named, no driver",
        options: &["--provider", "webgpu"],
        has_vulkan: false,
        expected: Expected::Refusal("provider webgpu does not run here"),
    },
    Case {
        wheel: WEBGPU,
        what: "auto, no driver",
        options: &["--provider", "auto"],
        has_vulkan: false,
        expected: Expected::RunsOn("cpu"),
    },
];

/// What is read of `gqn-run verify --json`.
#[derive(Debug, Deserialize)]
struct Report {
    engine_report: EngineReport,
    sample: Value,
}

#[derive(Debug, Deserialize)]
struct EngineReport {
    provider: String,
    placement: Vec<Placement>,
}

#[derive(Debug, Deserialize)]
struct Placement {
    nodes: std::collections::BTreeMap<String, u64>,
}

/// Runs every case on every package.
///
/// # Errors
/// A wheel cannot be fetched, or one case does not end as it must; the table is printed whole before.
pub(crate) fn run(workspace: &Workspace, packages: &[PathBuf]) -> Result<()> {
    if !matches!(Platform::of_this_machine(), Ok(Platform::LinuxX86_64)) {
        return Err(failure(
            "ONNX Runtime's builds with OpenVINO and WebGPU are pinned for Linux on x86-64 only",
            "run `gqn-run verify PACKAGE --provider NAME --ort LIBRARY` with a build of your own",
        ));
    }
    require_vulkan(workspace)?;
    let program = std::env::current_exe().context("cannot tell where this program lies")?;
    let program = program.with_file_name("gqn-run");
    print(
        "| ONNX Runtime | package | what | result | nodes | seconds |\n|---|---|---|---|---|--:|",
    )?;
    let mut failures = 0;
    for case in CASES {
        let library = fetch(&case.wheel, &workspace.downloads())?;
        for package in packages {
            let mut command = Command::new(&program);
            command.arg("verify").arg(package).arg("--ort").arg(&library).arg("--json");
            command.args(case.options);
            // Whatever the machine has of Vulkan, only this driver is seen, or none.
            command.env_remove("VK_DRIVER_FILES").env_remove("LD_LIBRARY_PATH");
            let driver = if case.has_vulkan {
                command.env("LD_LIBRARY_PATH", CHROMIUM);
                Path::new(CHROMIUM).join(DRIVER)
            } else {
                PathBuf::from("/nonexistent/driver.json")
            };
            command.env("VK_ICD_FILENAMES", driver);
            let start = Instant::now();
            let found = judge(&output(&mut command)?, case.expected);
            let seconds = start.elapsed().as_secs_f64();
            failures += usize::from(found.is_err());
            let (result, nodes) = match found {
                Ok(nodes) => ("as it must be".to_owned(), nodes),
                Err(error) => (format!("**fail**: {error:#}"), "–".to_owned()),
            };
            print(&format!(
                "| {} {} | {} | `{}`: {} | {result} | {nodes} | {seconds:.1} |",
                case.wheel.package,
                case.wheel.version,
                name_of(package),
                case.options.join(" "),
                case.what,
            ))?;
        }
    }
    ensure!(failures == 0, "{failures} of the runs did not end as they must");
    Ok(())
}

/// What ran where, if the program ended as it must.
fn judge(output: &Output, expected: Expected) -> Result<String> {
    let said = String::from_utf8_lossy(&output.stderr);
    match expected {
        Expected::Refusal(words) => {
            let is_refused = output.status.code() == Some(1)
                && said.contains("error: ")
                && said.contains(words)
                && said.contains("\nhint: ");
            ensure!(is_refused, "{}: {}", output.status, last_line(&output.stderr));
            Ok("refused".to_owned())
        }
        Expected::RunsOn(provider) => {
            if !output.status.success() {
                bail!("{}: {}", output.status, last_line(&output.stderr));
            }
            let Report { engine_report, sample } =
                serde_json::from_slice(&output.stdout).context("no JSON")?;
            ensure!(sample["passed"] == true, "the pictures differ");
            ensure!(engine_report.provider == provider, "it ran on {}", engine_report.provider);
            let mut nodes = std::collections::BTreeMap::new();
            for (name, count) in engine_report.placement.iter().flat_map(|graph| &graph.nodes) {
                *nodes.entry(name.as_str()).or_insert(0) += count;
            }
            ensure!(nodes.contains_key(provider), "no node ran on {provider}");
            let nodes: Vec<String> =
                nodes.iter().map(|(name, count)| format!("{name} {count}")).collect();
            Ok(nodes.join(", "))
        }
    }
}

/// The library of a wheel, in a folder with those that it loads; fetched if it is not there.
fn fetch(wheel: &Wheel, downloads: &Path) -> Result<PathBuf> {
    let wheels = [(*wheel, library as Select)];
    let contents = Contents { wheels: &wheels, links: &[] };
    let folder = downloads.join(format!("{}-{}", wheel.package, wheel.version));
    contents.ensure(Platform::LinuxX86_64, downloads, &folder)?;
    Ok(folder.join(format!("libonnxruntime.so.{}", wheel.version)))
}

fn library(name: &str) -> Option<PathBuf> {
    let file = name.strip_prefix("onnxruntime/capi/")?;
    (file.starts_with("lib") && file.contains(".so")).then(|| file.into())
}

fn require_vulkan(workspace: &Workspace) -> Result<()> {
    let is_there = || [LOADER, DRIVER].iter().all(|name| Path::new(CHROMIUM).join(name).is_file());
    if is_there() || (debian::install(workspace, &["chromium"])? && is_there()) {
        return Ok(());
    }
    Err(failure(
        format!("no software Vulkan: {CHROMIUM} has no {LOADER} and {DRIVER}"),
        "install Debian's package chromium",
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn ended(code: i32, stdout: &str, stderr: &str) -> Output {
        let status = ExitStatus::from_raw(code << 8);
        Output { status, stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn only_libraries_are_taken() {
        assert!(library("onnxruntime/capi/libopenvino.so.2541").is_some());
        assert!(library("onnxruntime/capi/onnxruntime_pybind11_state.cpython-311.so").is_none());
        assert!(library("onnxruntime/capi/libonnxruntime.so.1.24.1").is_some());
    }

    #[test]
    fn what_ran_elsewhere_or_not_at_all_is_no_success() {
        let report = |provider: &str, passed: bool| {
            format!(
                r#"{{"engine_report": {{"provider": "{provider}", "placement": [{{"nodes": {{"webgpu": 3}}}},
                {{"nodes": {{"webgpu": 2, "cpu": 1}}}}]}}, "sample": {{"passed": {passed}}}}}"#
            )
        };
        let on_webgpu = Expected::RunsOn("webgpu");
        let good = ended(0, &report("webgpu", true), "");
        assert_eq!(judge(&good, on_webgpu).unwrap(), "cpu 1, webgpu 5");
        assert!(judge(&ended(0, &report("webgpu", false), ""), on_webgpu).is_err());
        assert!(judge(&ended(0, &report("cpu", true), ""), on_webgpu).is_err());
        assert!(judge(&ended(1, "", "error: no"), on_webgpu).is_err());
        let refusal = Expected::Refusal("not here");
        assert!(judge(&ended(1, "", "error: not here\nhint: there\n"), refusal).is_ok());
        assert!(judge(&ended(0, "", "error: not here\nhint: there\n"), refusal).is_err());
        assert!(judge(&ended(1, "", "error: not here\n"), refusal).is_err());
    }
}
