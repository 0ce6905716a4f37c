//! From a seed to a view that no camera took, by the programs: train, export, verify, paint.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use gqn_formats::{Checkpoint, View, Views};
use gqn_scenes::{Scene, World};
use gqn_system::Overwrite;
use image::AnimationDecoder;
use image::codecs::gif::GifDecoder;
use serde_json::Value;

use crate::micro::{Files, SEED, SIDE, STEPS, config_in, micro, read_files};
use crate::programs::{Outcome, program, run};

const WORLD: World = World::RoomsRingCamera;

fn names(files: &Files) -> BTreeSet<&str> {
    files.keys().map(String::as_str).collect()
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// A zip of the package as a person makes it: with its folder.
fn zipped(files: &Files, path: &Path) {
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(format!("package/{name}"), options).expect("an entry");
        writer.write_all(content).expect("its content");
    }
    fs::write(path, writer.finish().expect("a zip").into_inner()).expect("a file");
}

/// Reads a PNG of the model's size as bytes.
#[track_caller]
fn picture(path: &Path) -> Vec<u8> {
    let picture = image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!((picture.width(), picture.height()), (SIDE, SIDE), "{}", path.display());
    picture.into_rgb8().into_raw()
}

#[test]
fn a_run_folder_and_a_package_hold_what_the_formats_say() {
    let micro = micro();
    let of_run = [
        "best.safetensors",
        "checkpoint.safetensors",
        "config.toml",
        "golden.safetensors",
        "held_out.jsonl",
        "metrics.json",
        "metrics.jsonl",
        "state.safetensors",
    ];
    // Besides, event files, whose names tell when they were begun.
    let (events, run): (BTreeSet<_>, BTreeSet<_>) =
        names(&micro.run).into_iter().partition(|name| name.starts_with("tensorboard/events."));
    assert_eq!(run, BTreeSet::from(of_run));
    assert_eq!(events.len(), 1, "{events:?}");
    let of_package = [
        "README.md",
        "drawing.onnx",
        "generator.onnx",
        "manifest.json",
        "representation.onnx",
        "sample.safetensors",
    ];
    assert_eq!(names(&micro.package), BTreeSet::from(of_package));
    assert_eq!(micro.package["sample.safetensors"], micro.run["golden.safetensors"]);
    let manifest = json(&micro.package["manifest.json"]);
    assert_eq!(manifest["step"], STEPS);
    assert_eq!(manifest["provenance"]["seed"].to_string(), SEED);
    let command = manifest["provenance"]["command"].as_str().expect("text");
    assert!(command.contains("gqn-train train"), "{command}");
    let described: BTreeSet<String> =
        manifest["files"].as_object().expect("an object").keys().cloned().collect();
    let others = micro.package.keys().filter(|name| *name != "manifest.json").cloned().collect();
    assert_eq!(described, others);
}

#[test]
fn every_step_is_logged_and_the_evaluation_printed() {
    let micro = micro();
    let log = String::from_utf8(micro.run["metrics.jsonl"].clone()).expect("text");
    let lines: Vec<Value> = log.lines().map(|line| json(line.as_bytes())).collect();
    let steps: Vec<u64> = lines.iter().filter_map(|line| line["step"].as_u64()).collect();
    assert_eq!(steps, (0..STEPS).collect::<Vec<_>>());
    let keys: BTreeSet<&str> =
        lines[0].as_object().expect("an object").keys().map(String::as_str).collect();
    let documented = BTreeSet::from([
        "step",
        "phase",
        "log_likelihood",
        "elbo",
        "excess",
        "kl",
        "mse",
        "context",
        "pixel_std_dev",
        "learning_rate",
    ]);
    assert_eq!(keys, documented, "docs/formats.md");
    for line in &lines {
        assert!(line["kl"].as_f64().is_some_and(|kl| kl >= 0.0), "{line}");
        // What the posterior costs comes on top of the floor, which is the error of a perfect picture.
        assert!(line["excess"].as_f64().is_some_and(|excess| excess > 0.0), "{line}");
    }
    assert_eq!(json(micro.stdout.as_bytes()), json(&micro.run["metrics.json"]));
}

