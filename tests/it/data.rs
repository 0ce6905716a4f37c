//! Training on files: `gqn-train train --data DIR` on what `gqn-data render` writes.

use std::fs;
use std::path::{Path, PathBuf};

use gqn_datasets::DataSet;
use gqn_formats::TensorFile;
use gqn_scenes::Split;

use crate::programs::{Outcome, program, run};

/// Schedules that do not depend on the number of steps, so that a longer run begins as a shorter one.
const CONFIG: &str = r#"
preset = "tiny-tower"
test_scenes = 2
steps = 6
batch = 2
seed = 7
max_context = 2
checkpoint_every = 4
log_every = 1
pixel_std_dev = { start = 1.0, end = 0.5, over = 100 }
learning_rate = { start = 1e-3, end = 1e-4, over = 100 }

[model]
image_size = 16
representation_channels = 16
latent_channels = 2
hidden_channels = 8
canvas_channels = 8
steps = 2
"#;

/// Seven scenes of 24 pixels to train on in two shards, and two held-out ones.
fn rendered(folder: &Path) -> PathBuf {
    let render =
        "render --world jaco --train 7 --test 2 --per-shard 4 --views 4 --size 24 --out jaco";
    run(program("gqn-data").current_dir(folder).args(render.split(' '))).succeeded();
    folder.join("jaco")
}

fn train(folder: &Path, out: &str, flags: &[&str]) -> Outcome {
    let config = folder.join("config.toml");
    fs::write(&config, CONFIG).expect("a file");
    let mut command = program("gqn-train");
    command.args(["train", "--device", "cpu", "--threads", "1", "--out"]).arg(folder.join(out));
    if !flags.contains(&"--resume") {
        command.arg("--config").arg(config).arg("--data").arg(folder.join("jaco"));
    }
    run(command.args(flags))
}

fn checkpoint(folder: &Path, out: &str) -> TensorFile {
    let bytes = fs::read(folder.join(out).join("checkpoint.safetensors")).expect("a checkpoint");
    TensorFile::from_bytes(out, &bytes).expect("tensors")
}

#[test]
fn a_run_on_files_goes_on_with_the_data_it_would_have_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    rendered(folder);
    train(folder, "whole", &[]).succeeded();
    train(folder, "parts", &["--steps", "3"]).succeeded();
    let short = checkpoint(folder, "parts");
    train(folder, "parts", &["--resume", "--steps", "6"]).succeeded();
    let (whole, parts) = (checkpoint(folder, "whole"), checkpoint(folder, "parts"));
    assert!(whole.tensors == parts.tensors, "the resumed run differs");
    assert!(whole.tensors != short.tensors, "three steps change weights");
    let log =
        |out: &str| fs::read_to_string(folder.join(out).join("metrics.jsonl")).expect("a log");
    assert_eq!(log("whole"), log("parts"));
    let config = fs::read_to_string(folder.join("whole/config.toml")).expect("a config");
    for line in ["world = \"jaco\"", "scenes = 7", "views = 4"] {
        assert!(config.contains(line), "no `{line}` in: {config}");
    }
    assert!(whole.metadata["provenance"].contains("jaco, 7 scenes from files"));
    run(program("gqn-train").args(["eval", "--device", "cpu"]).arg(folder.join("whole")))
        .succeeded();
}

#[test]
fn damaged_scenes_stop_a_run_or_are_left_out_and_counted() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let data = rendered(folder);
    let place = DataSet::open(&data, Split::Train).expect("a data set").place(5);
    let shard = data.join("train/2-of-2.tfrecord");
    let mut bytes = fs::read(&shard).expect("a shard");
    bytes[place.offset as usize + 50] ^= 1;
    fs::write(&shard, &bytes).expect("a damaged shard");
    train(folder, "strict", &[]).failed_with_hint(&["2-of-2.tfrecord, record 1", "--skip-damaged"]);
    let outcome = train(folder, "lenient", &["--skip-damaged"]).succeeded();
    assert!(outcome.stderr.contains("left out 1 damaged scenes"), "{}", outcome.stderr);
    // A length that is damaged: a stretch of the file without a record.
    bytes[0] ^= 1;
    fs::write(&shard, &bytes).expect("a damaged shard");
    train(folder, "gap", &[]).failed_with_hint(&["2-of-2.tfrecord", "belong to no record"]);
}

