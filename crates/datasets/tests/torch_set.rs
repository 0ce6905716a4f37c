//! Files that `PyTorch` wrote, in the forms of its ports of GQN. `torch/make.py` made them.

use std::path::{Path, PathBuf};

use gqn_datasets::{DataError, Decoder, Resize, SceneRecord, TorchSet};

const SIDE: usize = 8;
const VIEWS: usize = 2;
/// Colours were compressed, at quality 95 with colour at half the resolution at worst.
const MEAN_DIFFERENCE: f64 = 12.0;
/// Angles go through cosine and sine in single precision.
const ANGLE_TOLERANCE: f32 = 1e-6;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/torch").join(name)
}

#[track_caller]
fn check(name: &str, scenes: usize) {
    let set = TorchSet::open(&fixture(name)).expect("a set");
    assert_eq!(set.len(), scenes);
    for (scene, record) in set.scenes(0..scenes, 95).expect("scenes").iter().enumerate() {
        check_scene(scene, record);
    }
    let last = set.scenes(scenes - 1..scenes, 95).expect("a scene");
    assert_eq!(last.len(), 1);
    check_scene(scenes - 1, &last[0]);
}

/// Red grows with the column, green with the row, blue is the scene's and view's.
#[track_caller]
fn check_scene(scene: usize, record: &SceneRecord) {
    assert_eq!((record.frames.len(), record.cameras.len()), (VIEWS, VIEWS));
    for (view, (frame, camera)) in record.frames.iter().zip(&record.cameras).enumerate() {
        let mut rgb8 = [0; 3 * SIDE * SIDE];
        Decoder::new(SIDE, Resize::Area).decode(view, frame, &mut rgb8).expect("a picture");
        let expected = |at: usize| match at % 3 {
            0 => 30 * (at / 3 % SIDE),
            1 => 30 * (at / 3 / SIDE),
            _ => 100 * view + 20 * scene,
        };
        let difference = |(at, value): (usize, &u8)| usize::from(*value).abs_diff(expected(at));
        let sum: usize = rgb8.iter().enumerate().map(difference).sum();
        let mean = sum as f64 / rgb8.len() as f64;
        assert!(mean < MEAN_DIFFERENCE, "scene {scene}, view {view}: {mean}");
        assert_eq!(
            camera.position.map(f32::to_bits),
            [scene as f32, view as f32, 0.5].map(f32::to_bits)
        );
        assert!((camera.yaw - 0.25 * view as f32).abs() < ANGLE_TOLERANCE, "{camera:?}");
        assert!((camera.pitch + 0.125 * scene as f32).abs() < ANGLE_TOLERANCE, "{camera:?}");
    }
}

#[test]
fn a_named_pair_of_jpeg_files() {
    check("named_jpeg.pt.gz", 1);
}

#[test]
fn lists_of_pixels_in_the_old_format() {
    check("pixels.pt.gz", 3);
}

#[test]
fn pixels_under_the_shape_of_planes() {
    check("misnamed.pt.gz", 3);
}

#[test]
fn planes_under_a_newer_protocol() {
    check("planes.pt", 3);
}

#[test]
fn tensors_of_floats_with_seven_numbers_a_camera() {
    check("tensors.pt", 3);
}

#[test]
fn a_folder_is_one_set() {
    let set = TorchSet::open(&fixture("")).expect("a set");
    assert_eq!(set.len(), 1 + 4 * 3);
    assert_eq!(set.scenes(0..13, 95).expect("scenes").len(), 13);
}

#[test]
fn damaged_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("1.pt");
    let refused = |bytes: &[u8]| {
        std::fs::write(&path, bytes).expect("a file");
        let read = TorchSet::open(folder.path()).and_then(|set| set.scenes(0..set.len(), 95));
        let error = read.expect_err("a refusal");
        assert!(matches!(error, DataError::Torch { .. } | DataError::Read { .. }), "{error}");
        assert!(error.to_string().contains("1.pt"), "{error}");
    };
    for name in ["named_jpeg.pt.gz", "pixels.pt.gz", "planes.pt", "tensors.pt"] {
        let bytes = std::fs::read(fixture(name)).expect("a fixture");
        for length in [0, 1, 10, bytes.len() / 2, bytes.len() - 1] {
            refused(&bytes[..length]);
        }
    }
    // Numbers that a checksum guards.
    let mut bytes = std::fs::read(fixture("tensors.pt")).expect("a fixture");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    refused(&bytes);
    let model = std::fs::read(fixture("../../../../tests/golden/import/pool.pt"));
    refused(&model.expect("a model's weights"));
}
