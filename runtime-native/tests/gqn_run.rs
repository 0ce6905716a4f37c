//! `gqn-run` on folders of pictures and packages from outside, as a person calls it, on the package that the page ships.
//!
//! Needs ONNX Runtime: `cargo xtask test` fetches it, `cargo xtask setup` does so alone.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use gqn_datasets::{Decoder, Resize};
use gqn_formats::{View, Views};
use gqn_scenes::{Camera, Frame};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder, RgbImage, imageops};

const SIDE: u32 = 32;
/// Around a picture of a sheet.
const GAP: u32 = 4;
const CAMERA: Camera = Camera { position: [0.85, 0.0, 0.42], yaw: 3.1, pitch: -0.26 };

fn package() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../web-demo/models/rooms-ring-camera-tiny")
}

fn gqn_run() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-run"));
    command.env("RUST_BACKTRACE", "1");
    command
}

/// The stderr of a program that ended so.
#[track_caller]
fn ended(output: &Output, code: i32) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    assert!(!stderr.contains("panicked"), "{stderr}");
    stderr
}

/// A folder with pictures, all from one camera.
fn folder(camera: Camera, pictures: &[(&str, Vec<u8>)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let views =
        pictures.iter().map(|(name, _)| View::new(Some((*name).to_owned()), &camera)).collect();
    fs::write(folder.path().join("views.json"), Views::new(views).to_json()).expect("a file");
    for (name, bytes) in pictures {
        fs::write(folder.path().join(name), bytes).expect("a file");
    }
    folder
}

/// `gqn-run render` of the views of a folder, from one more camera.
fn render(folder: &Path, flags: &[&str]) -> Output {
    let cameras = folder.join("cameras.json");
    if !cameras.exists() {
        let views = Views::new(vec![View::new(None, &CAMERA)]);
        fs::write(&cameras, views.to_json()).expect("a file");
    }
    let mut command = gqn_run();
    command.arg("render").arg(package()).arg("--views").arg(folder).arg("--cameras").arg(cameras);
    command.args(["--threads", "1", "--scale", "1", "--force"]).args(flags);
    command.arg("--out").arg(folder.join("out")).output().expect("a program")
}

/// What the network was shown, out of the sheet that says so.
fn shown(folder: &Path, count: u32) -> Vec<RgbImage> {
    let sheet = image::open(folder.join("out/context.png")).expect("a picture").into_rgb8();
    let at = |index: u32| {
        imageops::crop_imm(&sheet, GAP + index * (SIDE + GAP), GAP, SIDE, SIDE).to_image()
    };
    (0..count).map(at).collect()
}

/// A photograph: everywhere different, wider than high or not.
fn photograph(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let wave = |value: f32| (127.0 + 120.0 * value.sin()) as u8;
        let (x, y) = (x as f32 / 9.0, y as f32 / 7.0);
        image::Rgb([wave(x), wave(y + 0.3 * x), wave(x * y / 5.0)])
    })
}

fn png(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    PngEncoder::new(&mut bytes)
        .write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8)
        .expect("a file");
    bytes
}

/// A JPEG file with an EXIF orientation.
fn jpeg(image: &RgbImage, orientation: u8) -> Vec<u8> {
    let entry = [0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0];
    let exif = [b"II*\0\x08\0\0\0\x01\0".as_slice(), &entry, &[0; 4]].concat();
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 100);
    encoder.set_exif_metadata(exif).expect("a segment");
    encoder
        .write_image(image, image.width(), image.height(), ExtendedColorType::Rgb8)
        .expect("a file");
    bytes
}

