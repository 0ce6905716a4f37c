//! Several processes of `gqn-train` that train together, as `mpirun` starts them.
#![allow(clippy::print_stdout, reason = "measured figures, for who asks with --nocapture")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use gqn_formats::TensorFile;

/// Unshared cores and a learned up-sampling, so that every kind of parameter has a gradient to average.
const CONFIG: &str = r#"
preset = "tiny-tower"
world = "rooms-ring-camera"
scenes = 12
test_scenes = 1
steps = 20
seed = 5
checkpoint_every = 5
log_every = 1
# Clipping sees the averaged gradient, or the processes part ways at once.
clip_gradient = 100.0
# The same however many steps are asked for, and small: Adam moves every weight by the rate, whatever the size of its
# gradient, so that rounding decides about the step of a weight whose gradient is next to nothing.
learning_rate = { start = 2e-4, end = 2e-4, over = 1000 }
pixel_std_dev = { start = 2.0, end = 0.7, over = 200000 }

[model]
image_size = 16
representation = "pool"
upsample_r = "learned"
shared_core = false
steps = 2
"#;

/// A voxel model with a core for each step.
const VOXEL: &str = r#"
preset = "tiny"
world = "rooms-ring-camera"
scenes = 12
test_scenes = 1
steps = 20
seed = 5
log_every = 1
clip_gradient = 100.0
learning_rate = { start = 2e-4, end = 2e-4, over = 1000 }
pixel_std_dev = { start = 2.0, end = 0.7, over = 200000 }

[model]
image_size = 16
hidden_channels = 16
shared_core = false
steps = 2
"#;

/// A batch that is summed as a whole is rounded otherwise than one that is summed in two parts. The worst weight after
/// twenty steps was 2e-6 off.
const TOLERANCE: f32 = 1e-5;

/// How long a step or the end of a job may take on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(2);

/// `gqn-train train` with these flags, in `processes` processes if more than one.
fn train(folder: &Path, processes: usize, flags: &[&str]) -> Command {
    train_config(CONFIG, folder, processes, flags)
}