#[test]
fn folders_that_do_not_fit_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let data = rendered(folder);
    train(folder, "many", &["--scenes", "8"]).failed(&["scenes is 8"]);
    fs::rename(data.join("test"), data.join("tests")).expect("a renamed folder");
    train(folder, "half", &[]).failed_with_hint(&["`test`"]);
    fs::remove_dir_all(&data).expect("a removed folder");
    train(folder, "none", &[]).failed_with_hint(&["`train`"]);
}

#[test]
fn data_that_moved_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let data = rendered(folder);
    train(folder, "whole", &[]).succeeded();
    train(folder, "parts", &["--steps", "3"]).succeeded();
    fs::rename(&data, folder.join("moved")).expect("a renamed folder");
    let moved = folder.join("moved").display().to_string();
    let eval = |words: &[&str]| {
        run(program("gqn-train")
            .args(["eval", "--device", "cpu"])
            .arg(folder.join("whole"))
            .args(words))
    };
    train(folder, "parts", &["--resume", "--steps", "6"]).failed_with_hint(&["`train`", "--data"]);
    eval(&[]).failed_with_hint(&["`train`", "--data"]);
    train(folder, "parts", &["--resume", "--steps", "6", "--data", &moved]).succeeded();
    let (whole, parts) = (checkpoint(folder, "whole"), checkpoint(folder, "parts"));
    assert!(whole.tensors == parts.tensors, "the resumed run differs");
    let found = eval(&["--data", &moved]).succeeded().stdout;
    let figures: serde_json::Value = serde_json::from_str(&found).expect("JSON");
    assert_eq!(figures["scenes"], 2);
    eval(&["--world", "jaco", "--scenes", "1"]).succeeded();
    // Scenes of another number of views are other data.
    let render = "render --world jaco --train 7 --test 2 --views 3 --size 24 --out other";
    run(program("gqn-data").current_dir(folder).args(render.split(' '))).succeeded();
    let other = folder.join("other").display().to_string();
    train(folder, "parts", &["--resume", "--data", &other])
        .failed_with_hint(&["have 3 views, those that the run began with had 4"]);
    // A run on rendered scenes has none that could move.
    let rendering = crate::micro::micro().run_in(folder);
    run(program("gqn-train").arg("eval").arg(rendering).args(["--data", &moved]))
        .failed_with_hint(&["renders its scenes"]);
}

#[test]
fn test_scenes_with_too_few_views_are_refused_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let data = rendered(folder);
    train(folder, "sound", &[]).succeeded();
    let render = "render --world jaco --train 1 --test 2 --views 2 --size 24 --out few";
    run(program("gqn-data").current_dir(folder).args(render.split(' '))).succeeded();
    fs::remove_dir_all(data.join("test")).expect("a removed folder");
    fs::rename(folder.join("few/test"), data.join("test")).expect("a renamed folder");
    let says = ["the test scenes of", "have 2 views, expected more than the 2", "--max-context 1"];
    train(folder, "few", &[]).failed_with_hint(&says);
    run(program("gqn-train").args(["eval", "--device", "cpu"]).arg(folder.join("sound")))
        .failed_with_hint(&says);
    train(folder, "fewer", &["--max-context", "1"]).succeeded();
}

#[test]
fn test_scenes_that_are_all_damaged_are_no_zero_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let data = rendered(folder);
    train(folder, "sound", &["--skip-damaged"]).succeeded();
    let set = DataSet::open(&data, Split::Test).expect("a data set");
    let mut damage: Vec<(std::path::PathBuf, u64)> = Vec::new();
    for scene in 0..set.len() {
        let place = set.place(scene);
        damage.push((set.path(place.shard), place.offset));
    }
    for (path, offset) in damage {
        let mut bytes = fs::read(&path).expect("a shard");
        bytes[offset as usize + 50] ^= 1;
        fs::write(&path, bytes).expect("a damaged shard");
    }
    let says = ["holds no sound record"];
    run(program("gqn-train").args(["eval", "--device", "cpu"]).arg(folder.join("sound")))
        .failed_with_hint(&says);
    train(folder, "lenient", &["--skip-damaged"]).failed_with_hint(&says);
}
