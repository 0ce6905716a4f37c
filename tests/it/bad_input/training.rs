//! Training flags and data that do not fit.

use std::fs;
use std::path::Path;

use crate::micro::{CONFIG, config_in, micro, read_files};
use crate::programs::{Outcome, program, run};

/// `gqn-train train` with these words, into a folder that is not there.
fn train(words: &[&str]) -> Outcome {
    run(program("gqn-train").args(["train", "--out", "no/such/place"]).args(words))
}

#[test]
fn command_lines() {
    train(&["--preset", "huge"]).misused(&[
        "--preset",
        "unknown preset `huge`",
        "paper, edge, tiny, edge-tower, tiny-tower",
    ]);
    train(&["--shared-core", "maybe"]).misused(&["--shared-core", "maybe"]);
    train(&["--shared-core"]).misused(&["--shared-core"]);
    train(&["--representation", "tetrahedron"]).misused(&["pyramid, tower, pool or voxel"]);
    train(&["--world", "moon"]).misused(&["--world", "rooms-ring-camera"]);
    train(&["--device", "gpu"]).misused(&["--device", "cuda:N"]);
    train(&["--steps", "-1"]).misused(&["-1"]);
    train(&["--resume", "--preset", "tiny"]).misused(&["--resume", "--preset"]);
    for name in ["gqn-train", "gqn-export", "gqn-run", "gqn-data"] {
        run(&mut program(name)).ended_with_usage_of(name);
    }
    run(program("gqn-run").args(["render", "package", "--out", "o", "--provider", "gpu"]))
        .misused(&["gpu"]);
    assert!(!Path::new("no/such/place").exists());
}

impl Outcome {
    /// Exit code 2, and how the program is used, by the name that was called.
    #[track_caller]
    fn ended_with_usage_of(&self, name: &str) {
        assert_eq!(self.code, Some(2), "{}", self.stderr);
        assert!(self.stderr.contains(&format!("Usage: {name} <COMMAND>")), "{}", self.stderr);
    }
}

#[track_caller]
fn check_config(text: &str, parts: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let (config, out) = (folder.path().join("run.toml"), folder.path().join("run"));
    fs::write(&config, text).expect("a file");
    run(program("gqn-train").args(["train", "--config"]).arg(config).arg("--out").arg(&out))
        .failed(parts);
    assert!(!out.exists(), "a refused configuration leaves no folder");
}

#[test]
fn configurations() {
    check_config("bach = 3", &["unknown field `bach`"]);
    check_config("[model]\nstep = 3", &["unknown field `step`"]);
    check_config("batch = ", &["run.toml is not valid TOML"]);
    check_config("batch = 0", &["batch is 0", "at least 1"]);
    check_config("batch = -1", &["-1"]);
    check_config("preset = \"huge\"", &["unknown preset `huge`", "paper, edge, tiny"]);
    check_config("[model]\nimage_size = 30", &["image_size is 30", "multiple of 8"]);
    check_config("[model]\npose_encoding = \"xyz-quaternion\"", &["xyz-quaternion"]);
    run(program("gqn-train").args(["train", "--config", "no.toml", "--out", "no/such/place"]))
        .failed(&["could not read no.toml"]);
}

#[test]
fn a_run_is_replaced_only_with_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = micro().run_in(folder.path());
    fs::write(out.join("notes.txt"), "mine").expect("a file");
    let before = read_files(&out);
    let config = config_in(folder.path());
    let again = || {
        let mut command = program("gqn-train");
        command.args(["train", "--device", "cpu", "--seed", "8", "--config"]).arg(&config);
        command.arg("--out").arg(&out);
        command
    };
    run(&mut again()).failed_with_hint(&["run holds a run", "--resume", "--force"]);
    assert!(read_files(&out) == before, "something was changed");
    run(program("gqn-train").arg("golden").arg(out.join("checkpoint.safetensors")))
        .failed_with_hint(&["golden.safetensors exists", "--force"]);
    assert!(read_files(&out) == before, "something was changed");

    run(again().arg("--force")).succeeded();
    let after = read_files(&out);
    assert!(after["checkpoint.safetensors"] != before["checkpoint.safetensors"]);
    assert_eq!(after["notes.txt"], b"mine", "--force replaces the run and nothing else");
}

#[test]
fn a_package_is_replaced_only_with_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let (run_folder, package) = (micro().run_in(folder.path()), micro().package_in(folder.path()));
    let export = |more: &[&str]| {
        run(program("gqn-export")
            .arg("export")
            .arg(&run_folder)
            .arg("--out")
            .arg(&package)
            .args(more))
    };
    export(&[]).failed_with_hint(&["package exists", "--force"]);
    assert!(read_files(&package) == micro().package, "something was changed");
    fs::write(package.join("notes.txt"), "mine").expect("a file");
    export(&["--force"]).failed_with_hint(&["notes.txt"]);
    assert_eq!(fs::read(package.join("notes.txt")).expect("a file"), b"mine");
    fs::remove_file(package.join("notes.txt")).expect("a file");
    fs::write(package.join("generator.onnx"), "damaged").expect("a file");
    export(&["--force"]).succeeded();
    assert!(read_files(&package) == micro().package, "the package was not replaced");
}

#[test]
fn pictures_are_replaced_only_with_force() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let views = folder.path().join("views");
    fs::create_dir(&views).expect("a folder");
    fs::write(views.join("truth_01.png"), "mine").expect("a file");
    let orbit = folder.path().join("orbit.gif");
    fs::write(&orbit, "mine").expect("a file");
    let paint = |command: &str, out: &Path| {
        let world = ["--world", "rooms-ring-camera"];
        run(program("gqn-run").arg(command).arg(&package).args(world).arg("--out").arg(out))
    };
    paint("render", &views).failed_with_hint(&["truth_01.png exists", "--force"]);
    paint("orbit", &orbit).failed_with_hint(&["orbit.gif exists", "--force"]);
    assert_eq!(fs::read(&orbit).expect("a file"), b"mine");
    assert_eq!(read_files(&views).len(), 1, "what was there, and nothing else");
}

#[test]
fn the_micro_configuration_is_one_that_fits() {
    // Or else every refusal above might be for another reason.
    let table: toml::Table = CONFIG.parse().expect("TOML");
    assert!(table.contains_key("model") && micro().run.contains_key("config.toml"));
}
