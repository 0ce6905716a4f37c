//! A run with any option, interrupted and resumed, is bit for bit the run that was never stopped.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use gqn_formats::{Checkpoint, TensorFile};
use gqn_trainer::config::TrainConfig;
use gqn_trainer::device::DeviceChoice;
use gqn_trainer::distributed::Processes;
use gqn_trainer::evaluation::validation::ValidationSet;
use gqn_trainer::model::Gqn;
use gqn_trainer::run::folder::{
    CHECKPOINT_FILE, EVALUATION_FILE, HELD_OUT_FILE, LOG_FILE, RunFolder, STATE_FILE,
};
use gqn_trainer::training::training_loop::{TrainOptions, train};

/// Three steps of a small model of either kind.
const PRESETS: [&str; 2] = ["tiny-tower", "tiny"];
const BASE: &str = r"
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
";

fn train_in(folder: &Path, config: TrainConfig, resume: bool, interrupted: bool) {
    let options = TrainOptions {
        folder: RunFolder::new(folder),
        resume,
        init: None,
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
fn config(folder: &Path, preset: &str, option: &str) -> TrainConfig {
    let file = folder.join("base.toml");
    std::fs::write(&file, format!("preset = \"{preset}\"\n{BASE}")).expect("a file");
    let option = option.parse().expect("TOML");
    TrainConfig::layered(None, Some(&file), option).expect("a config")
}

/// The weights that are published after the run.
#[track_caller]
fn check(preset: &str, option: &str) -> BTreeMap<String, Vec<u32>> {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), preset, option);
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
    for preset in PRESETS {
        every_option_of(preset);
    }
}

#[track_caller]
fn every_option_of(preset: &str) {
    let base = check(preset, "");
    for option in [
        "kl_weight = { start = 0.0, end = 1.0, over = 2 }",
        "clip_gradient = 0.5",
        "weight_average = 0.9",
        "generation_steps = 1",
        "generation_steps = 0.67\nweight_average = 0.9\naccumulate = 2",
        "generation_steps = 2\nactivation_checkpointing = true",
        "generation_steps = 1\nvariant = \"reference\"",
        "accumulate = 2",
        "resident_scenes = 3",
        "min_context = 3",
        "activation_checkpointing = true",
        "variant = \"reference\"",
        "winograd = false",
        "precision = \"bf16\"",
        "pixel_std_dev = { start = 3.0, end = 2.0, over = \"run\" }",
        "learning_rate = { start = 1e-3, end = 1e-4, over = 2 }",
        "[model]\nshared_inference_core = false",
        "[model]\nshared_core = false",
    ] {
        assert!(check(preset, option) != base, "{option} changes nothing with {preset}");
    }
}

/// The evaluation and the checkpoint say the phase, and nothing of a posterior that was never trained.
#[track_caller]
fn check_figures(run: &std::path::Path, is_elbo: bool) {
    let text = std::fs::read(run.join(EVALUATION_FILE)).expect("an evaluation");
    let evaluation: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
    assert_eq!(evaluation["phase"], if is_elbo { "elbo" } else { "generation" });
    for key in ["kl", "elbo", "excess", "mse_reconstructed"] {
        assert_eq!(evaluation[key].is_f64(), is_elbo, "{key} in {evaluation}");
    }
    let row = &evaluation["by_context"][0];
    assert!(row["generated"]["mse"].is_f64(), "{row}");
    assert_eq!(row["reconstructed"].is_object() && row["kl"].is_f64(), is_elbo, "{row}");
    let table =
        serde_json::from_value::<gqn_trainer::evaluation::evaluate::Evaluation>(evaluation.clone());
    assert_eq!(table.expect("an evaluation").table().contains("generation phase"), !is_elbo);
    let checkpoint = gqn_formats::Checkpoint::load(&run.join(CHECKPOINT_FILE)).expect("weights");
    let metrics = checkpoint.provenance.metrics;
    assert_eq!(metrics.get("elbo_phase"), Some(&f64::from(u8::from(is_elbo))));
    for key in ["kl", "elbo", "mse_reconstructed", "kl_1"] {
        assert_eq!(metrics.contains_key(key), is_elbo, "{key} in {metrics:?}");
    }
    for key in ["rmse_1", "mae_2", "psnr_3", "ssim_1"] {
        assert!(metrics[key].is_finite(), "{key} in {metrics:?}");
    }
    let most = evaluation["context"].as_u64().expect("a number of views");
    let rmse = metrics[&format!("rmse_{most}")];
    assert!((rmse - 255.0 * metrics["mse_generated"].sqrt()).abs() < 1e-9 * rmse);
}

