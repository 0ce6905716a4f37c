//! To HDF5 and back.

use std::path::Path;

use gqn_datasets::{
    DataError, DataSet, Decoder, Hdf5Set, Layout, RenderPlan, Resize, SceneSet, write_hdf5,
    write_shards,
};
use gqn_scenes::{Split, World};
use gqn_system::Overwrite;

/// Angles go through cosine and sine in single precision.
const ANGLE_TOLERANCE: f32 = 1e-6;
/// Pictures are compressed once more, at the best quality.
const MEAN_DIFFERENCE: f64 = 2.0;

#[test]
fn there_and_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let plan = RenderPlan {
        world: World::RoomsRingCamera,
        split: Split::Test,
        base_seed: 1,
        views: 4,
        side: 16,
        quality: 95,
    };
    let layout = Layout { scenes: 5, shards: 2 };
    write_shards(folder.path(), Split::Test, layout, Overwrite::Refuse, |range| {
        plan.render(range, || {})
    })
    .expect("shards");
    let set = DataSet::open(folder.path(), Split::Test).expect("a set");
    for (name, range) in [("001.h5", 0..3), ("002.h5", 3..5)] {
        write_hdf5(&set, range, &folder.path().join(name), Overwrite::Refuse).expect("a file");
    }
    let hdf5 = Hdf5Set::open(folder.path()).expect("HDF5 files");
    assert_eq!((hdf5.len(), hdf5.files()), (5, 2));
    let back = folder.path().join("back");
    let layout = Layout { scenes: 5, shards: 1 };
    write_shards(&back, Split::Test, layout, Overwrite::Refuse, |range| hdf5.scenes(range, 100))
        .expect("shards");
    let back = DataSet::open(&back, Split::Test).expect("a set");
    let all =
        |set: &DataSet| SceneSet::read(set, &[0, 1, 2, 3, 4], 16, Resize::Area).expect("scenes");
    let (before, after) = (all(&set), all(&back));
    for (scene, view) in (0..5).flat_map(|scene| (0..4).map(move |view| (scene, view))) {
        let (a, b) = (before.camera(scene, view), after.camera(scene, view));
        assert_eq!(a.position.map(f32::to_bits), b.position.map(f32::to_bits));
        assert!((a.yaw - b.yaw).abs() < ANGLE_TOLERANCE, "{a:?} {b:?}");
        assert!((a.pitch - b.pitch).abs() < ANGLE_TOLERANCE, "{a:?} {b:?}");
        let pairs = before.frame(scene, view).iter().zip(after.frame(scene, view));
        let sum: f64 = pairs.map(|(a, b)| f64::from(a.abs_diff(*b))).sum();
        assert!(sum / (3.0 * 256.0) < MEAN_DIFFERENCE, "{scene} {view}: {sum}");
    }
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("001.h5");
    let refused = |says: &str| {
        let error = Hdf5Set::open(folder.path()).expect_err("a refusal");
        assert!(matches!(error, DataError::Hdf5 { .. }), "{error}");
        assert!(error.to_string().contains(says), "{error}");
    };
    std::fs::write(&path, b"no such thing").expect("a file");
    refused("001.h5");
    let mut builder = hdf5_pure::FileBuilder::new();
    builder.create_dataset("images").with_u8_data(&[0; 12]).with_shape(&[1, 2, 2, 3]);
    builder.create_dataset("viewpoints").with_f32_data(&[0.0; 7]).with_shape(&[1, 7]);
    std::fs::write(&path, builder.finish().expect("bytes")).expect("a file");
    refused("expected [N,V,S,S,3]");
}

/// A file of one scene of two views of 2 pixels; `images` adds the pictures.
fn written(path: &Path, images: impl FnOnce(&mut hdf5_pure::FileBuilder)) {
    let mut builder = hdf5_pure::FileBuilder::new();
    images(&mut builder);
    let pose = [1.0, 2.0, 3.0, 1.0, 0.0, 1.0, 0.0];
    builder.create_dataset("viewpoints").with_f32_data(&pose.repeat(2)).with_shape(&[1, 2, 7]);
    std::fs::write(path, builder.finish().expect("bytes")).expect("a file");
}

#[test]
fn colours_are_scaled_by_their_type_and_never_cast() {
    const SHAPE: [u64; 5] = [1, 2, 2, 2, 3];
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("1.h5");
    let read = || Hdf5Set::open(&path).and_then(|set| set.scenes(0..1, 100));
    let mean = || {
        let record = read().expect("a scene").remove(0);
        let mut rgb8 = [0; 12];
        Decoder::new(2, Resize::Area).decode(0, &record.frames[0], &mut rgb8).expect("a picture");
        rgb8.iter().map(|byte| f64::from(*byte)).sum::<f64>() / 12.0
    };
    written(&path, |file| {
        file.create_dataset("images").with_u8_data(&[153; 24]).with_shape(&SHAPE);
    });
    assert!((mean() - 153.0).abs() < MEAN_DIFFERENCE);
    written(&path, |file| {
        file.create_dataset("images").with_f32_data(&[0.6; 24]).with_shape(&SHAPE);
    });
    assert!((mean() - 153.0).abs() < MEAN_DIFFERENCE);
    written(&path, |file| {
        file.create_dataset("images").with_f64_data(&[0.6; 24]).with_shape(&SHAPE);
    });
    assert!((mean() - 153.0).abs() < MEAN_DIFFERENCE);
    let refused = |parts: &[&str]| {
        let error = read().expect_err("a refusal").to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
    };
    written(&path, |file| {
        file.create_dataset("images").with_f32_data(&[153.0; 24]).with_shape(&SHAPE);
    });
    refused(&["a colour is 153", "from 0 to 1", "hint:"]);
    written(&path, |file| {
        file.create_dataset("images").with_i32_data(&[153; 24]).with_shape(&SHAPE);
    });
    refused(&["of type i32", "expected u8", "hint:", "numpy.uint8"]);
    written(&path, |file| {
        file.create_dataset("images").with_i64_data(&[153; 24]).with_shape(&SHAPE);
    });
    refused(&["of type i64", "hint:"]);
}

#[test]
fn what_was_never_written_is_not_read() {
    for (name, parts) in [
        ("views.h5", ["1099511627776", "V up to 10000"]),
        ("bytes.h5", ["`images` were never written", "hint:"]),
        ("chunks.h5", ["`images` were never written", "hint:"]),
        ("part.h5", ["1 of 4 chunks", "hint:"]),
        ("newest.h5", ["newer file format", "h5repack"]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hdf5").join(name);
        let error = Hdf5Set::open(&path).expect_err(name).to_string();
        for part in parts {
            assert!(error.contains(part), "`{part}` is not in: {error}");
        }
    }
}

#[test]
fn what_is_no_hdf5_file_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("1.h5");
    for (bytes, says) in [
        (&b""[..], "is empty, expected an HDF5 file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        (b"<html>", "an HTML page"),
        (b"something", "it does not begin as one"),
    ] {
        std::fs::write(&path, bytes).expect("a file");
        let error = Hdf5Set::open(folder.path()).expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    }
}
