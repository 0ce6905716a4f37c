//! A run that begins with the weights of another, and checkpoints in half precision.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::atomic::AtomicBool;

use gqn_formats::{Checkpoint, Element, Provenance};
use gqn_system::Overwrite;
use gqn_trainer::config::TrainConfig;
use gqn_trainer::device::DeviceChoice;
use gqn_trainer::distributed::Processes;
use gqn_trainer::model::Gqn;
use gqn_trainer::run::folder::{CHECKPOINT_FILE, RunFolder};
use gqn_trainer::training::training_loop::{TrainError, TrainOptions, train};

/// Too small a rate to move any weight but zeros, which become some 1e-30.
const STILL: &str = r"
scenes = 4
test_scenes = 1
steps = 2
batch = 2
learning_rate = { start = 1e-30, end = 1e-30, over = 1 }

[model]
image_size = 16
representation_channels = 8
hidden_channels = 8
canvas_channels = 8
steps = 2
";

fn config(more: &str) -> TrainConfig {
    let flags = format!("{more}\n{STILL}").parse().expect("TOML");
    TrainConfig::layered(None, None, flags).expect("a config")
}

/// The published weights after a run that begins with those of `init`.
fn run(out: &Path, config: TrainConfig, init: &Path) -> Result<Checkpoint, TrainError> {
    tch::set_num_threads(1);
    let options = TrainOptions {
        folder: RunFolder::new(out),
        resume: false,
        init: Some(init.to_owned()),
        minutes: None,
        slice_minutes: None,
        device: DeviceChoice::Cpu.open().expect("a CPU"),
        command: String::new(),
    };
    let interrupted = AtomicBool::new(false);
    train(config, &options, &Processes::single(), &interrupted, &mut |_| {})?;
    Ok(Checkpoint::load(&out.join(CHECKPOINT_FILE))?)
}

/// Weights of a model of that config, other than a run with its seed begins with.
fn weights(config: &TrainConfig) -> Checkpoint {
    let provenance = Provenance { data: "another world".into(), ..Provenance::default() };
    Gqn::new(&config.model, tch::Device::Cpu, config.seed + 1).checkpoint(70, provenance)
}

#[track_caller]
fn check_equal(found: &Checkpoint, expected: &Checkpoint) {
    for (name, expected) in &expected.tensors {
        let pairs = found.tensors[name].iter().zip(expected);
        let worst = pairs.map(|(found, expected)| (found - expected).abs()).fold(0.0, f32::max);
        assert!(worst < 1e-25, "{name} differs by {worst}");
    }
}

#[test]
fn a_run_begins_with_given_weights_or_their_halves() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config("weight_average = 0.5");
    let given = weights(&config);
    let [whole, half] =
        ["whole.safetensors", "half.safetensors"].map(|name| folder.path().join(name));
    given.clone().save(&whole, Overwrite::Refuse).expect("a file");
    let halves = given.clone().into_tensor_file().to_bytes_as(Element::F16, "half");
    std::fs::write(&half, halves.expect("weights that fit")).expect("a file");
    let found = run(&folder.path().join("run"), config.clone(), &whole).expect("a run");
    check_equal(&found, &given);
    assert_eq!(found.step, 2);
    let data = &found.provenance.data;
    assert!(data.starts_with("rooms-ring-camera, "), "{data}");
    assert!(
        data.contains("begun with weights of step 70") && data.contains("another world"),
        "{data}"
    );
    let rounded = Checkpoint::load(&half).expect("a checkpoint");
    assert!(rounded.tensors != given.tensors);
    let found = run(&folder.path().join("half"), config, &half).expect("a run");
    check_equal(&found, &rounded);
}

#[test]
fn weights_of_another_model_are_refused_by_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config("");
    let path = folder.path().join("given.safetensors");
    weights(&config).save(&path, Overwrite::Refuse).expect("a file");
    let mut other = config.clone();
    other.model.voxel.as_mut().expect("a voxel model").far = 3.0;
    let error =
        run(&folder.path().join("run"), other, &path).expect_err("another model").to_string();
    assert!(error.contains("model.voxel.far is 2.6, expected 3.0"), "{error}");
}

fn gqn_train(arguments: &[&Path]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-train"));
    command.args(arguments).output().expect("a started program")
}

#[test]
fn checkpoint_writes_halves_and_replaces_nothing_unasked() {
    let folder = tempfile::tempdir().expect("a folder");
    let (from, to) = (folder.path().join(CHECKPOINT_FILE), folder.path().join("half.safetensors"));
    let given = weights(&config(""));
    given.clone().save(&from, Overwrite::Refuse).expect("a file");
    // The folder of a run stands for its checkpoint.
    let arguments =
        ["checkpoint".as_ref(), folder.path(), "--half".as_ref(), "--out".as_ref(), &to];
    let output = gqn_train(&arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let half = Checkpoint::load(&to).expect("a checkpoint");
    assert_eq!((half.config, half.step), (given.config.clone(), 70));
    let size = |path: &Path| std::fs::metadata(path).expect("a file").len();
    assert!(size(&to) < size(&from));
    let again = gqn_train(&arguments);
    let stderr = String::from_utf8_lossy(&again.stderr);
    assert!(!again.status.success() && stderr.contains("--force"), "{stderr}");

    let too_large = ["--force".as_ref(), "--most-bytes".as_ref(), Path::new("1000")];
    let output = gqn_train(&[&arguments[..], &too_large].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("expected at most 1000"), "{stderr}");

    let mut large = given;
    large.tensors.get_mut("prior.bias").expect("a bias").fill(1e6);
    large.save(&from, Overwrite::Force).expect("a file");
    let output = gqn_train(&[&arguments[..], &["--force".as_ref()]].concat());
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && stderr.contains("prior.bias"), "{stderr}");
    assert!(Checkpoint::load(&to).is_ok(), "the earlier file is still there");
}