#[test]
fn the_generation_phase_moves_the_generator_alone() {
    tch::set_num_threads(1);
    let is_late = |name: &str| name.contains("inference_core.") || name.contains("posterior.");
    for (preset, variant) in
        [("tiny-tower", "fused"), ("tiny-tower", "reference"), ("tiny", "fused")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let option = format!("variant = \"{variant}\"\nweight_average = 0.5\ngeneration_steps = ");
        let run = |name: &str, generation_steps: &str| {
            let config = config(folder.path(), preset, &format!("{option}{generation_steps}"));
            let out = folder.path().join(name);
            train_in(&out, config.clone(), false, false);
            (
                config,
                bits(&out, STATE_FILE),
                std::fs::read_to_string(out.join(LOG_FILE)).expect("a log"),
            )
        };
        let (config, all, _) = run("all", "1.0");
        check_figures(&folder.path().join("all"), false);
        let fresh = Gqn::new(&config.model, tch::Device::Cpu, config.seed);
        let fresh = fresh.checkpoint(0, gqn_formats::Provenance::default()).tensors;
        for (name, fresh) in &fresh {
            let fresh: Vec<u32> = fresh.iter().map(|value| value.to_bits()).collect();
            let average = &all[&format!("average.{name}")];
            let moments =
                ["first", "second"].map(|order| &all[&format!("adam.{order}_moment.{name}")]);
            if is_late(name) {
                assert!(
                    all[name] == fresh && *average == fresh,
                    "{preset} {variant}: {name} was moved"
                );
                let is_zero = |numbers: &Vec<u32>| numbers.iter().all(|bits| *bits == 0);
                assert!(moments.into_iter().all(is_zero), "{preset} {variant}: moments of {name}");
            }
        }
        let moved = fresh.keys().filter(|name| !is_late(name));
        let still: Vec<_> = moved
            .filter(|name| {
                let moments = &all[&format!("adam.second_moment.{name}")];
                moments.iter().all(|bits| *bits == 0)
            })
            .collect();
        assert!(still.is_empty(), "{preset} {variant}: nothing reached {still:?}");
        let (_, part, log) = run("part", "2");
        check_figures(&folder.path().join("part"), true);
        assert!(part.iter().any(|(name, bits)| is_late(name) && *bits != all[name]));
        let lines: Vec<serde_json::Value> =
            log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let phases: Vec<_> = lines.iter().map(|line| line["phase"].as_str()).collect();
        assert_eq!(phases, [Some("generation"), Some("generation"), Some("elbo")]);
        for (line, has_bound) in lines.iter().zip([false, false, true]) {
            for key in ["elbo", "kl", "excess"] {
                assert_eq!(line[key].is_f64(), has_bound, "{key} in {line}");
            }
            assert!(line["log_likelihood"].is_f64(), "{line}");
        }
    }
}

#[test]
fn held_out_scenes_are_painted_with_the_average() {
    tch::set_num_threads(1);
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "tiny-tower", "weight_average = 0.9\nevaluate_every = 3");
    train_in(folder.path(), config.clone(), false, false);
    let log = std::fs::read_to_string(folder.path().join(HELD_OUT_FILE)).expect("a log");
    let set = ValidationSet::open(&config.scenes(), tch::Device::Cpu).expect("scenes");
    let figures = |checkpoint: &Checkpoint| {
        let model = Gqn::from_checkpoint(checkpoint, tch::Device::Cpu);
        serde_json::to_string(&set.validate(&model, &config.schedules, 3).figures)
            .expect("figures are JSON")
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