#[test]
fn an_evaluation_can_be_repeated() {
    let folder = tempfile::tempdir().expect("a folder");
    let run_folder = micro().run_in(folder.path());
    let evaluation =
        run(program("gqn-train").args(["eval", "--device", "cpu"]).arg(&run_folder)).succeeded();
    let (mut found, mut expected) =
        (json(evaluation.stdout.as_bytes()), json(&micro().run["metrics.json"]));
    // The run measures one, two, three views and the most, `eval` each number.
    let (rows, row) = (found["by_context"].take(), expected["by_context"].take());
    let rows = rows.as_array().expect("a list");
    let contexts: Vec<_> = rows.iter().filter_map(|row| row["context"].as_u64()).collect();
    assert_eq!(contexts, [1, 2, 3, 4, 5]);
    assert_eq!([&rows[..3], &rows[4..]].concat(), *row.as_array().expect("a list"));
    assert_eq!(found, expected);
    for row in rows {
        for quality in [&row["generated"], &row["reconstructed"]] {
            let figure = |name: &str| quality[name].as_f64().expect("a number");
            let same = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
            assert!(same(figure("rmse_255"), 255.0 * figure("mse").sqrt()), "{quality}");
            assert!(same(figure("mae_255"), 255.0 * figure("mae")), "{quality}");
            assert!(figure("psnr") > 0.0 && figure("ssim").abs() < 1.0, "{quality}");
        }
        let cost = row["excess"].as_f64().zip(row["kl"].as_f64());
        assert!(cost.is_some_and(|(excess, kl)| excess > kl), "errors cost as well: {row}");
    }
    let table = evaluation.stderr.lines().filter(|line| line.starts_with("    "));
    assert_eq!(table.count(), 6, "a head and five rows: {}", evaluation.stderr);
    let one = run(program("gqn-train")
        .args(["eval", "--device", "cpu", "--context", "2", "--queries", "3", "--scenes", "1"])
        .args(["--samples", "3"])
        .arg(&run_folder))
    .succeeded();
    let one = json(one.stdout.as_bytes());
    assert_eq!(
        (&one["queries"], &one["context"], &one["scenes"]),
        (&3.into(), &2.into(), &1.into())
    );
    let row = &one["by_context"][0];
    let figure = |name: &str| row[name].as_f64().expect("a number");
    assert!(figure("mse_best_sample") <= figure("mse_sampled"), "{row}");
    assert!(figure("sample_difference") > 0.0, "{row}");
    assert!(rows[0]["mse_best_sample"].is_null(), "of one sample there is no best");
}

#[test]
fn a_package_verifies_as_a_folder_and_as_a_zip() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let zip = folder.path().join("package.zip");
    zipped(&micro().package, &zip);
    for package in [&package, &zip] {
        let outcome = run(program("gqn-run").arg("verify").arg(package).arg("--json")).succeeded();
        let report = json(outcome.stdout.as_bytes());
        assert_eq!(report["sample"]["passed"], true, "{report}");
        let names = report["sample"]["checks"].as_array().expect("a list").iter();
        let names: Vec<_> = names.map(|check| check["name"].as_str().unwrap_or("")).collect();
        assert_eq!(names, ["frames", "mean_frames", "drawing"]);
    }
    let info = run(program("gqn-run").arg("info").arg(&zip)).succeeded();
    assert!(
        info.stdout.contains("16x16") && info.stdout.contains("ONNX Runtime"),
        "{}",
        info.stdout
    );
}

