//! `gqn-run` on the machine it is on: placement, `--strict`, `bench`, `warmup`, `doctor`, completions.
//!
//! Needs ONNX Runtime: `cargo xtask test` fetches it, `cargo xtask setup` does so alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

const PACKAGES: [&str; 2] = ["rooms-ring-camera-tiny", "rooms-ring-camera-demo"];

fn package(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo/models").join(name)
}

fn run(arguments: &[&str], package: Option<&Path>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-run"));
    command.env("RUST_BACKTRACE", "1").args(&arguments[..1]).args(package).args(&arguments[1..]);
    command.output().expect("a program")
}

#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

fn json(output: &Output) -> Value {
    ended(output, 0);
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn where_nodes_ran_is_measured() {
    for name in PACKAGES {
        let info = run(&["info", "--provider", "cpu", "--json"], Some(&package(name)));
        let report = &json(&info)["engine_report"];
        assert_eq!((&report["asked"], &report["provider"]), (&"cpu".into(), &"cpu".into()));
        let graphs = report["placement"].as_array().expect("a placement");
        assert_eq!(graphs.len(), 2);
        for graph in graphs {
            assert!(graph["nodes"]["cpu"].as_u64().expect("a count") > 10, "{graph}");
            assert_eq!(graph["fallback"].as_array().expect("a list").len(), 0);
        }
        ended(&run(&["verify", "--provider", "cpu", "--strict"], Some(&package(name))), 0);
    }
    let tower = package(PACKAGES[0]);
    let stderr = ended(&run(&["verify", "--strict"], Some(&tower)), 1);
    assert!(stderr.contains("--provider is auto\nhint: "), "{stderr}");
    let stderr =
        ended(&run(&["verify", "--provider", "cpu", "--device-memory", "512"], Some(&tower)), 1);
    assert!(stderr.contains("provider cpu has no such limit\nhint: "), "{stderr}");
}

/// A provider that cannot be had is an error of its own name; afterwards the process ends as every other does.
#[test]
fn providers_that_do_not_run_are_said() {
    for provider in ["cuda", "tensorrt", "openvino", "webgpu"] {
        let output = run(&["verify", "--provider", provider], Some(&package(PACKAGES[0])));
        if output.status.success() {
            continue;
        }
        let stderr = ended(&output, 1);
        let line = format!("error: provider {provider} does not run here: ");
        assert!(stderr.contains(&line) && stderr.contains("\nhint: "), "{stderr}");
    }
}

#[test]
fn bench_finds_regressions() {
    let folder = tempfile::tempdir().expect("a folder");
    let old = folder.path().join("old.json");
    let arguments = [
        "bench",
        "--provider",
        "cpu",
        "--threads",
        "1",
        "--seconds",
        "0.05",
        "--batches",
        "1,3",
        "--json",
    ];
    let output = run(&arguments, Some(&package(PACKAGES[1])));
    let mut report = json(&output);
    assert_eq!(report["batches"][1]["queries"], 3);
    for value in [
        &report["load_ms"],
        &report["first_view_ms"],
        &report["represent"]["p99_ms"],
        &report["batches"][0]["views_per_second"],
    ] {
        assert!(value.as_f64().expect("a number") > 0.0, "{report}");
    }
    let compare = |report: &Value, code: i32| {
        fs::write(&old, report.to_string()).expect("a file");
        let tolerance = ["--compare", old.to_str().expect("a path"), "--tolerance", "900"];
        ended(&run(&[&arguments[..], &tolerance].concat(), Some(&package(PACKAGES[1]))), code)
    };
    for part in ["represent", "batches"] {
        let times = if part == "batches" { &mut report[part][0] } else { &mut report[part] };
        times["p50_ms"] = 1e6.into();
    }
    report["batches"][1]["p50_ms"] = 1e6.into();
    compare(&report, 0);
    report["batches"][1]["p50_ms"] = 1e-6.into();
    let stderr = compare(&report, 1);
    assert!(
        stderr.contains("slower than before: 3 at once by ") && !stderr.contains("1 at once by"),
        "{stderr}"
    );
    fs::write(&old, "{}").expect("a file");
    let arguments = ["bench", "--compare", old.to_str().expect("a path")];
    let stderr = ended(&run(&arguments, Some(&package(PACKAGES[1]))), 1);
    assert!(stderr.contains("is no output of `gqn-run bench --json`"), "{stderr}");
}

#[test]
fn a_rate_says_what_of_a_core_it_takes() {
    let arguments = [
        "bench",
        "--provider",
        "cpu",
        "--threads",
        "1",
        "--seconds",
        "0.3",
        "--batches",
        "1",
        "--rate",
        "30",
        "--json",
    ];
    let rate = &json(&run(&arguments, Some(&package(PACKAGES[0]))))["rate"];
    let views = rate["views"].as_u64().expect("a count");
    assert!((1..=10).contains(&views), "{rate}");
    assert!(
        rate["cores"].as_f64().expect("a number") >= rate["idle_cores"].as_f64().expect("a number")
    );
}

#[test]
fn a_provider_is_warmed_up() {
    let output = run(
        &["warmup", "--provider", "cpu", "--batch", "4", "--json"],
        Some(&package(PACKAGES[0])),
    );
    let runs = json(&output)["runs"].as_array().expect("runs").clone();
    let queries: Vec<u64> =
        runs.iter().map(|run| run["queries"].as_u64().expect("a number")).collect();
    assert_eq!(queries, [1, 2, 4]);
}

#[test]
fn the_doctor_and_the_shell_are_served() {
    let report = json(&run(&["doctor", "--json"], None));
    assert!(
        report["onnxruntime"]["path"].as_str().is_some_and(|path| path.contains("libonnxruntime")),
        "{report}"
    );
    assert_eq!(
        report["providers"][0]["missing"],
        Value::Array(Vec::new()),
        "its own library loads here"
    );
    let root = tempfile::tempdir().expect("a folder");
    let text = run(&["doctor", "--root", root.path().to_str().expect("a path")], None);
    ended(&text, 0);
    assert!(String::from_utf8_lossy(&text.stdout).contains("get ONNX Runtime"));
    ended(&run(&["doctor", "--root", "/nonexistent"], None), 1);
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell], None);
        ended(&script, 0);
        assert!(String::from_utf8_lossy(&script.stdout).contains("doctor"));
    }
    let page = run(&["manual"], None);
    ended(&page, 0);
    assert!(String::from_utf8_lossy(&page.stdout).contains(".TH gqn-run 1"));
}
