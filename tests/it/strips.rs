//! Ways between views, mental rotation and sums of scenes, painted by the model that the web demo offers: each against
//! what `gqn-run render` paints of the same cameras.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gqn_formats::{View, Views};
use gqn_scenes::{Camera, Scene, World};
use image::{AnimationDecoder, RgbImage, codecs::gif::GifDecoder, imageops};

use crate::programs::{program, run};

const WORLD: World = World::RoomsRingCamera;
const SIDE: u32 = 32;
/// Around pictures on a sheet, and the height of its letters, in pixels.
const GAP: u32 = 4;
const LETTER: u32 = 8;
/// Sums in another order, rounded to a byte.
const TOLERANCE: u8 = 1;
/// What two cameras see differs by more, so that a picture of another camera does not pass.
const DIFFERENT: u8 = 10;

fn gqn_run(what: &str) -> Command {
    let package =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo/models/rooms-ring-camera-tiny");
    let mut command = program("gqn-run");
    command.arg(what).arg(package).args(["--world", "rooms-ring-camera"]);
    command
}

/// What `render` paints of cameras of the scene, shown its first views.
fn rendered(folder: &Path, seed: &str, context: &str, cameras: &[Camera]) -> Vec<RgbImage> {
    let (list, out) = (folder.join("cameras.json"), folder.join("rendered"));
    let views = cameras.iter().map(|camera| View::new(None, camera)).collect();
    fs::write(&list, Views::new(views).to_json()).expect("a file");
    run(gqn_run("render")
        .args(["--seed", seed, "--context", context, "--force", "--cameras"])
        .arg(list)
        .arg("--out")
        .arg(&out))
    .succeeded();
    let picture = |index| image::open(out.join(format!("prediction_{index:02}.png")));
    (0..cameras.len()).map(|index| picture(index).expect("a picture").into_rgb8()).collect()
}

/// Runs a command that writes a sheet, without enlarging it.
fn sheet(folder: &Path, command: &mut Command) -> RgbImage {
    let out: PathBuf = folder.join("sheet.png");
    run(command.args(["--scale", "1", "--force", "--out"]).arg(&out)).succeeded();
    image::open(out).expect("a picture").into_rgb8()
}

/// The picture in a row and column of a sheet.
fn tile(sheet: &RgbImage, row: u32, column: u32) -> RgbImage {
    let (x, y) = (GAP + column * (SIDE + GAP), row * (LETTER + 2 * GAP + SIDE) + LETTER + 2 * GAP);
    imageops::crop_imm(sheet, x, y, SIDE, SIDE).to_image()
}

fn truth(scene: &Scene, camera: &Camera) -> RgbImage {
    let frame = scene.render(camera, SIDE as usize);
    RgbImage::from_raw(SIDE, SIDE, frame.rgb8().to_vec()).expect("a picture")
}

fn difference(a: &RgbImage, b: &RgbImage) -> u8 {
    assert_eq!(a.dimensions(), b.dimensions());
    a.iter().zip(b.iter()).map(|(a, b)| a.abs_diff(*b)).max().expect("pixels")
}

#[test]
fn a_way_goes_from_one_view_to_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let interpolate = || {
        let mut command = gqn_run("interpolate");
        command.args([
            "--seed",
            "4",
            "--context",
            "2",
            "--from",
            "1",
            "--to",
            "6",
            "--frames",
            "3",
        ]);
        command
    };
    let sheet = sheet(folder.path(), &mut interpolate());
    let scene = Scene::generate(WORLD, 4);
    let ends = [1, 6].map(|index| scene.camera(index));
    let painted = rendered(folder.path(), "4", "2", &ends);
    for (column, end, painted) in [(0, &ends[0], &painted[0]), (2, &ends[1], &painted[1])] {
        assert!(difference(&tile(&sheet, 0, column), &truth(&scene, end)) <= TOLERANCE);
        assert!(difference(&tile(&sheet, 1, column), painted) <= TOLERANCE);
    }
    assert!(difference(&painted[0], &painted[1]) > DIFFERENT);

    let out = folder.path().join("way.gif");
    run(interpolate().args(["--scale", "2", "--out"]).arg(&out)).succeeded();
    let gif = GifDecoder::new(std::io::Cursor::new(fs::read(&out).expect("a GIF"))).expect("a GIF");
    assert_eq!(gif.into_frames().collect_frames().expect("its frames").len(), 3);
    run(interpolate().arg("--out").arg(&out)).failed_with_hint(&["exists", "--force"]);
    run(interpolate().arg("--out").arg(folder.path().join("way.jpg"))).failed(&[".png or .gif"]);
}