#[test]
fn a_package_that_paints_something_else_does_not_verify() {
    // Ten times the tolerance on top of what the sample expects, and checksums that say so: only painting finds it.
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let mut sample =
        gqn_formats::TensorFile::from_bytes("sample", &micro().package["sample.safetensors"])
            .expect("tensors");
    sample.tensors.get_mut("mean_frames").expect("pictures").mapv_inplace(|value| value + 1e-3);
    let sample = sample.to_bytes("sample").expect("bytes");
    let mut manifest = json(&micro().package["manifest.json"]);
    manifest["files"]["sample.safetensors"]["sha256"] = gqn_formats::sha256_hex(&sample).into();
    fs::write(package.join("sample.safetensors"), sample).expect("a file");
    fs::write(package.join("manifest.json"), manifest.to_string()).expect("a file");
    let outcome = run(program("gqn-run").arg("verify").arg(&package));
    outcome.failed_with_hint(&["does not render here what it rendered where it was made"]);
    let lines: Vec<&str> = outcome.stdout.lines().filter(|line| line.contains("fail")).collect();
    assert!(lines.len() == 1 && lines[0].starts_with("mean_frames"), "{}", outcome.stdout);
    // `gqn-run verify … | head -1`: who listens no longer changes no verdict.
    for flag in [None, Some("--json")] {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let mut command = program("gqn-run");
        command.arg("verify").arg(&package).args(flag).stdout(writer).stderr(Stdio::piped());
        let outcome = Outcome::of(command.output().expect("a program"));
        outcome.failed_with_hint(&["does not render here what it rendered where it was made"]);
    }
}

#[test]
fn render_paints_what_other_cameras_see() {
    const CONTEXT: usize = 3;
    let folder = tempfile::tempdir().expect("a folder");
    let (package, out) = (micro().package_in(folder.path()), folder.path().join("views"));
    run(program("gqn-run")
        .arg("render")
        .arg(&package)
        .args(["--world", "rooms-ring-camera", "--seed", "42", "--context", "3", "--queries", "2"])
        .arg("--out")
        .arg(&out))
    .succeeded();
    let expected = [
        "comparison.png",
        "context.png",
        "metrics.json",
        "prediction_00.png",
        "prediction_01.png",
        "truth_00.png",
        "truth_01.png",
    ];
    let files = read_files(&out);
    assert_eq!(names(&files), BTreeSet::from(expected));
    let scene = Scene::generate(WORLD, 42);
    for query in 0..2 {
        let truth = scene.render(&scene.camera(CONTEXT + query), SIDE as usize);
        assert_eq!(picture(&out.join(format!("truth_0{query}.png"))), truth.rgb8());
        picture(&out.join(format!("prediction_0{query}.png")));
    }
    let metrics = json(&files["metrics.json"]);
    assert_eq!(metrics["context"], CONTEXT);
    assert_eq!(metrics["views"].as_array().map(Vec::len), Some(2));
    for name in ["comparison.png", "context.png"] {
        let sheet = image::open(out.join(name)).expect("a picture");
        assert!(sheet.width() >= CONTEXT as u32 * SIDE, "{name} is {} pixels wide", sheet.width());
    }
}

#[test]
fn render_sees_ones_own_pictures() {
    let folder = tempfile::tempdir().expect("a folder");
    let (package, out) = (micro().package_in(folder.path()), folder.path().join("painted"));
    let views = views_in(folder.path(), 3, SIDE as usize);
    run(program("gqn-run")
        .arg("render")
        .arg(&package)
        .arg("--views")
        .arg(&views)
        .args(["--queries", "2", "--out"])
        .arg(&out))
    .succeeded();
    for name in ["prediction_00.png", "prediction_01.png"] {
        picture(&out.join(name));
    }
    assert!(!out.join("truth_00.png").exists(), "nobody knows the truth of a folder's scene");
}

