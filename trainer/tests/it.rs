//! `gqn-train` as it is called; what it computes is tested in `src/` and, with the other programs, in the crate `tests`.
//!
//! Cargo builds a package's programs when it has a test like this one, and the crate `tests` calls them.

use std::path::Path;
use std::process::{Command, Output};

use gqn_formats::{TensorFile, names};

fn gqn_train(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-train"));
    command.args(arguments).output().expect("a started program")
}

#[test]
fn help_names_every_command() {
    let output = gqn_train(&["--help"]);
    let help = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success());
    for command in ["train", "eval", "golden", "oracle", "gpu-check"] {
        assert!(help.contains(&format!("\n  {command} ")), "{command} is not in: {help}");
    }
}

#[test]
fn one_of_several_processes_does_not_train_alone() {
    // A launcher's word, without the launcher.
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-train"));
    command.args(["train", "--out"]).arg(folder.path().join("run"));
    let output = command.env("OMPI_COMM_WORLD_SIZE", "2").output().expect("a started program");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(stderr.contains("this is one of 2 processes") && stderr.contains("hint: "), "{stderr}");
    assert!(!folder.path().join("run").exists());
}

#[test]
fn a_command_that_does_not_exist_is_a_usage_error() {
    assert_eq!(gqn_train(&["tune"]).status.code(), Some(2));
}

/// `gqn-train gpu-check` on the CPU, of these parts only.
fn gpu_check(out: &Path, parts: &[&str]) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
    let out = out.to_str().expect("a name in UTF-8");
    let mut arguments = vec!["gpu-check", "--device", "cpu", "--threads", "1"];
    arguments.extend(["--root", root, "--out", out]);
    arguments.extend(parts.iter().flat_map(|part| ["--only", part]));
    gqn_train(&arguments)
}

fn json(path: &Path) -> serde_json::Value {
    let text = std::fs::read(path).expect("a file of the check");
    serde_json::from_slice(&text).expect("JSON")
}

#[test]
fn a_failing_part_of_the_gpu_check_does_not_stop_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    // Without a run there is no sample to paint anew.
    let output = gpu_check(folder.path(), &["nccl", "golden"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.contains("none  nccl") && printed.contains("FAIL  golden"), "{printed}");
    let verdict = |name: &str| json(&folder.path().join(format!("{name}.json")))["verdict"].clone();
    assert_eq!([verdict("nccl"), verdict("golden")], ["left-out", "failed"]);
    let summary = json(&folder.path().join("summary.json"));
    assert_eq!(summary["parts"].as_array().map(Vec::len), Some(2));

    let output = gpu_check(folder.path(), &["golden"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{said}");
    assert!(said.contains("golden.json exists") && said.contains("hint: "), "{said}");
    let output = gpu_check(folder.path(), &["gold"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("expected one of: oracle-fused"), "{said}");
}

#[test]
fn the_gpu_check_interrupts_a_run_resumes_it_and_paints_its_sample() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = gpu_check(folder.path(), &["slice", "golden"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    let slice = &json(&folder.path().join("slice.json"))["figures"];
    let step = |name: &str| slice[name].as_u64().expect("a step");
    assert!(0 < step("interrupted_at") && step("interrupted_at") < step("resumed_to"), "{slice}");

    // A sample that is off by twice the tolerance is seen.
    let run = folder.path().join("run");
    let path = run.join("golden.safetensors");
    let bytes = std::fs::read(&path).expect("a sample");
    let mut sample = TensorFile::from_bytes("sample", &bytes).expect("tensors");
    let pictures = sample.tensors.get_mut(names::SAMPLE_FRAMES).expect("pictures");
    pictures[[1, 2, 3, 4]] += 2e-4;
    std::fs::write(&path, sample.to_bytes("sample").expect("bytes")).expect("a file");
    let output = gqn_train(&["golden", run.to_str().expect("UTF-8"), "--check"]);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    assert!(printed.starts_with("FAIL  ") && printed.contains("2.0e-4"), "{printed}");
}
