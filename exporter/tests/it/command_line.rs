//! The command line of `gqn-export`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use gqn_formats::Package;
use gqn_system::{FolderLock, Overwrite, write_atomic};
use tempfile::TempDir;

use crate::support::{checkpoint, checkpoint_file, every_kind, sample};

/// A run folder such as the trainer leaves.
fn run_folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let checkpoint = checkpoint(&every_kind()[0]);
    let (bytes, sha256) = checkpoint_file(&checkpoint);
    fs::write(folder.path().join("checkpoint.safetensors"), bytes).expect("a checkpoint");
    let sample = sample(&checkpoint.config, &sha256).to_bytes("sample").expect("bytes");
    fs::write(folder.path().join("golden.safetensors"), sample).expect("a sample");
    folder
}

fn gqn_export(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gqn-export"))
        .args(arguments)
        .output()
        .expect("the program starts")
}

fn export(source: &Path, out: &Path) -> Output {
    gqn_export(&["export".as_ref(), source, "--out".as_ref(), out])
}

#[track_caller]
fn check_refusal(output: &Output, code: i32, messages: &[&str]) {
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    for message in messages {
        assert!(stderr.contains(message), "no `{message}` in:\n{stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
    assert!(output.stdout.is_empty(), "an error leaves nothing on stdout");
}

#[test]
fn exports_a_run_folder_and_a_checkpoint() {
    let run = run_folder();
    for (source, out) in [("", "a/package"), ("checkpoint.safetensors", "b")] {
        let out = run.path().join(out);
        let output = export(&run.path().join(source), &out);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Package::open(&out).expect("a package");
        let table = String::from_utf8(output.stdout).expect("text");
        let manifest =
            fs::metadata(out.join("manifest.json")).expect("a manifest").len().to_string();
        assert!(
            table
                .lines()
                .any(|line| line.starts_with("manifest.json") && line.ends_with(&manifest)),
            "{table}"
        );
        let inspection = gqn_export(&["inspect".as_ref(), &out]);
        assert!(inspection.status.success() && !inspection.stdout.is_empty());
    }
}

#[test]
fn refuses_what_is_not_there() {
    let run = run_folder();
    let (missing, out) = (run.path().join("missing"), run.path().join("out"));
    check_refusal(
        &export(&missing, &out),
        1,
        &["error: there is no ", "hint: make a run with `gqn-train train"],
    );
    check_refusal(
        &gqn_export(&["inspect".as_ref(), &missing]),
        1,
        &["error: there is no ", "hint: "],
    );
    let empty = tempfile::tempdir().expect("a temporary folder");
    check_refusal(&export(empty.path(), &out), 1, &["holds no checkpoint.safetensors", "hint: "]);
    fs::remove_file(run.path().join("golden.safetensors")).expect("the sample");
    check_refusal(
        &export(run.path(), &out),
        1,
        &["there is no sample", "hint: make it with `gqn-train golden "],
    );
    assert!(!out.exists());
}

#[test]
fn refuses_a_checkpoint_that_is_cut_short() {
    let run = run_folder();
    let (path, out) = (run.path().join("checkpoint.safetensors"), run.path().join("out"));
    let bytes = fs::read(&path).expect("a checkpoint");
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("half a checkpoint");
    check_refusal(
        &export(run.path(), &out),
        1,
        &["is not a readable safetensors file", "hint: the file may be cut short"],
    );
    assert!(!out.exists());
}

#[test]
fn refuses_a_checkpoint_that_changed_after_its_sample() {
    let run = run_folder();
    let path = run.path().join("checkpoint.safetensors");
    let mut bytes = fs::read(&path).expect("a checkpoint");
    *bytes.last_mut().expect("a byte") ^= 1;
    fs::write(&path, bytes).expect("another checkpoint");
    let refused = export(run.path(), &run.path().join("out"));
    check_refusal(
        &refused,
        1,
        &[
            "the sample was computed from a checkpoint of sha256",
            "hint: make it anew with `gqn-train golden",
        ],
    );
}

#[test]
fn refuses_to_overwrite_before_it_works() {
    let run = run_folder();
    let out = tempfile::tempdir().expect("a temporary folder");
    fs::write(out.path().join("a"), "a").expect("a file");
    check_refusal(
        &export(run.path(), out.path()),
        1,
        &["exists", "hint: name another place, or replace it with --force"],
    );
    let forced = gqn_export(&[
        "export".as_ref(),
        run.path(),
        "--out".as_ref(),
        out.path(),
        "--force".as_ref(),
    ]);
    check_refusal(&forced, 1, &["is there and no package, so it is not replaced", "hint: "]);
}

#[test]
fn refuses_unknown_flags_with_exit_code_2() {
    let run = run_folder();
    check_refusal(&gqn_export(&["export".as_ref(), run.path()]), 2, &["--out <PACKAGE>"]);
    let out = run.path().join("out");
    let unknown = gqn_export(&[
        "export".as_ref(),
        run.path(),
        "--out".as_ref(),
        &out,
        "--variant=best".as_ref(),
    ]);
    check_refusal(&unknown, 2, &["invalid value 'best'", "reference"]);
}

#[test]
fn a_sample_that_is_written_a_moment_later_is_waited_for_while_the_run_goes_on() {
    let run = run_folder();
    let path = run.path().join("golden.safetensors");
    let right = fs::read(&path).expect("a sample");
    let wrong = sample(&checkpoint(&every_kind()[0]).config, &"0".repeat(64));
    fs::write(&path, wrong.to_bytes("sample").expect("bytes")).expect("another's sample");
    let outs = ["a", "b", "c"].map(|name| run.path().join(name));
    check_refusal(&export(run.path(), &outs[0]), 1, &["sha256 0000", "gqn-train golden"]);
    assert!(!outs[0].exists());
    for (out, missing) in outs[1..].iter().zip([false, true]) {
        // What a training run holds.
        let lock = FolderLock::acquire(run.path()).expect("a lock");
        if missing {
            fs::remove_file(&path).expect("a file");
        }
        let writer = std::thread::spawn({
            let (path, right) = (path.clone(), right.clone());
            move || {
                std::thread::sleep(std::time::Duration::from_millis(500));
                write_atomic(&path, &right, Overwrite::Force).expect("a sample");
            }
        });
        let output = export(run.path(), out);
        writer.join().expect("a written sample");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Package::open(out).expect("a package");
        drop(lock);
    }
}

#[test]
fn a_package_has_one_writer() {
    let run = run_folder();
    let out = run.path().join("package");
    let lock = FolderLock::acquire(&out).expect("a lock");
    check_refusal(&export(run.path(), &out), 1, &["another process is writing to", "hint: "]);
    drop(lock);
    assert!(!out.exists(), "made for nothing");
    // An empty folder is nobody's package, and a dead exporter's part is of no use.
    fs::create_dir(&out).expect("a folder");
    let stale = run.path().join(format!(".gqn-{}-dead.part", 1_u32 << 30));
    fs::create_dir(&stale).expect("a folder");
    fs::write(stale.join("generator.onnx"), "half").expect("a file");
    assert!(export(run.path(), &out).status.success());
    Package::open(&out).expect("a package");
    assert_eq!(stale.exists(), !cfg!(target_os = "linux"));
}

#[test]
fn a_device_is_no_checkpoint() {
    let run = run_folder();
    let out = run.path().join("out");
    check_refusal(&export(Path::new("/dev/zero"), &out), 1, &["/dev/zero"]);
    fs::remove_file(run.path().join("golden.safetensors")).expect("a file");
    let sample = ["--sample".as_ref(), Path::new("/dev/zero")];
    let arguments = ["export".as_ref(), run.path(), "--out".as_ref(), &out];
    check_refusal(&gqn_export(&[&arguments[..], &sample].concat()), 1, &["is a device"]);
}