/// A folder of pictures of one room and their cameras.
pub(crate) fn views_in(folder: &Path, count: usize, side: usize) -> PathBuf {
    let folder = folder.join("views");
    fs::create_dir_all(&folder).expect("a folder");
    let scene = Scene::generate(WORLD, 1);
    let views = scene.cameras(count).into_iter().enumerate().map(|(index, camera)| {
        let (name, frame) = (format!("{index}.png"), scene.render(&camera, side));
        let side = side as u32;
        image::save_buffer(folder.join(&name), frame.rgb8(), side, side, image::ColorType::Rgb8)
            .expect("a picture");
        View::new(Some(name), &camera)
    });
    let json = Views::new(views.collect()).to_json();
    fs::write(folder.join("views.json"), json).expect("a file");
    folder
}

#[test]
fn orbit_is_an_animated_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let (package, out) = (micro().package_in(folder.path()), folder.path().join("orbit.gif"));
    run(program("gqn-run")
        .arg("orbit")
        .arg(&package)
        .args(["--world", "rooms-ring-camera", "--frames", "5", "--scale", "2", "--out"])
        .arg(&out))
    .succeeded();
    let gif = GifDecoder::new(Cursor::new(fs::read(&out).expect("a GIF"))).expect("a GIF");
    let frames = gif.into_frames().collect_frames().expect("its frames");
    assert_eq!(frames.len(), 5);
    assert!(frames.iter().all(|frame| frame.buffer().dimensions() == (2 * SIDE, 2 * SIDE)));
}

#[test]
fn a_golden_file_can_be_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let run_folder = micro().run_in(folder.path());
    let again = folder.path().join("again.safetensors");
    run(program("gqn-train")
        .arg("golden")
        .arg(&run_folder)
        .args(["--seed", SEED, "--out"])
        .arg(&again))
    .succeeded();
    assert!(fs::read(&again).expect("a file") == micro().run["golden.safetensors"], "other bytes");
    let package = folder.path().join("package");
    run(program("gqn-export")
        .arg("export")
        .arg(&run_folder)
        .arg("--sample")
        .arg(&again)
        .arg("--out")
        .arg(&package))
    .succeeded();
    assert!(read_files(&package) == micro().package, "the same inputs give another package");
}

#[test]
fn a_golden_file_of_another_checkpoint_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let run_folder = micro().run_in(folder.path());
    let path = run_folder.join("checkpoint.safetensors");
    let mut checkpoint = Checkpoint::load(&path).expect("a checkpoint");
    checkpoint.step += 1;
    checkpoint.save(&path, Overwrite::Force).expect("a file");
    let package = folder.path().join("package");
    run(program("gqn-export").arg("export").arg(&run_folder).arg("--out").arg(&package))
        .failed_with_hint(&[
            "the sample was computed from a checkpoint of sha256",
            "gqn-train golden",
        ]);
    assert!(!package.exists());
}

#[test]
fn a_flag_that_says_false_means_false() {
    let folder = tempfile::tempdir().expect("a folder");
    for (shared, core) in [("false", "generation_core.1."), ("true", "generation_core.gates.")] {
        let out = folder.path().join(shared);
        run(program("gqn-train")
            .args(["train", "--device", "cpu", "--steps", "1", "--shared-core", shared])
            .arg("--config")
            .arg(config_in(folder.path()))
            .arg("--out")
            .arg(&out))
        .succeeded();
        let config = fs::read_to_string(out.join("config.toml")).expect("a file");
        let config: toml::Table = config.parse().expect("TOML");
        assert_eq!(config["model"]["shared_core"].to_string(), shared);
        let checkpoint = Checkpoint::load(&out.join("checkpoint.safetensors")).expect("weights");
        assert!(checkpoint.tensors.keys().any(|name| name.starts_with(core)), "no {core}…");
    }
}

#[test]
fn programs_of_a_build_run_without_environment_variables() {
    for name in ["gqn-train", "gqn-export", "gqn-run", "gqn-data", "xtask"] {
        run(program(name).env_clear().arg("--version")).succeeded();
    }
}