/// The same with another configuration.
fn train_config(content: &str, folder: &Path, processes: usize, flags: &[&str]) -> Command {
    let program = env!("CARGO_BIN_EXE_gqn-train");
    let mut command = if processes == 1 {
        Command::new(program)
    } else {
        let mut command = Command::new("mpirun");
        command.args(["--oversubscribe", "--bind-to", "none", "-n", &processes.to_string()]);
        command.arg(program);
        // Continuous integration is root; and containers forbid one process to read another's memory, which Open MPI
        // then warns about.
        command.envs([("OMPI_ALLOW_RUN_AS_ROOT", "1"), ("OMPI_ALLOW_RUN_AS_ROOT_CONFIRM", "1")]);
        command.env("OMPI_MCA_btl_vader_single_copy_mechanism", "none");
        command
    };
    let config = folder.join("config.toml");
    fs::write(&config, content).expect("a file");
    command.args(["train", "--device", "cpu", "--threads", "1", "--out"]).arg(folder.join("run"));
    if !flags.contains(&"--resume") {
        command.arg("--config").arg(config);
    }
    command.args(flags).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[track_caller]
fn succeeded(command: &mut Command) -> Output {
    let output = command.output().expect("a started program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output
}

fn tensors(folder: &Path, file: &str) -> BTreeMap<String, Vec<f32>> {
    let bytes = fs::read(folder.join("run").join(file)).expect("a file of the run");
    let file = TensorFile::from_bytes(file, &bytes).expect("tensors");
    file.tensors.into_iter().map(|(name, t)| (name, t.iter().copied().collect())).collect()
}

/// Weights and figures of two runs.
#[track_caller]
fn check_alike(found: &Path, expected: &Path) {
    let [weights, expected_weights] =
        [found, expected].map(|folder| tensors(folder, "checkpoint.safetensors"));
    let mut worst = 0.0_f32;
    for (name, found) in &weights {
        for (index, (found, expected)) in found.iter().zip(&expected_weights[name]).enumerate() {
            let difference = (found - expected).abs();
            assert!(
                difference < TOLERANCE,
                "{name}[{index}]: found {found}, expected {expected}, difference {difference}, tolerance {TOLERANCE}"
            );
            worst = worst.max(difference);
        }
    }
    println!("worst difference of a weight {worst:.1e}");
    let log = |folder: &Path| fs::read_to_string(folder.join("run/metrics.jsonl")).expect("a log");
    let [found, expected] = [found, expected].map(log);
    assert_eq!(found.lines().count(), expected.lines().count(), "one process writes the log");
    for (found, expected) in found.lines().zip(expected.lines()) {
        let [found, expected] = [found, expected]
            .map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
        assert_eq!(found["phase"], expected["phase"], "both are in the same phase");
        // There is neither a bound nor a divergence in the generation phase.
        let elbo: &[&str] = if found["phase"] == "elbo" { &["elbo", "kl"] } else { &[] };
        for key in ["step", "log_likelihood", "mse", "context"].iter().chain(elbo) {
            let [found, expected] =
                [&found, &expected].map(|line| line[key].as_f64().expect("a number"));
            let difference = (found - expected).abs() / expected.abs().max(1.0);
            assert!(difference < 1e-4, "{key}: found {found}, expected {expected}");
        }
    }
}

#[test]
fn two_processes_train_what_one_does_with_the_double_batch() {
    let [one, parts, two] = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    succeeded(&mut train(one.path(), 1, &["--batch", "8"]));
    succeeded(&mut train(parts.path(), 1, &["--batch", "8", "--accumulate", "2"]));
    let output = succeeded(&mut train(two.path(), 2, &["--batch", "4"]));
    check_alike(two.path(), one.path());
    // One process that computes the two parts one after the other adds the very same numbers.
    let [found, expected] = [&two, &parts].map(|run| tensors(run.path(), "state.safetensors"));
    for (name, found) in &found {
        assert!(*found == expected[name], "{name} differs from the same sum in one process");
    }
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(stderr.matches("2 processes").count(), 1, "one process talks: {stderr}");
    let evaluation: serde_json::Value =
        serde_json::from_slice(&output.stdout).expect("one evaluation on stdout");
    assert_eq!(evaluation["scenes"], 1);
}

#[test]
fn so_they_do_with_voxels() {
    let [one, parts, two] = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    succeeded(&mut train_config(VOXEL, one.path(), 1, &["--batch", "8"]));
    succeeded(&mut train_config(VOXEL, parts.path(), 1, &["--batch", "8", "--accumulate", "2"]));
    succeeded(&mut train_config(VOXEL, two.path(), 2, &["--batch", "4"]));
    check_alike(two.path(), one.path());
    let [found, expected] = [&two, &parts].map(|run| tensors(run.path(), "state.safetensors"));
    assert_eq!(found, expected, "the same sum in one process");
}

/// Runs two processes until the first has saved step 5 at least, and gives their ids, the first process's first.
fn started(folder: &Path) -> (Child, [u32; 2]) {
    // More steps than anyone waits for.
    let job = train(folder, 2, &["--batch", "4", "--steps", "100000"]).spawn().expect("mpirun");
    let log = folder.join("run/metrics.jsonl");
    let begun = Instant::now();
    while fs::read_to_string(&log).unwrap_or_default().lines().count() < 7 {
        assert!(begun.elapsed() < PATIENCE, "no step is logged");
        std::thread::sleep(Duration::from_millis(20));
    }
    let of_rank = |rank: &str| {
        let is_it = |process: &PathBuf| {
            let read = |name: &str| fs::read(process.join(name)).unwrap_or_default();
            let [environment, command] = ["environ", "cmdline"].map(read);
            let has = |text: &[u8], part: &[u8]| text.windows(part.len()).any(|w| w == part);
            has(&environment, format!("OMPI_COMM_WORLD_RANK={rank}\0").as_bytes())
                && has(&command, folder.as_os_str().as_encoded_bytes())
        };
        let processes = fs::read_dir("/proc").expect("processes").flatten();
        let mut found = processes.map(|entry| entry.path()).filter(is_it);
        let path = found.next().expect("a process of the job");
        path.file_name().and_then(|name| name.to_str()?.parse().ok()).expect("its number")
    };
    (job, ["0", "1"].map(of_rank))
}

/// Sends a signal to a process, waits for the end of the job, and gives what it said.
fn end(job: Child, process: u32, signal: &str) -> Output {
    let begun = Instant::now();
    let kill = Command::new("kill").args([signal, &process.to_string()]).status();
    assert!(kill.expect("kill").success());
    let output = job.wait_with_output().expect("a job that ends");
    assert!(begun.elapsed() < PATIENCE, "the job ended after {:?}", begun.elapsed());
    println!("ended after {:.1} s", begun.elapsed().as_secs_f64());
    output
}

#[track_caller]
fn a_killed_process_ends_the_job(rank: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let (job, processes) = started(folder.path());
    let output = end(job, processes[rank], "-KILL");
    assert!(!output.status.success(), "the job failed");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(
        stderr.contains(&format!("process rank {rank} ")),
        "mpirun names the process: {stderr}"
    );
    assert!(stderr.contains("go on with --resume"), "the other process says what to do: {stderr}");
    // What is there is whole.
    for file in ["state.safetensors", "checkpoint.safetensors", "golden.safetensors"] {
        assert!(!tensors(folder.path(), file).is_empty(), "{file}");
    }
    let log = fs::read_to_string(folder.path().join("run/metrics.jsonl")).expect("a log");
    let steps = (log.lines().count() + 5).to_string();
    // Over another number of processes, which changes no step.
    succeeded(&mut train(folder.path(), 1, &["--resume", "--steps", &steps]));
    let log = fs::read_to_string(folder.path().join("run/metrics.jsonl")).expect("a log");
    let seen: Vec<String> = log
        .lines()
        .map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
            line["step"].to_string()
        })
        .collect();
    let all: Vec<String> = (0..seen.len()).map(|step| step.to_string()).collect();
    assert_eq!((seen.len().to_string(), seen), (steps, all), "every step once");
}

