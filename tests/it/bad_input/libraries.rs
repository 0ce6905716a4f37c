//! Shared libraries that are missing or damaged.

use std::fs;
use std::path::{Path, PathBuf};

use crate::micro::micro;
use crate::programs::{Outcome, program, run};

/// Enough of a library for its headers, and less than it says that it has.
const PART: usize = 1 << 20;

/// `gqn-train --help` where the loader finds that library first.
fn trainer_with(folder: &Path, name: &str, content: &[u8]) -> Outcome {
    fs::write(folder.join(name), content).expect("a file");
    run(program("gqn-train").arg("--help").env("LD_LIBRARY_PATH", folder))
}

/// The libtorch that the trainer runs with.
fn libtorch() -> PathBuf {
    let loader = ("LD_TRACE_LOADED_OBJECTS", "1");
    let listing = run(program("gqn-train-libtorch").env(loader.0, loader.1)).stdout;
    let line = listing.lines().find(|line| line.contains("libtorch_cpu.so")).expect("it is linked");
    let path = line.split_once("=> ").expect("where it is").1;
    path.split(' ').next().expect("a path").into()
}

#[test]
fn a_libtorch_that_is_cut_short_or_none() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let whole = fs::read(libtorch()).expect("a library");
    let hint = "cargo xtask setup --libtorch";
    trainer_with(path, "libtorch_cpu.so", &whole[..PART])
        .failed_with_hint(&["libtorch_cpu.so is cut short: it has 1048576 bytes", hint]);
    trainer_with(path, "libtorch_cpu.so", b"")
        .failed_with_hint(&["libtorch_cpu.so is empty", hint]);
    trainer_with(path, "libtorch_cpu.so", b"no library")
        .failed_with_hint(&["libtorch_cpu.so is no shared library", hint]);
    fs::remove_file(path.join("libtorch_cpu.so")).expect("a file");
    // A library as any other, under that name.
    let c_library = super::machine::c_library();
    let other = fs::read(c_library).expect("a library");
    trainer_with(path, "libc10.so", &other).failed_with_hint(&["no libtorch 2.11", "_ZN", hint]);
}

#[test]
fn an_onnx_runtime_that_is_cut_short() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let info = run(program("gqn-run").arg("verify").arg(&package)).succeeded().stdout;
    let from = info.find("ONNX Runtime").expect("it says which one runs");
    let start = info[from..].find('/').expect("a path") + from;
    let end = info[start..].find(".so").expect("a library") + start;
    let end = info[end..].find([',', ')', ' ']).map_or(info.len(), |length| end + length);
    let whole = fs::read(&info[start..end]).expect("a library");
    let path = folder.path().join("libonnxruntime.so");
    for length in [PART, whole.len() - PART] {
        fs::write(&path, &whole[..length]).expect("a file");
        run(program("gqn-run").arg("verify").arg(&package).arg("--ort").arg(&path))
            .failed_with_hint(&["libonnxruntime.so is cut short: it has", "cargo xtask setup"]);
    }
}
