//! What training does about held-out scenes and about what goes wrong.

use std::fs;
use std::path::{Path, PathBuf};

use gqn_formats::Checkpoint;
use serde_json::Value;

use crate::micro::CONFIG;
use crate::programs::{Outcome, program, run};

/// Trains the smallest run with other settings; lines of the same key are replaced.
fn train(folder: &Path, settings: &[(&str, &str)]) -> (Outcome, PathBuf) {
    let mut config: toml::Table = CONFIG.parse().expect("TOML");
    for (key, value) in settings {
        let line: toml::Table = format!("{key} = {value}").parse().expect("TOML");
        config.extend(line);
    }
    let (path, out) = (folder.join("run.toml"), folder.join("run"));
    fs::write(&path, config.to_string()).expect("a file");
    let mut command = program("gqn-train");
    command.args(["train", "--device", "cpu", "--threads", "1", "--force", "--config"]).arg(path);
    (run(command.arg("--out").arg(&out)), out)
}

fn validations(out: &Path) -> Vec<Value> {
    let log = fs::read_to_string(out.join("held_out.jsonl")).expect("a log");
    log.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn the_best_weights_are_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    // Learns first; then steps become so large that the pictures become worse.
    let rate = "{ start = 3e-3, end = 0.3, over = \"run\" }";
    let settings = [("steps", "40"), ("evaluate_every", "4"), ("learning_rate", rate)];
    let (outcome, out) = train(folder.path(), &settings);
    outcome.succeeded();
    let validations = validations(&out);
    let steps: Vec<_> = validations.iter().filter_map(|line| line["step"].as_u64()).collect();
    assert_eq!(steps, (1..=10).map(|index| 4 * index).collect::<Vec<_>>());
    let error = |line: &Value| line["mse_generated"].as_f64().expect("a number");
    let best =
        validations.iter().min_by(|a, b| error(a).total_cmp(&error(b))).expect("a validation");
    assert!(best["step"] != steps[9], "a run whose last weights are its best shows nothing");
    let kept = Checkpoint::load(&out.join("best.safetensors")).expect("a checkpoint");
    assert_eq!(kept.step, best["step"].as_u64().expect("a number"));
    assert!((kept.provenance.metrics["mse_generated"] - error(best)).abs() < 1e-12);
    let last = Checkpoint::load(&out.join("checkpoint.safetensors")).expect("a checkpoint");
    assert!(last.step == 40 && last.tensors != kept.tensors);
}

#[test]
fn a_collapse_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    // With such a deviation no picture is worth a nat: what is left of the loss is the divergence.
    let sigma = ("pixel_std_dev", "{ start = 1000.0, end = 1000.0, over = 1 }");
    let rate = |rate: &str| format!("{{ start = {rate}, end = {rate}, over = 1 }}");
    let (fast, still) = (rate("0.01"), rate("1e-9"));
    let (outcome, out) = train(folder.path(), &[sigma, ("steps", "60"), ("learning_rate", &fast)]);
    let outcome = outcome.succeeded();
    for part in ["warning: the KL divergence has collapsed", "warning: the latents are ignored"] {
        assert!(outcome.stderr.contains(part), "no `{part}` in: {}", outcome.stderr);
    }
    assert!(validations(&out)[0]["kl"].as_f64().expect("a number") < 0.1);
    // The same run standing still has the divergence of its fresh weights.
    let (outcome, _) = train(folder.path(), &[sigma, ("learning_rate", &still)]);
    let outcome = outcome.succeeded();
    assert!(!outcome.stderr.contains("collapsed"), "{}", outcome.stderr);
}

#[test]
fn a_loss_that_is_no_number_stops_the_run_and_the_last_good_state_stays() {
    let folder = tempfile::tempdir().expect("a folder");
    // From the ninth step on, steps of the optimiser are larger than any number of single precision.
    let rate = "{ start = 1e-3, end = 1e38, over = 1000 }";
    let settings =
        [("steps", "30"), ("checkpoint_every", "1"), ("log_every", "7"), ("learning_rate", rate)];
    let (outcome, out) = train(folder.path(), &settings);
    outcome.failed_with_hint(&["the loss is not finite at step", "the last saved state is kept"]);
    for name in ["checkpoint.safetensors", "golden.safetensors"] {
        assert!(out.join(name).exists(), "{name}");
    }
    let kept = Checkpoint::load(&out.join("checkpoint.safetensors")).expect("a sound checkpoint");
    assert!(kept.step < 30, "step {}", kept.step);
    assert!(kept.tensors.values().flatten().all(|value| value.is_finite()));
}