#[test]
fn killing_the_first_process_ends_the_job() {
    a_killed_process_ends_the_job(0);
}

#[test]
fn killing_another_process_ends_the_job() {
    a_killed_process_ends_the_job(1);
}

#[test]
fn a_process_that_is_told_to_stop_stops_all_and_they_save() {
    let folder = tempfile::tempdir().expect("a folder");
    let (job, processes) = started(folder.path());
    let output = end(job, processes[1], "-TERM");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("interrupted at step"), "{stderr}");
    let log = fs::read_to_string(folder.path().join("run/metrics.jsonl")).expect("a log");
    let state = fs::read(folder.path().join("run/state.safetensors")).expect("a state");
    let state = TensorFile::from_bytes("state", &state).expect("tensors");
    assert_eq!(state.metadata["step"], log.lines().count().to_string(), "saved where it stopped");
}

#[test]
fn resuming_with_more_processes_gives_the_run() {
    let [one, two] = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    succeeded(&mut train(one.path(), 1, &["--batch", "8"]));
    succeeded(&mut train(two.path(), 1, &["--batch", "8", "--steps", "10"]));
    succeeded(&mut train(two.path(), 2, &["--resume", "--steps", "20"]));
    check_alike(two.path(), one.path());
}

#[test]
fn a_batch_that_cannot_be_shared_is_refused_by_all() {
    let folder = tempfile::tempdir().expect("a folder");
    succeeded(&mut train(folder.path(), 1, &["--batch", "3", "--steps", "1"]));
    let output = train(folder.path(), 2, &["--resume", "--steps", "2"]).output().expect("mpirun");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(stderr.contains("process 0 of 2: error: batch is 3, expected a multiple"), "{stderr}");
}
