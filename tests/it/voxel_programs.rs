//! A voxel model through the programs: on files with the geometry that they suggest, exported with fewer steps, and what
//! `gqn-run` does with scenes. What it paints is compared with what `gqn-run render` paints of the same cameras.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use gqn_formats::{View, Views};
use gqn_scenes::{Camera, Scene, World};
use image::{RgbImage, imageops};
use serde_json::Value;

use crate::micro::{Files, read_files};
use crate::programs::{Outcome, program, run};

/// The smallest voxel run: 16×16 pictures, two steps of DRAW, four of training.
const CONFIG: &str = r#"
preset = "tiny"
scenes = 6
test_scenes = 2
steps = 4
batch = 2
seed = 7
max_context = 2
generation_steps = 1
checkpoint_every = 4
log_every = 1

[model]
image_size = 16
representation_channels = 16
latent_channels = 2
hidden_channels = 8
canvas_channels = 8
steps = 2

[model.voxel]
cells = [8, 8, 4]
depth_samples = 4
rendered_channels = 8
"#;
const WORLD: World = World::RoomsRingCamera;
const SIDE: u32 = 16;
/// Around pictures on a sheet, and the height of its letters, in pixels.
const GAP: u32 = 4;
const LETTER: u32 = 8;
/// Sums in another order, rounded to a byte.
const TOLERANCE: u8 = 1;

fn train(folder: &Path, out: &Path, flags: &[&str]) -> Outcome {
    let config = folder.join("voxel.toml");
    fs::write(&config, CONFIG).expect("a file");
    let mut command = program("gqn-train");
    command.args(["train", "--device", "cpu", "--threads", "1", "--config"]).arg(config);
    run(command.args(flags).arg("--out").arg(out))
}

/// The run, trained by the first test that asks for it.
fn trained(folder: &Path) -> PathBuf {
    static RUN: OnceLock<Files> = OnceLock::new();
    let files = RUN.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("run");
        train(folder.path(), &out, &["--no-tensorboard"]).succeeded();
        read_files(&out)
    });
    let out = folder.join("run");
    fs::create_dir(&out).expect("a folder");
    for (name, content) in files {
        fs::write(out.join(name), content).expect("a file");
    }
    out
}

fn exported(folder: &Path, flags: &[&str]) -> PathBuf {
    let (trained, package) = (trained(folder), folder.join("package"));
    run(program("gqn-export").arg("export").arg(trained).args(flags).arg("--out").arg(&package))
        .succeeded();
    package
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a file")).expect("JSON")
}

#[test]
fn fewer_steps_are_exported_and_verified() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = exported(folder.path(), &["--steps", "1"]);
    let manifest = json(&package.join("manifest.json"));
    assert_eq!(manifest["config"]["steps"], 1);
    assert_eq!(manifest["config"]["representation"], "voxel");
    assert_eq!(manifest["provenance"]["metrics"]["elbo_phase"], 1.0);
    run(program("gqn-run").arg("verify").arg(&package)).succeeded();
}

#[test]
fn a_longer_run_keeps_its_first_phase() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = trained(folder.path());
    let mut command = program("gqn-train");
    command.args(["train", "--resume", "--device", "cpu", "--threads", "1", "--steps", "5"]);
    run(command.args(["--no-tensorboard", "--out"]).arg(&out)).succeeded();
    let config = fs::read_to_string(out.join("config.toml")).expect("a configuration");
    let config: toml::Table = config.parse().expect("TOML");
    assert_eq!(config["steps"].as_integer(), Some(5));
    assert_eq!(config["generation_steps"].as_integer(), Some(1));
}

/// What `gqn-run` does with a package and a world.
struct Painter {
    folder: tempfile::TempDir,
    package: PathBuf,
}

impl Painter {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let package = exported(folder.path(), &[]);
        Self { folder, package }
    }

    fn command(&self, what: &str, flags: &[&str]) -> Command {
        let mut command = program("gqn-run");
        command.arg(what).arg(&self.package).args(["--world", WORLD.name()]).args(flags);
        command
    }

    /// A sheet that is not enlarged.
    fn sheet(&self, what: &str, flags: &[&str]) -> RgbImage {
        let out = self.folder.path().join("sheet.png");
        let mut command = self.command(what, flags);
        run(command.args(["--scale", "1", "--force", "--out"]).arg(&out)).succeeded();
        image::open(out).expect("a picture").into_rgb8()
    }

    fn rendered(&self, seed: &str, context: &str, cameras: &[Camera]) -> Vec<RgbImage> {
        let path = self.folder.path();
        let (list, out) = (path.join("cameras.json"), path.join("rendered"));
        let views = cameras.iter().map(|camera| View::new(None, camera)).collect();
        fs::write(&list, Views::new(views).to_json()).expect("a file");
        let flags = ["--seed", seed, "--context", context, "--force", "--cameras"];
        run(self.command("render", &flags).arg(list).arg("--out").arg(&out)).succeeded();
        let picture = |index| image::open(out.join(format!("prediction_{index:02}.png")));
        (0..cameras.len()).map(|index| picture(index).expect("a picture").into_rgb8()).collect()
    }
}

/// The picture in a row and column of a sheet.
fn tile(sheet: &RgbImage, row: u32, column: u32) -> RgbImage {
    let (x, y) = (GAP + column * (SIDE + GAP), row * (LETTER + 2 * GAP + SIDE) + LETTER + 2 * GAP);
    imageops::crop_imm(sheet, x, y, SIDE, SIDE).to_image()
}

fn difference(a: &RgbImage, b: &RgbImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.iter().zip(b.iter()).map(|(a, b)| a.abs_diff(*b)).max().expect("pixels")
}