#[test]
fn a_photograph_is_the_same_input_as_in_training() {
    let image = photograph(100, 100);
    let file = jpeg(&image, 1);
    let folder = folder(CAMERA, &[("a.jpg", file.clone())]);
    ended(&render(folder.path(), &["--resize"]), 0);
    let mut trained = vec![0; (3 * SIDE * SIDE) as usize];
    let mut decoder = Decoder::new(SIDE as usize, Resize::Area);
    decoder.decode(0, &file, &mut trained).expect("a frame");
    assert_eq!(shown(folder.path(), 1)[0].as_raw(), &trained);
    // The library that the page calls does the same with what a browser has decoded.
    let decoded = gqn_datasets::decode_rgb8(&file).expect("a picture").pixels;
    let frame = Frame::from_rgb8(100, decoded).expect("a frame");
    let page = gqn_runtime::resize(&frame, SIDE as usize).expect("a frame");
    assert_eq!(page.rgb8(), trained);
}

#[test]
fn photographs_stand_upright() {
    // Held upright, the sensor turned to its side: the file's columns are the picture's rows.
    let upright = photograph(60, 90);
    let lying = imageops::rotate270(&upright);
    let files = [("upright.png", png(&upright)), ("lying.jpg", jpeg(&lying, 6))];
    let folder = folder(CAMERA, &files);
    ended(&render(folder.path(), &["--resize"]), 0);
    let shown = shown(folder.path(), 2);
    let distance = |a: &RgbImage, b: &RgbImage| {
        a.iter().zip(b.iter()).map(|(a, b)| a.abs_diff(*b)).max().expect("pixels")
    };
    // Of a JPEG file of the best quality, after means of several pixels.
    assert!(distance(&shown[0], &shown[1]) <= 4, "{}", distance(&shown[0], &shown[1]));
    assert!(distance(&shown[0], &imageops::rotate270(&shown[1])) > 40, "it would be seen");
}

#[test]
fn a_photograph_that_was_cut_off_is_refused() {
    let whole = jpeg(&photograph(64, 64), 1);
    let folder = folder(CAMERA, &[("a.jpg", whole[..2 * whole.len() / 3].to_vec())]);
    let stderr = ended(&render(folder.path(), &["--resize"]), 1);
    for part in ["a.jpg is no picture that can be read: it is cut short", "\nhint: "] {
        assert!(stderr.contains(part), "{stderr}");
    }
    assert!(!folder.path().join("out/prediction_00.png").exists());
}

#[test]
fn implausible_cameras_are_named() {
    let picture = || vec![("a.png", png(&photograph(SIDE, SIDE)))];
    let good = folder(CAMERA, &picture());
    assert!(!ended(&render(good.path(), &[]), 0).contains("warning"), "nothing is odd here");
    let degrees = folder(Camera { yaw: 180.0, pitch: -15.0, ..CAMERA }, &picture());
    let stderr = ended(&render(degrees.path(), &[]), 0);
    for part in ["warning: of view 0 the pitch is -15", "of view 0 the yaw is 180", "radians"] {
        assert!(stderr.contains(part), "`{part}` is not in: {stderr}");
    }
    let away = |distance| {
        let away = Camera { position: [distance, 0.0, 0.0], ..CAMERA };
        let views = Views::new(vec![View::new(None, &away)]).to_json();
        fs::write(good.path().join("cameras.json"), views).expect("a file");
        render(good.path(), &[])
    };
    let stderr = ended(&away(1e5), 0);
    assert!(stderr.contains("warning: of camera 0 in ") && stderr.contains("100000"), "{stderr}");
    let stderr = ended(&away(1e30), 1);
    assert!(stderr.contains("the camera of view 0 is out of range"), "{stderr}");
}

