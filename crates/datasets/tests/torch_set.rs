//! Files that `PyTorch` wrote, in the forms of its ports of GQN. `torch/make.py` made them.

use std::path::{Path, PathBuf};

use gqn_datasets::{DataError, Decoder, Resize, SceneRecord, TorchSet, encode_jpeg};
use gqn_messages::error_report;
use gqn_scenes::Frame;

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

/// What `torch.save` wrote before it wrote zips, of an object's instructions.
fn saved(object: &[u8]) -> Vec<u8> {
    let magic = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
    [&magic[..], b"\x80\x02M\xe9\x03.", b"\x80\x02}.", b"\x80\x02", object, b".", b"\x80\x02]."]
        .concat()
}

fn bytes(content: &[u8]) -> Vec<u8> {
    [&b"B"[..], &(content.len() as u32).to_le_bytes(), content].concat()
}

/// A pair of a list of frames, by their instructions, and as many cameras, a `NumPy` array.
fn scene(frames: &[Vec<u8>]) -> Vec<u8> {
    let count = 5 * frames.len();
    let array = [
        b"cnumpy.core.multiarray\n_reconstruct\n)R(K\x01J".to_vec(),
        (count as u32).to_le_bytes().to_vec(),
        b"\x85cnumpy\ndtype\nX\x02\x00\x00\x00f4\x85R\x89".to_vec(),
        bytes(&vec![0; 4 * count]),
        b"tb".to_vec(),
    ];
    [b"(".to_vec(), frames.concat(), b"l".to_vec(), array.concat(), b"\x86".to_vec()].concat()
}

/// A picture that compresses badly.
fn noise(side: usize) -> Vec<u8> {
    let mut bits = 1_u32;
    let rgb8 = (0..3 * side * side).map(|_| {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (bits >> 24) as u8
    });
    let frame = Frame::from_rgb8(side, rgb8.collect()).expect("a frame");
    encode_jpeg(&frame, 95).expect("a JPEG file")
}

fn read(content: &[u8], name: &str) -> Result<Vec<SceneRecord>, DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(name), content).expect("a file");
    let set = TorchSet::open(folder.path())?;
    set.scenes(0..set.len(), 95)
}

#[track_caller]
fn check_refused(content: &[u8], name: &str, says: &str) {
    let error = read(content, name).expect_err(says);
    let report = error_report(&error);
    assert!(report.contains(says), "`{says}` is not in: {report}");
}

#[test]
fn references_to_one_frame_are_one_frame_in_memory() {
    let jpeg = noise(256);
    let named = |count: usize| {
        let first = [bytes(&jpeg), b"q\x00".to_vec()].concat();
        let others = std::iter::repeat_n(b"h\x00".to_vec(), count - 1);
        std::iter::once(first).chain(others).collect::<Vec<_>>()
    };
    let record = read(&saved(&scene(&named(3))), "0.pt").expect("a scene").remove(0);
    assert_eq!(record.frames.len(), 3);
    assert_eq!(record.frames[0].as_ptr(), record.frames[2].as_ptr());
    check_refused(&saved(&scene(&named(200_000))), "0.pt", "200000 frames, expected at most 10000");
    check_refused(&saved(&scene(&named(9_000))), "0.pt", "more memory than its length allows");
    // A list of one scene, time and again.
    let list = [&b"("[..], &scene(&named(2)), b"q\x01h\x01h\x01l"].concat();
    check_refused(&saved(&list), "0.pt", "scene 1 has the frames of scene 0, by reference");
}

#[test]
fn a_cut_frame_is_refused() {
    let jpeg = noise(16);
    read(&saved(&scene(&[bytes(&jpeg)])), "0.pt").expect("a whole frame");
    let cut = bytes(&jpeg[..2 * jpeg.len() / 3]);
    check_refused(&saved(&scene(&[bytes(&jpeg), cut])), "0.pt", "frame 1 cannot be decoded");
}

#[test]
fn what_unpacks_without_end_is_refused() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    for _ in 0..257 {
        packed.write_all(&vec![0; 1 << 20]).expect("zeros");
    }
    let packed = packed.finish().expect("a file");
    assert!(packed.len() < 4 << 20);
    check_refused(&packed, "0.pt.gz", "unpacks to more than 256 MiB");
    check_refused(
        &packed[..packed.len() / 2],
        "0.pt.gz",
        "its compression is damaged, or it was cut short",
    );
}

#[test]
fn other_files_in_the_place_of_a_scene_are_named() {
    check_refused(
        b"version https://git-lfs.github.com/spec/v1\n",
        "0.pt.gz",
        "hint: run `git lfs pull`",
    );
    check_refused(b"<!DOCTYPE html><html>", "0.pt", "it is an HTML page");
    check_refused(b"", "0.pt", "it is empty");
    // Those of systems are none of the set.
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["._0.pt.gz", ".DS_Store", "._0.pt"] {
        std::fs::write(folder.path().join(name), b"\0\x05\x16\x07").expect("a file");
    }
    std::fs::copy(fixture("planes.pt"), folder.path().join("0.pt")).expect("a file");
    assert_eq!(TorchSet::open(folder.path()).expect("a set").len(), 3);
}
