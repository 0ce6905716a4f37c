//! To HDF5 and back.

use gqn_datasets::{
    DataError, DataSet, Hdf5Set, Layout, RenderPlan, Resize, SceneSet, write_hdf5, write_shards,
};
use gqn_formats::Overwrite;
use gqn_scenes::{Split, World};

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
        assert!(matches!(error, DataError::Hdf5 { .. }));
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
