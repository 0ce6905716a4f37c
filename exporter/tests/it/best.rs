//! Keeping the better of two packages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gqn_formats::Package;

use crate::support::{checkpoint, checkpoint_file, every_kind, sample};

/// A package of a run that stands at a step, with a figure of its evaluation.
fn package(root: &Path, step: u64, figures: &[(&str, f64)]) -> PathBuf {
    let (run, out) = (root.join(format!("run-{step}")), root.join(format!("package-{step}")));
    fs::create_dir(&run).expect("a folder");
    let mut checkpoint = checkpoint(&every_kind()[0]);
    checkpoint.step = step;
    checkpoint.provenance.metrics =
        figures.iter().map(|(name, figure)| ((*name).to_owned(), *figure)).collect();
    let (bytes, sha256) = checkpoint_file(&checkpoint);
    fs::write(run.join("checkpoint.safetensors"), bytes).expect("a checkpoint");
    let sample = sample(&checkpoint.config, &sha256).to_bytes("sample").expect("bytes");
    fs::write(run.join("golden.safetensors"), sample).expect("a sample");
    let output = call(&["export".as_ref(), &run, "--out".as_ref(), &out]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    out
}

fn call(arguments: &[&Path]) -> Output {
    let program = env!("CARGO_BIN_EXE_gqn-export");
    Command::new(program).args(arguments).output().expect("the program starts")
}

fn keep(package: &Path, best: &Path, more: &[&str]) -> Output {
    let more: Vec<&Path> = more.iter().map(Path::new).collect();
    call(&[&["keep".as_ref(), package, "--best".as_ref(), best], &more[..]].concat())
}

#[test]
fn only_a_better_package_takes_the_place_of_the_best() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let (best, curves) = (root.path().join("models/rooms"), root.path().join("curves.svg"));
    fs::write(&curves, "<svg/>").expect("a chart");
    let with_curves = ["--curves", curves.to_str().expect("a path")];
    // Error, whether the evidence lower bound was trained, and the step that is kept then.
    let slices = [
        (1, 0.04, 0.0, 1),
        (2, 0.05, 0.0, 1),
        (3, 0.06, 1.0, 3),
        (4, 0.01, 0.0, 3),
        (5, 0.05, 1.0, 5),
    ];
    for (step, mse, phase, expected) in slices {
        let new = package(root.path(), step, &[("mse_generated", mse), ("elbo_phase", phase)]);
        let output = keep(&new, &best, &with_curves);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(said.starts_with("kept: "), expected == step, "{said}");
        assert_eq!(Package::open(&best).expect("a package").manifest.step, expected);
        assert!(best.join("training.svg").is_file());
    }
    let left = fs::read_dir(root.path().join("models")).expect("a folder").count();
    assert_eq!(left, 1, "no temporary folder stays");
}

#[test]
fn what_cannot_be_compared_or_is_too_large_is_refused() {
    let root = tempfile::tempdir().expect("a temporary folder");
    let best = root.path().join("best");
    let refused = |output: &Output, expected: &str| {
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(expected), "{said}");
    };
    let without = package(root.path(), 1, &[]);
    refused(&keep(&without, &best, &[]), "says no mse_generated");
    let large = package(root.path(), 2, &[("mse_generated", 0.1)]);
    refused(&keep(&large, &best, &["--most-bytes", "1000"]), "expected at most 1000");
    assert!(!best.exists());
    fs::create_dir(&best).expect("a folder");
    fs::write(best.join("notes.txt"), "mine").expect("a file");
    refused(&keep(&large, &best, &[]), "is there and no package");
    assert_eq!(fs::read_to_string(best.join("notes.txt")).expect("the file"), "mine");
}
