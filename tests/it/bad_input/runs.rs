//! Run folders that do not fit.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::micro::{CONFIG, config_in, micro, read_files};
use crate::programs::{program, run};

/// How long anything may take on a machine that does other things too.
const PATIENCE: Duration = Duration::from_mins(3);

fn train(out: &Path, words: &[&str]) -> Command {
    let mut command = program("gqn-train");
    command.args(["train", "--device", "cpu", "--threads", "1", "--out"]).arg(out).args(words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A new run of the micro configuration.
fn fresh(folder: &Path, out: &Path, words: &[&str]) -> Command {
    let mut command = train(out, words);
    command.arg("--config").arg(config_in(folder));
    command
}

/// A run that has written some lines of its log and goes on for a long time.
struct Running(Child);

impl Running {
    #[track_caller]
    fn start(folder: &Path, out: &Path, words: &[&str]) -> Self {
        let mut words = words.to_vec();
        words.extend(["--steps", "1000000"]);
        let mut running = Self(fresh(folder, out, &words).spawn().expect("a started program"));
        let clock = Instant::now();
        let logged = || {
            fs::read_to_string(out.join("metrics.jsonl")).is_ok_and(|log| log.lines().count() > 2)
        };
        while !logged() {
            let ended = running.0.try_wait().expect("a program that can be asked");
            assert!(ended.is_none() && clock.elapsed() < PATIENCE, "no run: {ended:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
        running
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_run_has_its_folder_for_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let running = Running::start(folder.path(), &out, &[]);
    let held = ["another process is writing to", "run"];
    run(&mut train(&out, &["--resume"])).failed_with_hint(&held);
    run(&mut fresh(folder.path(), &out, &["--force"])).failed_with_hint(&held);
    run(program("gqn-train").arg("golden").arg(&out).arg("--force")).failed_with_hint(&held);
    run(program("gqn-train")
        .args(["checkpoint", "--force"])
        .arg(&out)
        .arg("--out")
        .arg(out.join("best.safetensors")))
    .failed_with_hint(&held);
    let import = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/import/tower.pt");
    run(program("gqn-train")
        .args(["import", "--force"])
        .arg(import)
        .arg("--out")
        .arg(out.join("imported.safetensors")))
    .failed_with_hint(&held);
    // What only reads may read, and a checkpoint beside the run's own disturbs nobody.
    run(program("gqn-train")
        .arg("checkpoint")
        .arg(&out)
        .arg("--out")
        .arg(out.join("kept.safetensors")))
    .succeeded();
    drop(running);
    // The system has released it.
    run(&mut train(&out, &["--resume", "--steps", "1000000", "--slice", "0.0001"])).succeeded();
}

#[test]
fn a_package_is_written_by_one_and_read_whole_from_a_run_that_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, package) = (folder.path().join("run"), folder.path().join("package"));
    let _running = Running::start(folder.path(), &out, &[]);
    for _ in 0..4 {
        // The micro configuration saves every four steps: within milliseconds.
        run(program("gqn-export")
            .arg("export")
            .arg(&out)
            .arg("--force")
            .arg("--out")
            .arg(&package))
        .succeeded();
    }
    run(program("gqn-run").arg("verify").arg(&package)).succeeded();
    let lock = gqn_system::FolderLock::acquire(&package).expect("a lock");
    run(program("gqn-export").arg("export").arg(&out).arg("--force").arg("--out").arg(&package))
        .failed_with_hint(&["another process is writing to", "package"]);
    drop(lock);
}

#[test]
fn files_that_a_run_would_replace_are_in_its_way() {
    for name in ["metrics.jsonl", "checkpoint.safetensors", "golden.safetensors", "config.toml"] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("run");
        fs::create_dir(&out).expect("a folder");
        fs::write(out.join(name), "mine").expect("a file");
        run(&mut fresh(folder.path(), &out, &[])).failed_with_hint(&["run", "--force"]);
        assert_eq!(fs::read(out.join(name)).expect("the file"), b"mine");
        assert_eq!(fs::read_dir(&out).expect("a folder").count(), 1, "nothing else was written");
    }
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_anything_is_rendered() {
    let folder = tempfile::tempdir().expect("a folder");
    // Root may write anywhere but there.
    let out = Path::new("/proc/self/run");
    let clock = Instant::now();
    run(&mut fresh(folder.path(), out, &["--scenes", "2000000", "--resident-scenes", "20000"]))
        .failed(&["could not write /proc/self/run"]);
    run(program("gqn-train").args(["bench", "--json", "/proc/self/bench.json"]))
        .failed(&["could not write /proc/self/bench.json"]);
    let existing = config_in(folder.path());
    run(program("gqn-train").args(["bench", "--json"]).arg(&existing))
        .failed_with_hint(&["micro.toml exists", "--force"]);
    assert!(clock.elapsed() < Duration::from_mins(1), "it was looked at after the work");
}

/// The folder of a run that was killed before it saved its first state.
fn begun(folder: &Path, line: &str) -> PathBuf {
    let out = folder.join("begun");
    fs::create_dir(&out).expect("a folder");
    let config = String::from_utf8(micro().run["config.toml"].clone()).expect("text");
    fs::write(out.join("config.toml"), format!("{line}\n{config}")).expect("a file");
    for log in ["metrics.jsonl", "held_out.jsonl"] {
        fs::write(out.join(log), "").expect("a file");
    }
    out
}

#[test]
fn a_run_that_was_stopped_before_its_first_state_is_begun_again_or_resumed() {
    let log = |out: &Path| fs::read(out.join("metrics.jsonl")).expect("a log");
    for words in [&["--resume"][..], &[]] {
        let folder = tempfile::tempdir().expect("a folder");
        let out = begun(folder.path(), "# begun: no state is saved yet");
        let mut command = train(&out, words);
        if words.is_empty() {
            command.arg("--config").arg(config_in(folder.path()));
        }
        run(&mut command).succeeded();
        assert!(log(&out) == micro().run["metrics.jsonl"], "not the run that it was to be");
        let config = fs::read_to_string(out.join("config.toml")).expect("text");
        assert!(!config.contains("begun"), "{config}");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let out = begun(folder.path(), "# begun with --init: no state is saved yet");
    run(&mut train(&out, &["--resume"]))
        .failed_with_hint(&["stopped before its first state", "--init"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_without_room_for_its_first_state_can_be_begun_again() {
    // A limit on the size of files is a disk that is full for this process.
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let real = fresh(folder.path(), &out, &[]);
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 16; exec \"$@\"", "sh"]).arg(real.get_program());
    limited.args(real.get_args()).env("OMP_NUM_THREADS", "1");
    run(&mut limited).failed(&["could not write", "state.safetensors"]);
    assert!(!out.join("state.safetensors").exists());
    run(&mut fresh(folder.path(), &out, &[])).succeeded();
    let log = fs::read(out.join("metrics.jsonl")).expect("a log");
    assert!(log == micro().run["metrics.jsonl"], "not the run that it was to be");
}

#[test]
fn damaged_lines_of_a_log_are_left_out_and_kept_aside() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = micro().run_in(folder.path());
    let mut log = micro().run["metrics.jsonl"].clone();
    log[5] = 0xFF;
    fs::write(out.join("metrics.jsonl"), &log).expect("a file");
    let outcome = run(&mut train(&out, &["--resume", "--steps", "8"])).succeeded();
    assert!(outcome.stderr.contains("warning: a log has damaged lines"), "{}", outcome.stderr);
    assert_eq!(fs::read(out.join("metrics.jsonl.damaged")).expect("a copy"), log);
    let text = fs::read_to_string(out.join("metrics.jsonl")).expect("text");
    // Six steps less the damaged one, and two more.
    assert_eq!(text.lines().count(), 7, "{text}");
}

#[test]
fn interrupting_twice_ends_the_run_at_once_and_in_order() {
    // Steps of some 0.1 s, so that the second comes while libtorch computes.
    let slow = ["--image-size", "32", "--batch", "8", "--hidden-channels", "64"];
    for round in 0..3 {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("run");
        let mut running = Running::start(folder.path(), &out, &slow);
        let id = running.0.id();
        let kill = format!("kill -INT {id}; sleep 0.02; kill -INT {id} 2>&1 || true");
        run(Command::new("sh").args(["-c", &kill])).succeeded();
        let status = running.0.wait().expect("an end");
        assert_eq!(status.code(), Some(130), "round {round}: {status}");
    }
}

#[test]
fn scenes_that_do_not_fit_are_kept_in_parts() {
    // Two million scenes of this size fit into no machine.
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let mut large = fresh(folder.path(), &out, &["--scenes", "2000000", "--image-size", "256"]);
    let mut child = large.spawn().expect("a started program");
    let mut said = String::new();
    let mut stderr = BufReader::new(child.stderr.take().expect("a pipe"));
    while !said.contains("rendering") && stderr.read_line(&mut said).is_ok_and(|read| read > 0) {}
    let _ = child.kill();
    let _ = child.wait();
    let _ = stderr.read_to_string(&mut said);
    for part in ["2000000 scenes would take", "TiB", "at a time are kept in memory"] {
        assert!(said.contains(part), "no `{part}` in: {said}");
    }
    assert!(!said.contains("panicked"), "{said}");

    let out = folder.path().join("parts");
    run(&mut fresh(folder.path(), &out, &["--resident-scenes", "3"])).succeeded();
    let config = fs::read_to_string(out.join("config.toml")).expect("text");
    assert!(config.contains("resident_scenes = 3") && config.contains("scenes = 8"), "{config}");
    run(&mut train(&out, &["--resume", "--steps", "9"])).succeeded();
}

#[test]
fn names_that_are_no_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().expect("a folder");
    let odd = folder.path().join(OsStr::from_bytes(b"odd\xFFname"));
    run(&mut fresh(folder.path(), &odd.join("run"), &[])).succeeded();
    run(program("gqn-train").args(["eval", "--scenes", "1"]).arg(odd.join("run"))).succeeded();
    run(program("gqn-export")
        .arg("export")
        .arg(odd.join("run"))
        .arg("--out")
        .arg(odd.join("package")))
    .succeeded();
    let out = folder.path().join("out");
    run(train(&out, &["--data"]).arg(&odd)).failed_with_hint(&["is no UTF-8"]);
    run(program("gqn-train").arg("gpu-check").arg("--out").arg(&odd)).failed(&["is no UTF-8"]);
    assert!(!out.exists());
}

#[test]
fn configurations_are_read_as_editors_save_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = folder.path().join("config.toml");
    let says = |bytes: &[u8], parts: &[&str]| {
        fs::write(&config, bytes).expect("a file");
        let out = folder.path().join("run");
        run(train(&out, &["--config"]).arg(&config)).failed(parts);
    };
    let text = format!("batch = 0\n{}", CONFIG.replace("batch = 2\n", ""));
    let utf16: Vec<u8> =
        "\u{FEFF}".encode_utf16().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    says(&utf16, &["batch is 0"]);
    says(&[b"\xEF\xBB\xBF", text.as_bytes()].concat(), &["batch is 0"]);
    says(b"batch = 1 # \xFF", &["config.toml is no text"]);
    run(&mut train(&folder.path().join("run"), &["--config", "/dev/zero"]))
        .failed(&["/dev/zero is a device"]);
    let before = read_files(folder.path());
    assert_eq!(before.len(), 1, "nothing was written");
}

#[test]
fn sizes_beyond_the_machine_are_refused_with_both_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let huge = ["--batch", "1000000", "--image-size", "1024"];
    run(&mut fresh(folder.path(), &out, &huge)).failed_with_hint(&[
        "a training step (weights",
        "needs",
        "TiB, and this machine has",
        "--accumulate",
    ]);
    run(&mut fresh(folder.path(), &out, &["--batch", "2147483648"])).failed(&["batch is"]);
    run(program("gqn-train").args(["bench", "--batch", "65535", "--image-size", "1024"]))
        .failed_with_hint(&["a training step", "and this machine has"]);
    assert!(!out.exists());
}

#[test]
fn numbers_without_sense_are_refused_as_flags() {
    let misused = |words: &[&str], parts: &[&str]| {
        run(program("gqn-train").args(words)).misused(parts);
    };
    let train = ["train", "--out", "no/such/place"];
    let with = |more: &[&'static str]| [&train[..], more].concat();
    misused(&with(&["--pixel-std-dev", "2:0.7:18446744073709551615"]), &["2^53"]);
    misused(&with(&["--generation-steps", "18446744073709551615"]), &["2^53"]);
    misused(&with(&["--threads", "4294967296"]), &["4294967296", "1024"]);
    misused(&["bench", "--threads", "4294967296"], &["4294967296"]);
    misused(&["eval", "run", "--scenes", "0"], &["0", "1000000"]);
    misused(&["eval", "run", "--scenes", "100000000"], &["100000000", "1000000"]);
    misused(&["bench", "--batch", "0"], &["--batch"]);
    run(program("gqn-export").args(["export", "run", "--out", "o", "--measure", "99999999999"]))
        .misused(&["99999999999"]);
    run(program("gqn-export").args(["export", "run", "--out", "o", "--measure", "100001"]))
        .misused(&["100000"]);
    // Far more than any machine of these tests has cores: as many as there are do.
    run(program("gqn-train").args(["eval", "no/such/run", "--threads", "1024", "--device", "cpu"]))
        .failed_with_hint(&["no/such/run"]);
}