#[test]
fn a_rotation_shows_one_view_and_paints_the_round() {
    let folder = tempfile::tempdir().expect("a folder");
    let sheet = sheet(folder.path(), gqn_run("rotate").args(["--seed", "4", "--frames", "4"]));
    let scene = Scene::generate(WORLD, 4);
    assert!(difference(&tile(&sheet, 0, 0), &truth(&scene, &scene.camera(0))) == 0);
    assert!(tile(&sheet, 0, 1).pixels().all(|pixel| pixel.0 == [255; 3]), "one view is shown");
    for column in 1..4 {
        for row in [1, 2] {
            let (first, other) = (tile(&sheet, row, 0), tile(&sheet, row, column));
            assert!(difference(&first, &other) > DIFFERENT, "row {row}, column {column}");
        }
    }
}

#[test]
fn what_is_added_and_subtracted_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let arithmetic = |add: &str, subtract: &str| {
        let mut command = gqn_run("arithmetic");
        command.args(["--add", add, "--context", "3", "--queries", "2"]);
        if !subtract.is_empty() {
            command.args(["--subtract", subtract]);
        }
        sheet(folder.path(), &mut command)
    };
    let scene = Scene::generate(WORLD, 4);
    let cameras = [scene.camera(3), scene.camera(4)];
    let alone = rendered(folder.path(), "4", "3", &cameras);
    let (sum, twice) = (arithmetic("4,5", "5"), arithmetic("4,5", ""));
    for (column, (camera, alone)) in (0..).zip(cameras.iter().zip(&alone)) {
        assert!(difference(&tile(&sum, 0, column), &truth(&scene, camera)) == 0);
        let of_second = truth(&Scene::generate(WORLD, 5), camera);
        assert!(difference(&tile(&sum, 2, column), &of_second) == 0, "from the first's cameras");
        assert!(difference(&tile(&sum, 3, column), alone) <= TOLERANCE, "4 + 5 - 5 is 4");
        assert!(difference(&tile(&twice, 2, column), alone) > DIFFERENT, "4 + 5 is not 4");
    }
}

#[test]
fn more_views_are_painted_below_fewer_and_compared() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments = ["--seed", "4", "--context", "1,3", "--queries", "2", "--samples", "4"];
    let sheet = sheet(folder.path(), gqn_run("uncertainty").args(arguments));
    let scene = Scene::generate(WORLD, 4);
    let cameras = [scene.camera(3), scene.camera(4)];
    let [one, three] = ["1", "3"].map(|count| rendered(folder.path(), "4", count, &cameras));
    for column in 0..2 {
        let index = column as usize;
        assert!(difference(&tile(&sheet, 0, column), &truth(&scene, &cameras[index])) == 0);
        assert!(difference(&tile(&sheet, 1, column), &one[index]) <= TOLERANCE);
        assert!(difference(&tile(&sheet, 3, column), &three[index]) <= TOLERANCE);
        let map = tile(&sheet, 2, column);
        assert!(map.pixels().any(|pixel| pixel.0 != map.get_pixel(0, 0).0), "samples differ");
    }
    let out = folder.path().join("sheet.png");
    let mut command = gqn_run("uncertainty");
    command.args(arguments).args(["--json", "--force", "--out"]).arg(&out);
    let facts = run(&mut command).succeeded().stdout;
    let facts: serde_json::Value = serde_json::from_str(&facts).expect("JSON");
    let rows = facts["rows"].as_array().expect("rows");
    assert_eq!(
        rows.iter().map(|row| row["context"].as_u64()).collect::<Vec<_>>(),
        [Some(1), Some(3)]
    );
    for row in rows {
        assert!(row["std_dev"].as_f64() > Some(0.0) && row["mse"].as_f64() > Some(0.0), "{row}");
    }
}

#[test]
fn packages_are_painted_below_one_another() {
    let folder = tempfile::tempdir().expect("a folder");
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo/models");
    let arguments = ["--seed", "4", "--context", "3", "--queries", "2"];
    let mut command = gqn_run("compare");
    command.arg(models.join("rooms-ring-camera-demo")).args(arguments);
    let sheet = sheet(folder.path(), command.args(["--names", "tower,voxel"]));
    let scene = Scene::generate(WORLD, 4);
    let cameras = [scene.camera(3), scene.camera(4)];
    let tower = rendered(folder.path(), "4", "3", &cameras);
    for (column, (camera, tower)) in (0..).zip(cameras.iter().zip(&tower)) {
        let (truth, voxel) = (truth(&scene, camera), tile(&sheet, 2, column));
        assert!(difference(&tile(&sheet, 0, column), &truth) == 0);
        assert!(difference(&tile(&sheet, 1, column), tower) <= TOLERANCE);
        assert!(difference(&voxel, tower) > DIFFERENT, "another model's picture");
    }
    let mut command = gqn_run("compare");
    command.args(arguments).args(["--names", "a,b", "--out"]).arg(folder.path().join("two.png"));
    run(&mut command).failed(&["--names has 2 names, expected one for each of 1 packages"]);
}
