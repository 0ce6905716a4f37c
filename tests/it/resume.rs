//! A run that was stopped, whatever stopped it, and resumed is bit for bit the run that was never stopped.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use gqn_formats::TensorFile;
use serde_json::Value;

use crate::board::board;
use crate::programs::{Outcome, program, run};

/// Twelve steps of some 0.1 s each, so that there is time to stop it; a state every third step, so that the newest one
/// lies behind the newest line of the log. Unshared cores and a learned up-sampling, so that every kind of parameter
/// has moments to restore.
const CONFIG: &str = r#"
preset = "tiny-tower"
world = "rooms-ring-camera"
scenes = 12
refresh_epochs = 2
test_scenes = 1
steps = 12
batch = 8
seed = 5
checkpoint_every = 3
evaluate_every = 2
log_every = 1

[model]
representation = "pool"
upsample_r = "learned"
shared_core = false
steps = 4
"#;
const STEPS: usize = 12;

/// The same of a voxel model that is killed behind the change of its phases, with averaged weights.
const VOXEL_CONFIG: &str = r#"
preset = "tiny"
world = "rooms-ring-camera"
scenes = 12
test_scenes = 1
steps = 12
batch = 4
seed = 5
generation_steps = 0.25
weight_average = 0.9
checkpoint_every = 3
evaluate_every = 2
log_every = 1

[model]
steps = 4
"#;

/// How long a step may take on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(3);

/// What must be equal. The command and the seconds in the metadata differ.
#[derive(Debug, PartialEq)]
struct Numbers {
    log: String,
    held_out: String,
    /// What `TensorBoard` shows, but for how fast it was.
    board: Value,
    /// The bits of every number: weights and Adam's moments.
    state: BTreeMap<String, Vec<u32>>,
    checkpoint: BTreeMap<String, Vec<u32>>,
    best: BTreeMap<String, Vec<u32>>,
    golden: BTreeMap<String, Vec<u32>>,
    steps: String,
    evaluation: Value,
}

impl Numbers {
    fn of(run_folder: &Path) -> Self {
        let read = |name: &str| fs::read(run_folder.join(name)).expect("a file of the run");
        let file = |name: &str| TensorFile::from_bytes(name, &read(name)).expect("tensors");
        let bits = |file: &TensorFile| -> BTreeMap<String, Vec<u32>> {
            let tensors = file.tensors.iter();
            tensors
                .map(|(name, t)| (name.clone(), t.iter().map(|v| v.to_bits()).collect()))
                .collect()
        };
        let mut evaluation: Value = serde_json::from_slice(&read("metrics.json")).expect("JSON");
        evaluation["seconds"].take();
        let checkpoint = file("checkpoint.safetensors");
        let text = |name: &str| String::from_utf8(read(name)).expect("text");
        let mut board = board(run_folder);
        board["scalars"]["train/steps_per_sec"].take();
        Self {
            log: text("metrics.jsonl"),
            held_out: text("held_out.jsonl"),
            board,
            best: bits(&file("best.safetensors")),
            state: bits(&file("state.safetensors")),
            golden: bits(&file("golden.safetensors")),
            steps: checkpoint.metadata["step"].clone(),
            checkpoint: bits(&checkpoint),
            evaluation,
        }
    }

    /// Says which part differs, instead of printing all of both.
    #[track_caller]
    fn check_equal(&self, expected: &Self) {
        assert_eq!(self.log, expected.log, "metrics.jsonl");
        assert_eq!(self.held_out, expected.held_out, "held_out.jsonl");
        assert_eq!(self.board, expected.board, "event files");
        assert_eq!(self.steps, expected.steps, "steps");
        assert_eq!(self.evaluation, expected.evaluation, "metrics.json");
        for (file, found, expected) in [
            ("state", &self.state, &expected.state),
            ("checkpoint", &self.checkpoint, &expected.checkpoint),
            ("best", &self.best, &expected.best),
            ("golden", &self.golden, &expected.golden),
        ] {
            let names =
                |tensors: &BTreeMap<String, Vec<u32>>| tensors.keys().cloned().collect::<Vec<_>>();
            assert_eq!(names(found), names(expected), "{file}");
            for (name, bits) in found {
                assert!(*bits == expected[name], "{name} of {file}.safetensors differs");
            }
        }
    }
}

/// The run that is never stopped, made once.
fn straight() -> &'static Numbers {
    static STRAIGHT: OnceLock<Numbers> = OnceLock::new();
    STRAIGHT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("run");
        run(&mut start(folder.path(), &out, CONFIG, None)).succeeded();
        Numbers::of(&out)
    })
}

