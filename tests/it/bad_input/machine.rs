//! Machines with too little memory or disk.

use std::ffi::OsStr;
use std::fs;
use std::io::pipe;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::micro::{config_in, micro};
use crate::programs::{Outcome, program, program_path, run};

fn verify(package: &Path) -> Command {
    let mut command = program("gqn-run");
    command.arg("verify").arg(package).env_remove("ORT_DYLIB_PATH");
    command
}

#[test]
fn an_onnx_runtime_that_is_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    run(verify(&package).args(["--ort", "no/such/libonnxruntime.so"]))
        .failed_with_hint(&["--ort names no/such/libonnxruntime.so", "libonnxruntime"]);
    run(verify(&package).env("ORT_DYLIB_PATH", "no/such/libonnxruntime.so"))
        .failed_with_hint(&["ORT_DYLIB_PATH names no/such/libonnxruntime.so"]);
    run(verify(&package).arg("--ort").arg(folder.path()))
        .failed_with_hint(&["which holds no libonnxruntime"]);
    let text = folder.path().join("libonnxruntime.so");
    fs::write(&text, "no library").expect("a file");
    run(verify(&package).env("ORT_DYLIB_PATH", &text))
        .failed_with_hint(&["could not load", "libonnxruntime.so as a library"]);
    run(verify(&package).env("ORT_DYLIB_PATH", c_library()))
        .failed_with_hint(&["is no ONNX Runtime", "OrtGetApiBase"]);
}

/// A library that is there wherever these tests run: the one they run with.
pub(super) fn c_library() -> String {
    let maps = fs::read_to_string("/proc/self/maps").expect("Linux");
    let line = maps.lines().find(|line| line.contains("/libc.so")).expect("a C library");
    line[line.find('/').expect("a path")..].to_owned()
}

#[test]
fn no_onnx_runtime() {
    // A program that stands alone, so that neither its own folder nor `target/` has one; only the system could.
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let alone = folder.path().join("alone/bin");
    fs::create_dir_all(&alone).expect("a folder");
    let copy = alone.join("gqn-run");
    fs::copy(program_path("gqn-run"), &copy).expect("a copy");
    let outcome = run(Command::new(copy).env_clear().arg("verify").arg(package));
    if outcome.code == Some(0) {
        assert!(outcome.stdout.contains("in the system's library path"), "{}", outcome.stdout);
    } else {
        outcome.failed_with_hint(&[
            "no ONNX Runtime found; looked at",
            "cargo xtask setup",
            "--ort",
        ]);
    }
}

#[test]
fn a_libtorch_that_is_none() {
    // In a workspace of its own, so that the set-up of this one stays as it is.
    let folder = tempfile::tempdir().expect("a folder");
    let (package, empty) = (folder.path().join("xtask"), folder.path().join("empty"));
    fs::create_dir(&package).expect("a folder");
    fs::create_dir(&empty).expect("a folder");
    let set_up = |libtorch: &OsStr| {
        run(program("xtask")
            .args(["setup", "--libtorch"])
            .env("CARGO_MANIFEST_DIR", &package)
            .env("LIBTORCH", libtorch))
    };
    set_up(OsStr::new("/no/such/libtorch"))
        .failed_with_hint(&["LIBTORCH is /no/such/libtorch, which cannot be opened", "2.11"]);
    set_up(empty.as_os_str()).failed_with_hint(&["which holds no lib/libtorch_cpu.so", "unset it"]);
    assert!(!folder.path().join("target/libtorch").exists());
}

#[test]
fn a_trainer_without_libtorch() {
    let folder = tempfile::tempdir().expect("a folder");
    let [launcher, trainer] =
        ["gqn-train", "gqn-train-libtorch"].map(|name| folder.path().join(name));
    fs::copy(program_path("gqn-train"), &launcher).expect("a copy");
    run(Command::new(&launcher).arg("--help"))
        .failed_with_hint(&["gqn-train-libtorch", "is missing"]);
    // The real one, but for the name of a library: nobody has the other.
    let mut bytes = fs::read(program_path("gqn-train-libtorch")).expect("a program");
    let (real, other) = (b"libtorch_cpu.so", b"libtorch_xyz.so");
    let at = bytes.windows(real.len()).position(|window| window == real).expect("it is linked");
    bytes[at..at + other.len()].copy_from_slice(other);
    fs::write(&trainer, &bytes).expect("a file");
    let permissions = fs::metadata(&launcher).expect("a file").permissions();
    fs::set_permissions(&trainer, permissions).expect("as its launcher");
    run(Command::new(&launcher).arg("--help")).failed_with_hint(&[
        "no libtorch",
        "libtorch_xyz.so",
        "cargo xtask setup",
        "LD_LIBRARY_PATH",
    ]);
}

#[test]
fn a_cuda_device_that_is_not_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    run(program("gqn-train")
        .args(["train", "--device", "cuda:9", "--config"])
        .arg(config_in(folder.path()))
        .arg("--out")
        .arg(&out))
    .failed_with_hint(&["cuda:9 was asked for"]);
    assert!(!out.exists());
}

