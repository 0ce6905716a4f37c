//! A run with any option, interrupted and resumed, is bit for bit the run that was never stopped.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gqn_formats::{Checkpoint, TensorFile};
use gqn_trainer::config::TrainConfig;
use gqn_trainer::device::DeviceChoice;
use gqn_trainer::held_out::HeldOutSet;
use gqn_trainer::model::Gqn;
use gqn_trainer::parallel::Processes;
use gqn_trainer::run_folder::{CHECKPOINT_FILE, HELD_OUT_FILE, RunFolder, STATE_FILE};
use gqn_trainer::train::{TrainOptions, train};

/// Three steps of a small model.
const BASE: &str = r#"
preset = "tiny"
scenes = 6
test_scenes = 1
steps = 3
batch = 4
seed = 5
log_every = 1

[model]
image_size = 16
representation_channels = 8
hidden_channels = 8
canvas_channels = 8
steps = 3
"#;

fn train_in(folder: &Path, config: TrainConfig, resume: bool, interrupted: bool) {
    let options = TrainOptions {
        folder: RunFolder::new(folder),
        resume,
        minutes: None,
        slice_minutes: None,
        device: DeviceChoice::Cpu.open().expect("a CPU"),
        command: String::new(),
    };
    let interrupted = AtomicBool::new(interrupted);
    train(config, &options, &Processes::single(), &interrupted, &mut |_| {}).expect("a run");
}

fn bits(folder: &Path, file: &str) -> BTreeMap<String, Vec<u32>> {
    let bytes = std::fs::read(folder.join(file)).expect("a file of the run");
    let tensors = TensorFile::from_bytes(file, &bytes).expect("tensors").tensors;
    tensors
        .into_iter()
        .map(|(name, tensor)| (name, tensor.iter().map(|value| value.to_bits()).collect()))
        .collect()
}

/// The base run with an option.
fn config(folder: &Path, option: &str) -> TrainConfig {
    let file = folder.join("base.toml");
    std::fs::write(&file, BASE).expect("a file");
    let option = option.parse().expect("TOML");
    TrainConfig::layered(None, Some(&file), option).expect("a config")
}

/// The weights that are published after the run.
#[track_caller]
fn check(option: &str) -> BTreeMap<String, Vec<u32>> {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), option);
    let [straight, stopped] = ["straight", "stopped"].map(|name| folder.path().join(name));
    train_in(&straight, config.clone(), false, false);
    // An interruption that is there from the start takes effect after one step.
    train_in(&stopped, config.clone(), false, true);
    let after_one = bits(&stopped, STATE_FILE);
    let saved = TrainConfig::layered(None, Some(&stopped.join("config.toml")), toml::Table::new());
    assert_eq!(saved.expect("the run's own"), config, "{option}");
    train_in(&stopped, config, true, false);
    for file in [STATE_FILE, CHECKPOINT_FILE] {
        let (found, expected) = (bits(&stopped, file), bits(&straight, file));
        assert_eq!(found.len(), expected.len());
        for (name, bits) in found {
            assert!(bits == expected[&name], "{option}: {name} of {file} differs");
        }
    }
    let end = bits(&straight, STATE_FILE);
    assert!(end != after_one, "{option}: two steps moved nothing");
    bits(&straight, CHECKPOINT_FILE)
}

#[test]
fn every_option_resumes_and_changes_something() {
    let plain = check("");
    for option in [
        "kl_weight = { start = 0.0, end = 1.0, over = 2 }",
        "clip_gradient = 0.5",
        "weight_average = 0.9",
        "accumulate = 2",
        "min_context = 3",
        "recompute = true",
        "form = \"plain\"",
        "winograd = false",
        "precision = \"bf16\"",
        "pixel_std_dev = { start = 3.0, end = 2.0, over = \"run\" }",
        "learning_rate = { start = 1e-3, end = 1e-4, over = 2 }",
        "[model]\nshared_inference_core = false",
        "[model]\nshared_core = false",
    ] {
        assert!(check(option) != plain, "{option} changes nothing");
    }
}

#[test]
fn held_out_scenes_are_painted_with_the_average() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "weight_average = 0.9\nevaluate_every = 3");
    train_in(folder.path(), config.clone(), false, false);
    let log = std::fs::read_to_string(folder.path().join(HELD_OUT_FILE)).expect("a log");
    let set = HeldOutSet::open(&config, tch::Device::Cpu).expect("scenes");
    let figures = |checkpoint: &Checkpoint| {
        let model = Gqn::from_checkpoint(checkpoint, tch::Device::Cpu);
        serde_json::to_string(&set.look(&model, &config, 3).figures).expect("figures are JSON")
    };
    let average = Checkpoint::load(&folder.path().join(CHECKPOINT_FILE)).expect("a checkpoint");
    assert_eq!(log.trim(), figures(&average));
    // The weights that Adam moves are others, and paint otherwise.
    let bytes = std::fs::read(folder.path().join(STATE_FILE)).expect("a state");
    let state = TensorFile::from_bytes(STATE_FILE, &bytes).expect("tensors").tensors;
    let mut own = average;
    for (name, tensor) in &mut own.tensors {
        tensor.assign(&state[name]);
    }
    assert_ne!(log.trim(), figures(&own));
}