/// The run on scenes that it renders, or on files.
fn start(folder: &Path, out: &Path, text: &str, data: Option<&Path>) -> Command {
    let config = folder.join("config.toml");
    let of_the_files = ["scenes = 12\n", "refresh_epochs = 2\n", "world = \"rooms-ring-camera\"\n"];
    let text = match data {
        None => text.to_owned(),
        Some(_) => of_the_files.iter().fold(text.to_owned(), |text, line| text.replace(line, "")),
    };
    fs::write(&config, text).expect("a file");
    let mut command = program("gqn-train");
    command.args(["train", "--device", "cpu", "--threads", "1", "--config"]).arg(config);
    command.args(data.map(|data| [Path::new("--data"), data]).into_iter().flatten());
    command.arg("--out").arg(out).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn resume(out: &Path) -> Outcome {
    run(program("gqn-train")
        .args(["train", "--device", "cpu", "--threads", "1", "--resume", "--out"])
        .arg(out))
}

/// Starts the run and waits until its log has that many lines.
#[track_caller]
fn started(folder: &Path, lines: usize, text: &str, data: Option<&Path>) -> (Child, PathBuf) {
    let out = folder.join("run");
    let mut child = start(folder, &out, text, data).spawn().expect("a started program");
    let clock = Instant::now();
    while logged(&out) < lines {
        let ended = child.try_wait().expect("a program that can be asked");
        assert!(ended.is_none(), "the run ended before step {lines}: {ended:?}");
        assert!(clock.elapsed() < PATIENCE, "no step {lines} after {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(2));
    }
    (child, out)
}

fn logged(out: &Path) -> usize {
    fs::read_to_string(out.join("metrics.jsonl")).map_or(0, |log| log.lines().count())
}

/// The step that the run would go on from.
fn saved_step(out: &Path) -> usize {
    let bytes = fs::read(out.join("state.safetensors")).expect("a state");
    let state = TensorFile::from_bytes("state", &bytes).expect("a whole state");
    state.metadata["step"].parse().expect("a number")
}

/// Kills a run with SIGKILL, resumes it and compares it with one that was never stopped.
#[track_caller]
fn check_killed(folder: &Path, text: &str, data: Option<&Path>, expected: &Numbers) {
    let (mut child, out) = started(folder, 5, text, data);
    child.kill().expect("SIGKILL");
    let status = child.wait().expect("an end");
    assert_eq!(status.code(), None, "the run ended by itself before it was killed");
    let saved = saved_step(&out);
    assert!(saved < STEPS && saved.is_multiple_of(3), "killed at step {saved}, too late");
    assert!(!out.join("metrics.json").exists());
    resume(&out).succeeded();
    Numbers::of(&out).check_equal(expected);
}

#[test]
fn a_killed_run_goes_on_as_if_nothing_had_happened() {
    let folder = tempfile::tempdir().expect("a folder");
    check_killed(folder.path(), CONFIG, None, straight());
}

#[test]
fn a_killed_run_of_a_voxel_model_goes_on_in_its_phase() {
    let folder = tempfile::tempdir().expect("a folder");
    let straight = folder.path().join("straight");
    run(&mut start(folder.path(), &straight, VOXEL_CONFIG, None)).succeeded();
    check_killed(folder.path(), VOXEL_CONFIG, None, &Numbers::of(&straight));
}

#[test]
fn a_killed_run_on_files_goes_on_with_the_data_it_would_have_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("jaco");
    // 96 scenes are looked at in twelve steps: more than three epochs, over shards of 10, 10 and 9.
    let render = "render --world jaco --train 29 --test 2 --per-shard 10 --views 5 --size 32";
    run(program("gqn-data").args(render.split(' ')).arg("--out").arg(&data)).succeeded();
    let straight = folder.path().join("straight");
    run(&mut start(folder.path(), &straight, CONFIG, Some(&data))).succeeded();
    check_killed(folder.path(), CONFIG, Some(&data), &Numbers::of(&straight));
}

#[test]
fn an_interrupted_run_saves_and_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (child, out) = started(folder.path(), 4, CONFIG, None);
    let kill = format!("kill -INT {}", child.id());
    run(Command::new("sh").args(["-c", &kill])).succeeded();
    let outcome = Outcome::of(child.wait_with_output().expect("an end"));
    assert_eq!(outcome.code, Some(130), "{}", outcome.stderr);
    let saved = saved_step(&out);
    let says = format!("interrupted at step {saved}; go on with --resume");
    assert!(outcome.stderr.contains(&says), "no `{says}` in: {}", outcome.stderr);
    assert_eq!(logged(&out), saved, "the state is that of the last step");
    assert!((4..STEPS).contains(&saved), "interrupted at step {saved}");
    resume(&out).succeeded();
    Numbers::of(&out).check_equal(straight());
}

#[test]
fn slices_are_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    // A fraction of a second is a step or some.
    let outcome = run(start(folder.path(), &out, CONFIG, None).args(["--slice", "0.002"]));
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let saved = saved_step(&out);
    let says = format!("this slice ends at step {saved} of {STEPS}; go on with --resume");
    assert!(outcome.stderr.contains(&says), "no `{says}` in: {}", outcome.stderr);
    assert!((1..STEPS).contains(&saved), "the slice ended at step {saved}");
    assert!(out.join("metrics.json").exists(), "a slice is evaluated");
    resume(&out).succeeded();
    Numbers::of(&out).check_equal(straight());
}