#[test]
fn a_full_disk() {
    let folder = tempfile::tempdir().expect("a folder");
    let (run_folder, package) = (micro().run_in(folder.path()), micro().package_in(folder.path()));
    let Some(full) = FullDisk::new(folder.path()) else {
        eprintln!(
            "SKIPPED: `unshare --mount` is not permitted here, so no disk can be full; /dev/full stands in"
        );
        return;
    };
    let parts = ["could not write", "the disk is full; free some space"];

    let export = full.run("gqn-export", |command, disk| {
        command.arg("export").arg(&run_folder).arg("--out").arg(disk.join("package"));
    });
    export.0.failed_with_hint(&parts);
    assert_eq!(export.1, "", "a package is there whole or not at all");

    let orbit = full.run("gqn-run", |command, disk| {
        command.arg("orbit").arg(&package).args(["--world", "rooms-ring-camera", "--scale", "16"]);
        command.arg("--out").arg(disk.join("orbit.gif"));
    });
    orbit.0.failed_with_hint(&parts);
    assert_eq!(orbit.1, "", "a picture is there whole or not at all");

    let config = config_in(folder.path());
    let train = full.run("gqn-train", |command, disk| {
        command.args(["train", "--device", "cpu", "--config"]).arg(&config);
        command.arg("--out").arg(disk.join("run"));
    });
    train.0.failed_with_hint(&parts);
    let files = "./run/config.toml\n./run/held_out.jsonl\n./run/metrics.jsonl\n";
    assert_eq!(train.1, files, "no half of a state stays");
}

/// Runs programs with a disk of 16 KiB, which is a mount that only they see.
struct FullDisk<'a> {
    folder: &'a Path,
    unshare: &'static [&'static str],
}

impl<'a> FullDisk<'a> {
    /// None where this host permits no mount, with or without a user namespace.
    fn new(folder: &'a Path) -> Option<Self> {
        const WAYS: [&[&str]; 2] = [&["--user", "--map-root-user", "--mount"], &["--mount"]];
        let mount = "mount -t tmpfs tmpfs \"$0\"";
        let place = folder.join("disk");
        fs::create_dir(&place).expect("a folder");
        let works = |way: &&&[&str]| {
            let mut command = Command::new("unshare");
            command.args(**way).args(["sh", "-c", mount]).arg(&place);
            command.output().is_ok_and(|output| output.status.success())
        };
        let unshare = WAYS.iter().find(works)?;
        Some(Self { folder, unshare })
    }

    /// What came of the program, and the files that it left on the disk.
    fn run(&self, name: &str, arguments: impl FnOnce(&mut Command, &Path)) -> (Outcome, String) {
        // The disk vanishes with the shell, so what lies on it is listed before.
        const SCRIPT: &str = "mount -t tmpfs -o size=16k tmpfs \"$0\" || exit 99; \
                              listing=$1; shift; \"$@\"; code=$?; \
                              cd \"$0\" && find . -type f | sort > \"$listing\"; exit $code";
        let (disk, listing) = (self.folder.join("disk"), self.folder.join("listing"));
        let mut command = Command::new("unshare");
        command.args(self.unshare).args(["sh", "-c", SCRIPT]).arg(&disk).arg(&listing);
        command.arg(program_path(name)).env("OMP_NUM_THREADS", "1");
        arguments(&mut command, &disk);
        let outcome = run(&mut command);
        assert_ne!(outcome.code, Some(99), "no mount: {}", outcome.stderr);
        (outcome, fs::read_to_string(&listing).expect("a listing"))
    }
}

#[test]
fn an_output_that_takes_nothing() {
    // Writing to /dev/full fails as on a full disk.
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let full = || Stdio::from(fs::File::options().write(true).open("/dev/full").expect("Linux"));
    let check = |mut command: Command| {
        let child = command.stdout(full()).stderr(Stdio::piped()).spawn().expect("a program");
        Outcome::of(child.wait_with_output().expect("an end")).failed(&["No space left"]);
    };
    let mut info = program("gqn-run");
    info.arg("info").arg(&package);
    check(info);
    let mut inspect = program("gqn-export");
    inspect.arg("inspect").arg(&package);
    check(inspect);
    let mut golden = program("gqn-train");
    golden
        .arg("golden")
        .arg(micro().run_in(folder.path()).join("checkpoint.safetensors"))
        .arg("--force");
    check(golden);
}

#[test]
fn a_reader_that_went_away_is_no_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let check = |mut command: Command| {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        let child = command.stdout(writer).stderr(Stdio::piped()).spawn().expect("a program");
        let outcome = Outcome::of(child.wait_with_output().expect("an end"));
        assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("error"), "{}", outcome.stderr);
    };
    for (name, command) in [("gqn-run", "info"), ("gqn-run", "verify"), ("gqn-export", "inspect")] {
        let mut called = program(name);
        called.arg(command).arg(&package);
        check(called);
    }
    let mut golden = program("gqn-train");
    golden
        .arg("golden")
        .arg(micro().run_in(folder.path()).join("checkpoint.safetensors"))
        .arg("--force");
    check(golden);
}
