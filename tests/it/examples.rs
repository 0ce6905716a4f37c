//! The programs of `examples/` run, and do what they say.

use std::process::Command;

use crate::architecture::root;
use crate::programs::{program, run};

/// A package that the page offers.
const PACKAGE: &str = "web-demo/models/rooms-ring-camera-demo";
/// How far two engines may differ in a byte of the same picture.
const TOLERANCE: u8 = 2;

/// An example, which cargo builds in a folder beside the programs.
fn example(name: &str) -> Command {
    program(&format!("examples/{name}"))
}

#[test]
fn both_engines_show_the_same_view() {
    let folder = tempfile::tempdir().expect("a folder");
    let pictures = ["look_around_native", "look_around_portable"].map(|name| {
        let out = folder.path().join(name).with_extension("png");
        let said = run(example(name).arg(root().join(PACKAGE)).arg(&out)).succeeded();
        assert!(said.stdout.contains("what the model expects"), "{}", said.stdout);
        image::open(&out).expect("a picture").to_rgb8()
    });
    assert_eq!(pictures[0].dimensions(), pictures[1].dimensions());
    let pixels = pictures[0].as_raw().iter().zip(pictures[1].as_raw());
    let farthest = pixels.map(|(a, b)| a.abs_diff(*b)).max().expect("pixels");
    assert!(farthest <= TOLERANCE, "{farthest}");
}

#[test]
fn a_model_is_trained_and_becomes_a_package() {
    let folder = tempfile::tempdir().expect("a folder");
    let (trained, package) = (folder.path().join("run"), folder.path().join("package"));
    let said = run(example("train_tiny_model").arg(&trained).arg("10")).succeeded();
    assert!(said.stdout.contains("of the best constant picture's error"), "{}", said.stdout);
    run(example("export_package").arg(&trained).arg(&package)).succeeded();
    run(program("gqn-run").arg("verify").arg(&package)).succeeded();
}

#[test]
fn a_data_set_is_written_and_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = run(example("read_data_set").arg(folder.path())).succeeded();
    assert!(said.stdout.contains("4 scenes of 5 views, 32 pixels wide"), "{}", said.stdout);
    for name in ["1-of-2.tfrecord", "2-of-2.tfrecord"] {
        assert!(folder.path().join("train").join(name).is_file(), "{name}");
    }
}