#[test]
fn what_would_not_fit_into_memory_is_refused_before_the_work() {
    let folder = folder(CAMERA, &[("a.png", png(&photograph(SIDE, SIDE)))]);
    let views = Views::new(vec![View::new(None, &CAMERA); 10_001]).to_json();
    fs::write(folder.path().join("cameras.json"), views).expect("a file");
    let stderr = ended(&render(folder.path(), &[]), 1);
    assert!(stderr.contains("names 10001 cameras, expected at most 10000\nhint:"), "{stderr}");
    let views = Views::new(vec![View::new(None, &CAMERA); 9_999]).to_json();
    fs::write(folder.path().join("cameras.json"), views).expect("a file");
    let mut command = gqn_run();
    command.arg("render").arg(package()).arg("--views").arg(folder.path());
    command.arg("--cameras").arg(folder.path().join("cameras.json")).args(["--scale", "16"]);
    let output = command.arg("--out").arg(folder.path().join("large")).output().expect("a program");
    let stderr = ended(&output, 1);
    assert!(
        stderr.contains("10000 pictures of 512x512 pixels") && stderr.contains("--scale"),
        "{stderr}"
    );
    let mut command = gqn_run();
    command.arg("orbit").arg(package()).args(["--world", "mazes", "--frames", "1000"]);
    command.args(["--scale", "16", "--truth", "--out", "/nonexistent/orbit.gif"]);
    ended(&command.output().expect("a program"), 1);
    for (name, packages, pictures) in [("uncertainty", 1, 900), ("compare", 7, 800)] {
        let mut command = gqn_run();
        command.arg(name).args(vec![package(); packages]).args(["--world", "mazes"]);
        command.args(["--queries", "100", "--scale", "16", "--out", "/nonexistent/sheet.png"]);
        let stderr = ended(&command.output().expect("a program"), 1);
        let said = format!("{pictures} pictures of 512x512 pixels");
        assert!(stderr.contains(&said) && stderr.contains("--scale"), "{stderr}");
    }
}

#[cfg(unix)]
#[test]
fn names_may_be_no_text() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let given = folder(CAMERA, &[("a.png", png(&photograph(SIDE, SIDE)))]);
    let odd = |name: &[u8]| given.path().join(OsStr::from_bytes(name));
    let (views, out) = (odd(b"views\xff"), odd(b"out\xff"));
    fs::create_dir(&views).expect("a folder");
    for name in ["a.png", "views.json"] {
        fs::rename(given.path().join(name), views.join(name)).expect("a file");
    }
    std::os::unix::fs::symlink(package(), odd(b"package\xff")).expect("a link");
    let cameras = odd(b"cameras\xff.json");
    fs::write(&cameras, Views::new(vec![View::new(None, &CAMERA)]).to_json()).expect("a file");
    let mut command = gqn_run();
    command.arg("render").arg(odd(b"package\xff")).arg("--views").arg(&views).arg("--cameras");
    command.arg(&cameras).arg("--json").args(["--threads", "1"]).arg("--out").arg(&out);
    ended(&command.output().expect("a program"), 0);
    assert!(out.join("prediction_00.png").exists());
    for name in [b"missing\xff".as_slice(), b"a\xff.gif"] {
        let mut command = gqn_run();
        command.arg("orbit").arg(odd(b"missing\xff")).arg("--views").arg(odd(name));
        ended(&command.arg("--out").arg(odd(name)).output().expect("a program"), 1);
    }
    let mut command = gqn_run();
    command.arg("verify").arg(package()).arg("--ort").arg(odd(b"ort\xff"));
    ended(&command.output().expect("a program"), 1);
}

#[test]
fn manifests_do_not_command_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    for file in fs::read_dir(package()).expect("a package") {
        let file = file.expect("a file");
        fs::copy(file.path(), folder.path().join(file.file_name())).expect("a copy");
    }
    let path = folder.path().join("manifest.json");
    let text = fs::read_to_string(&path).expect("a manifest");
    let mut manifest: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    manifest["provenance"]["command"] = "\u{1b}]0;mine\u{7}\u{9b}2J\u{202e}".into();
    fs::write(&path, manifest.to_string()).expect("a file");
    for flag in [None, Some("--json")] {
        let output = gqn_run().arg("info").arg(folder.path()).args(flag).output();
        let output = output.expect("a program");
        ended(&output, 0);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.contains("]0;mine"), "{text}");
        let active = |letter: char| letter != '\n' && letter.is_control() || letter == '\u{202e}';
        assert!(!text.contains(active), "{text:?}");
    }
}