#[test]
fn scenes_are_added_taken_away_passed_and_turned() {
    let painter = Painter::new();
    let scene = Scene::generate(WORLD, 4);
    let way = ["--seed", "4", "--context", "2", "--from", "1", "--to", "6", "--frames", "3"];
    let sheet = painter.sheet("interpolate", &way);
    let painted = painter.rendered("4", "2", &[1, 6].map(|index| scene.camera(index)));
    for (column, painted) in [0, 2].into_iter().zip(&painted) {
        assert!(difference(&tile(&sheet, 1, column), painted) <= TOLERANCE);
    }
    let sheet = painter.sheet("rotate", &["--seed", "4", "--frames", "3"]);
    let truth = scene.render(&scene.camera(0), SIDE as usize);
    assert_eq!(tile(&sheet, 0, 0).into_raw(), truth.rgb8());
    assert!(difference(&tile(&sheet, 2, 0), &tile(&sheet, 2, 1)) > 0, "it turns");

    let sum = ["--add", "4,5", "--subtract", "5", "--context", "2", "--queries", "2"];
    let sheet = painter.sheet("arithmetic", &sum);
    let alone = painter.rendered("4", "2", &[2, 3].map(|index| scene.camera(index)));
    for (column, alone) in (0..).zip(&alone) {
        assert!(difference(&tile(&sheet, 3, column), alone) <= TOLERANCE, "4 + 5 - 5 is 4");
    }
}

#[test]
fn rendered_worlds_are_refused_for_other_cameras() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let hint = &["leave out --field-of-view; rendered worlds have 50 degrees"];
    train(folder, &folder.join("wide"), &["--field-of-view", "1.2"]).failed_with_hint(hint);
    // On files it may be trained, and then no world is rendered for it.
    let data = folder.join("mine");
    let render =
        "render --world rooms-ring-camera --train 6 --test 2 --per-shard 4 --views 4 --size 16";
    run(program("gqn-data").args(render.split(' ')).arg("--out").arg(&data)).succeeded();
    let data = data.to_str().expect("UTF-8");
    let run_folder = folder.join("run");
    train(folder, &run_folder, &["--data", data, "--field-of-view", "1.2"]).succeeded();
    let golden = folder.join("golden.safetensors");
    run(program("gqn-train").arg("golden").arg(&run_folder).arg("--out").arg(golden))
        .failed_with_hint(hint);
    let package = folder.join("package");
    run(program("gqn-export").arg("export").arg(&run_folder).arg("--out").arg(&package))
        .succeeded();
    for (what, flags) in [("render", ["--seed", "4"]), ("arithmetic", ["--add", "4"])] {
        let mut command = program("gqn-run");
        command.arg(what).arg(&package).args(["--world", WORLD.name()]).args(flags);
        let out = folder.join(if what == "render" { "out" } else { "out.png" });
        run(command.arg("--out").arg(out)).failed_with_hint(hint);
    }
}

#[test]
fn the_geometry_of_files_is_said_in_a_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    let set = |name: &str| {
        let out = folder.join(name);
        let render =
            "render --world shepard-metzler-5 --train 6 --test 2 --per-shard 4 --views 4 --size 16";
        run(program("gqn-data").args(render.split(' ')).arg("--out").arg(&out)).succeeded();
        out.to_str().expect("UTF-8").to_owned()
    };
    let line = |data: &str, flags: &[&str]| {
        let out = folder.join("run");
        let flags = [&["--data", data, "--steps", "1", "--force"], flags].concat();
        let said = train(folder, &out, &flags).succeeded().stderr;
        let line = said.lines().find(|line| line.starts_with("geometry: ")).map(str::to_owned);
        (line.unwrap_or_else(|| panic!("no geometry in: {said}")), json_config(&out))
    };
    let assumed = "field of view is taken for 50°";
    let of_world = |world: World, config: &toml::Table| {
        let far = config["model"]["voxel"]["far"].as_float().expect("a number");
        (far - world.extent().far).abs() < 1e-9
    };

    let (published, mine) = (set("shepard_metzler_5_parts"), set("mine"));
    let (said, config) = line(&published, &[]);
    assert!(said.contains("of the world shepard-metzler-5, which the published set"), "{said}");
    assert!(said.contains(assumed), "{said}");
    assert!(of_world(World::ShepardMetzler5, &config));
    // A world that is given beats the name.
    let (said, config) = line(&published, &["--world", "mazes"]);
    assert!(said.contains("of the world mazes;") && said.contains(assumed), "{said}");
    assert!(of_world(World::Mazes, &config));
    let (said, config) = line(&published, &["--field-of-view", "1.2"]);
    assert!(!said.contains("is taken for") && said.contains("field_of_view"), "{said}");
    assert_eq!(config["model"]["voxel"]["field_of_view"].as_float(), Some(1.2));

    let (said, config) = line(&mine, &[]);
    assert!(said.contains("suggested by the cameras of the files, which look at"), "{said}");
    // `inspect` suggests the same, whatever its sample is.
    let inspect = run(program("gqn-data").args(["inspect", "--sample", "1"]).arg(&mine));
    let found: Value = serde_json::from_str(&inspect.succeeded().stdout).expect("JSON");
    for key in ["low", "high", "near", "far"] {
        let trained = serde_json::to_value(&config["model"]["voxel"][key]).expect("numbers");
        assert_eq!(found["voxel"][key], trained, "{key}");
    }
}

fn json_config(run: &Path) -> toml::Table {
    let text = fs::read_to_string(run.join("config.toml")).expect("a configuration");
    text.parse().expect("TOML")
}
