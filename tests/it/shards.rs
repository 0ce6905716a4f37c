//! Data sets before `PyPI`'s `tfrecord` and `h5py`: they read what `gqn-data` writes, and `gqn-data` what they write.

use std::fs;
use std::path::{Path, PathBuf};

use gqn_datasets::DataSet;
use gqn_formats::sha256_hex;
use gqn_scenes::{PoseEncoding, Scene, Split, World};
use serde_json::Value;

use crate::programs::{program, python, run};

const SCENES: usize = 5;
const VIEWS: usize = 4;

#[track_caller]
fn gqn_data(folder: &Path, arguments: &str) {
    run(program("gqn-data").current_dir(folder).args(arguments.split_whitespace())).succeeded();
}

/// What the script says of a file, which it writes anew.
#[track_caller]
fn rewritten(kind: &str, from: &Path, to: &Path) -> Value {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("it/shards.py");
    fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
    let outcome = run(python().arg(script).arg(kind).arg(from).arg(to)).succeeded();
    serde_json::from_str(&outcome.stdout).expect("the script's JSON")
}

/// A list of numbers in single precision.
fn numbers(list: &Value) -> Vec<f32> {
    let list = list.as_array().expect("a list");
    list.iter().map(|value| value.as_f64().expect("a number") as f32).collect()
}

fn rendered(folder: &Path) -> PathBuf {
    let render = format!(
        "render --world jaco --seed 3 --train {SCENES} --test 0 --views {VIEWS} --size 24 --out set"
    );
    gqn_data(folder, &render);
    folder.join("set/train/1-of-1.tfrecord")
}

#[test]
fn shards_are_what_python_reads_and_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let shard = rendered(folder.path());
    let copy = folder.path().join("copy/1-of-1.tfrecord");
    let found = rewritten("tfrecord", &shard, &copy);
    assert_eq!(found["checksums_hold"], true);
    assert_eq!(found["scenes"].as_array().map(Vec::len), Some(SCENES), "the last scene too");
    let open = |folder: PathBuf| DataSet::open(&folder, Split::Train).expect("a data set");
    let (set, copy) = (open(folder.path().join("set")), open(folder.path().join("copy")));
    assert_eq!((set.len(), copy.len()), (SCENES, SCENES));
    for index in 0..SCENES {
        let scene = Scene::generate(World::Jaco, Split::Train.scene_seed(3, index as u64));
        let record = set.scene(index).expect("a scene");
        assert_eq!(copy.scene(index).expect("a scene"), record);
        let found = &found["scenes"][index];
        let hashes: Vec<_> = record.frames.iter().map(|frame| sha256_hex(frame)).collect();
        assert_eq!(found["frames"], serde_json::json!(hashes), "scene {index}");
        let values = scene.cameras(VIEWS).into_iter().flat_map(|camera| {
            let [x, y, z] = camera.position;
            [x, y, z, camera.yaw, camera.pitch]
        });
        assert_eq!(numbers(&found["cameras"]), values.collect::<Vec<_>>(), "scene {index}");
    }
}

#[test]
fn hdf5_files_are_what_python_reads_and_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    rendered(folder.path());
    gqn_data(folder.path(), "convert set --to hdf5 --out hdf5");
    let (file, copy) = (folder.path().join("hdf5/001.h5"), folder.path().join("copy/001.h5"));
    let found = rewritten("hdf5", &file, &copy);
    assert_eq!(found["images"][0], "uint8");
    assert_eq!(found["images"][1], serde_json::json!([SCENES, VIEWS, 24, 24, 3]));
    assert_eq!(found["viewpoints"], serde_json::json!(["float32", [SCENES, VIEWS, 7]]));
    let scene = Scene::generate(World::Jaco, Split::Train.scene_seed(3, 0));
    let pose = scene.camera(0).pose(PoseEncoding::CosSin).0;
    assert_eq!(numbers(&found["first"]), pose);
    // The copy is in compressed chunks, as others write such files.
    gqn_data(folder.path(), "convert copy --to tfrecord --quality 100 --out back");
    gqn_data(folder.path(), "convert back --to hdf5 --out again");
    let again = rewritten("hdf5", &folder.path().join("again/001.h5"), &copy);
    let sum = |value: &Value| value["images"][2].as_f64().expect("a sum");
    // Compressing once more changes single pixels, hardly their sum.
    assert!((sum(&found) / sum(&again) - 1.0).abs() < 0.01, "{found} {again}");
}
