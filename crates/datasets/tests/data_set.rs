//! Data sets on disk: written, read, damaged.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gqn_datasets::{
    DataError, DataSet, Decoder, KnownSet, Layout, RenderPlan, Resize, SUGGESTING_SCENES, SceneSet,
    Shuffle, inspect, suggest, verify, write_shards,
};
use gqn_messages::error_report;
use gqn_scenes::{Extent, Scene, Split, World};
use gqn_system::{Overwrite, SystemError};

const SIDE: usize = 16;
const VIEWS: usize = 3;
const SCENES: usize = 7;

fn plan() -> RenderPlan {
    RenderPlan {
        world: World::ShepardMetzler5,
        split: Split::Train,
        base_seed: 5,
        views: VIEWS,
        side: SIDE,
        quality: 95,
    }
}

/// Seven scenes in three shards: 3, 2 and 2.
fn written(folder: &Path) -> PathBuf {
    let layout = Layout { scenes: SCENES, shards: 3 };
    write_shards(folder, Split::Train, layout, Overwrite::Refuse, |range| {
        plan().render(range, || {})
    })
    .expect("a written set");
    folder.join("train")
}

fn open(folder: &Path) -> DataSet {
    DataSet::open(folder, Split::Train).expect("a data set")
}

#[test]
fn every_scene_is_read_the_last_of_each_shard_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = written(folder.path());
    let names: BTreeSet<String> = fs::read_dir(&train)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["1-of-3.tfrecord", "2-of-3.tfrecord", "3-of-3.tfrecord"]
    );
    let set = open(folder.path());
    assert_eq!((set.len(), set.views(), set.side()), (SCENES, VIEWS, SIDE));
    assert_eq!((set.shards(), set.scenes_per_shard()), ((3, 3), (2, 3)));
    for index in 0..SCENES {
        let scene = Scene::generate(plan().world, Split::Train.scene_seed(5, index as u64));
        let record = set.scene(index).expect("a scene");
        assert_eq!(record.cameras, scene.cameras(VIEWS));
        let mut rgb8 = vec![0; 3 * SIDE * SIDE];
        for (view, frame) in record.frames.iter().enumerate() {
            Decoder::new(SIDE, Resize::Area).decode(view, frame, &mut rgb8).expect("a picture");
            let truth = scene.render(&record.cameras[view], SIDE);
            let error: u64 = rgb8
                .iter()
                .zip(truth.rgb8())
                .map(|(found, expected)| u64::from(found.abs_diff(*expected)))
                .sum();
            // JPEG at quality 95 is off by a few grey levels on average; another scene by tens.
            assert!(error < 6 * rgb8.len() as u64, "scene {index}, view {view}: {error}");
        }
    }
    let place = set.place(SCENES - 1);
    assert_eq!((place.shard.number, place.record), (3, 1));
}

#[test]
fn the_index_is_kept_and_follows_the_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = written(folder.path());
    open(folder.path());
    let kept = fs::read(train.join(".gqn-index")).expect("an index");
    open(folder.path());
    assert_eq!(fs::read(train.join(".gqn-index")).expect("an index"), kept);
    // A shard that is longer has more scenes.
    let shard = train.join("2-of-3.tfrecord");
    let twice = fs::read(&shard).expect("a shard").repeat(2);
    fs::write(&shard, twice).expect("a longer shard");
    assert_eq!(open(folder.path()).len(), SCENES + 2);
    // A shard that is gone is gone; a damaged index is built anew.
    fs::remove_file(train.join("1-of-3.tfrecord")).expect("a removed shard");
    assert_eq!(open(folder.path()).len(), 6);
    let mut damaged = fs::read(train.join(".gqn-index")).expect("an index");
    damaged[20] ^= 1;
    fs::write(train.join(".gqn-index"), damaged).expect("a damaged index");
    let set = open(folder.path());
    assert_eq!((set.len(), set.shards()), (6, (2, 3)));
}

#[test]
fn damage_is_found_exactly() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = written(folder.path());
    assert!(verify(&open(folder.path()), || {}).damaged.is_empty());
    // In the first shard a byte of the second record's data, in the third the length of its first record.
    let place = open(folder.path()).place(1);
    let flip = |name: &str, byte: usize| {
        let path = train.join(name);
        let mut bytes = fs::read(&path).expect("a shard");
        bytes[byte] ^= 4;
        fs::write(path, bytes).expect("a damaged shard");
    };
    flip("1-of-3.tfrecord", place.offset as usize + 40);
    flip("3-of-3.tfrecord", 0);
    let set = open(folder.path());
    assert_eq!(set.len(), SCENES - 1, "the record behind the damaged length is found again");
    assert!(set.scene(0).is_ok() && set.scene(2).is_ok());
    let verdict = verify(&set, || {});
    assert_eq!((verdict.sound, verdict.damaged.len()), (SCENES - 2, 2));
    match &verdict.damaged[..] {
        [
            DataError::Damaged {
                path,
                record: 1,
                offset,
                source: gqn_datasets::Damage::Checksum { .. },
            },
            DataError::Gap { path: second, from: 0, to },
        ] => {
            assert_eq!((path, *offset), (&train.join("1-of-3.tfrecord"), place.offset));
            assert_eq!((second, *to), (&train.join("3-of-3.tfrecord"), set.place(5).offset));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn folders_without_a_set_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |says: &str| {
        let error = DataSet::open(folder.path(), Split::Train).expect_err("a refusal").to_string();
        assert!(error.contains(says), "{error}");
    };
    refused("holds no shards");
    fs::write(folder.path().join("1-of-2.tfrecord"), b"").expect("a file");
    refused("1-of-2.tfrecord is empty");
    fs::write(folder.path().join("1-of-2.tfrecord"), [6; 3000]).expect("a file");
    refused("no sound record");
    fs::write(folder.path().join("2-of-2.tfrecord"), [0x1F, 0x8B, 8, 0, 0, 0]).expect("a file");
    refused("compressed");
    fs::write(folder.path().join("2-of-2.tfrecord"), [7; 3000]).expect("a file");
    refused("no sound record");
    fs::write(folder.path().join("01-of-10.tfrecord"), b"").expect("a file");
    refused("`1-of-2.tfrecord` and `01-of-10.tfrecord`");
    let error = DataSet::open(&folder.path().join("nowhere"), Split::Test).expect_err("a refusal");
    assert!(matches!(error, DataError::Read { .. }));
}

#[test]
fn sets_in_memory_hold_what_the_shards_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let set = open(folder.path());
    let some = SceneSet::read(&set, &[6, 0], SIDE, Resize::Area).expect("scenes");
    assert_eq!((some.len(), some.views(), some.side()), (2, VIEWS, SIDE));
    let record = set.scene(6).expect("a scene");
    assert_eq!(*some.camera(0, 2), record.cameras[2]);
    let mut rgb8 = vec![0; 3 * SIDE * SIDE];
    Decoder::new(SIDE, Resize::Area).decode(2, &record.frames[2], &mut rgb8).expect("a picture");
    assert_eq!(some.frame(0, 2), rgb8);
    let half = SceneSet::read(&set, &[6], SIDE / 2, Resize::Area).expect("scenes");
    // Two by two pixels make one; rounding to bytes is half a level.
    let corner = |at: usize| f32::from(rgb8[3 * at]);
    let mean = (corner(0) + corner(1) + corner(SIDE) + corner(SIDE + 1)) / 4.0;
    assert!((f32::from(half.frame(0, 2)[0]) - mean).abs() <= 0.5);
}

#[test]
fn an_inventory_counts() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().join("shepard-metzler-5-parts");
    written(&folder);
    let set = open(&folder);
    let found = inspect(&set, 100).expect("an inventory");
    assert_eq!(found.known_as, Some("shepard_metzler_5_parts"));
    assert_eq!((found.scenes, found.scenes_sampled, found.views), (SCENES, SCENES, VIEWS));
    let cameras = (0..SCENES).flat_map(|scene| set.scene(scene).expect("a scene").cameras);
    let highest = cameras.map(|camera| camera.position[2]).fold(f32::MIN, f32::max);
    assert_eq!(found.cameras.expect("cameras").z.1.to_bits(), highest.to_bits());
}

#[test]
fn an_inventory_suggests_what_training_takes_even_of_a_damaged_set() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = written(folder.path());
    let set = open(folder.path());
    // Whatever the sample is, the geometry follows from the same scenes.
    let suggestion = |sample| {
        let found = inspect(&set, sample).expect("an inventory").voxel.expect("a geometry");
        (found.low, found.high, found.cells, found.near, found.far)
    };
    let taken = || {
        let Extent { low, high, cells, near, far } =
            suggest(&set, SUGGESTING_SCENES).expect("a geometry").extent;
        (low, high, cells, near, far)
    };
    assert_eq!(suggestion(1), taken());
    let place = set.place(SCENES - 1);
    let path = train.join(place.shard.to_string());
    let mut bytes = std::fs::read(&path).expect("a shard");
    // The last scene's checksum.
    *bytes.last_mut().expect("it is not empty") ^= 1;
    std::fs::write(&path, bytes).expect("a file");
    assert!(set.scene(SCENES - 1).is_err());
    assert_eq!(suggestion(1), taken());
    let voxel = inspect(&set, 1).expect("an inventory").voxel.expect("a geometry");
    assert!(voxel.to_toml().contains("# 50 degrees"), "{}", voxel.to_toml());
}

#[test]
fn the_published_sets_are_known() {
    // The numbers of the publication's page.
    let rows = KnownSet::ALL.map(|set| (set.name, set.side, set.views, set.train_shards));
    assert_eq!(rows[1], ("mazes", 84, 300, 1080));
    assert_eq!(rows[2], ("rooms_free_camera_with_object_rotations", 128, 10, 2034));
    assert_eq!(KnownSet::named("rooms-ring-camera").map(|set| set.shards(Split::Test)), Some(240));
    assert_eq!(KnownSet::named("rooms"), None);
    for world in World::ALL {
        assert_eq!(
            (KnownSet::of(world).world, KnownSet::of(world).views),
            (world, world.views_per_scene())
        );
    }
}

#[test]
fn shuffles_mix_shards() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let set = open(folder.path());
    let mut firsts = BTreeSet::new();
    for epoch in 0..40 {
        let order = Shuffle::new(set.len(), 1, epoch);
        firsts.insert(set.place(order.at(0)).shard.number);
    }
    assert_eq!(firsts.len(), 3, "every shard comes first in some epoch");
}

#[test]
fn a_set_without_a_sound_record_says_what_is_wrong_with_the_first() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = written(folder.path());
    let set = open(folder.path());
    let places: Vec<_> = (0..SCENES).map(|scene| set.place(scene)).collect();
    for place in places {
        let path = train.join(place.shard.to_string());
        let mut bytes = fs::read(&path).expect("a shard");
        bytes[place.offset as usize + 40] ^= 1;
        fs::write(path, bytes).expect("a damaged shard");
    }
    let report = || {
        let error = DataSet::open(folder.path(), Split::Train).expect_err("no sound record");
        error_report(&error)
    };
    let said = report();
    for part in
        ["holds no sound record", "1-of-3.tfrecord at byte 0", "the data has checksum", "hint:"]
    {
        assert_eq!(said.matches(part).count(), 1, "`{part}` in: {said}");
    }
    // Shards in which no record begins.
    for number in 1..=3 {
        fs::write(train.join(format!("{number}-of-3.tfrecord")), "rubbish".repeat(9))
            .expect("a shard");
    }
    assert!(report().contains("bytes 0 to 63 belong to no record"), "{}", report());
}

#[test]
fn what_lies_in_the_place_of_a_shard_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let train = written(folder.path());
    for (content, says) in [
        (&b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"[..], "git lfs pull"),
        (b"<!DOCTYPE html>\n<title>Sign in</title>", "an HTML page"),
        (b"", "is empty"),
        (b"\x1F\x8B\x08\0", "is compressed"),
    ] {
        fs::write(train.join("2-of-3.tfrecord"), content).expect("a file");
        let error = DataSet::open(folder.path(), Split::Train).expect_err(says).to_string();
        assert!(error.contains(says) && error.contains("2-of-3.tfrecord"), "{error}");
    }
    fs::remove_file(train.join("2-of-3.tfrecord")).expect("no file");
    for name in ["._2-of-3.tfrecord", ".DS_Store"] {
        fs::write(train.join(name), b"\0\x05\x16\x07").expect("a hidden file");
    }
    assert_eq!(open(folder.path()).shards(), (2, 3));
    // A pipe would never begin, a folder is no file.
    fs::create_dir(train.join("2-of-3.tfrecord")).expect("a folder");
    let error = DataSet::open(folder.path(), Split::Train).expect_err("a folder");
    assert!(matches!(error, DataError::System(SystemError::NotRegular { .. })), "{error}");
}

#[test]
fn shards_are_refused_before_any_scene_is_made() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path());
    let write = |shards, overwrite| {
        write_shards(folder.path(), Split::Train, Layout { scenes: 4, shards }, overwrite, |_| {
            panic!("no scene is asked for")
        })
    };
    fs::remove_file(folder.path().join("train/1-of-3.tfrecord")).expect("no file");
    assert!(matches!(
        write(3, Overwrite::Refuse),
        Err(DataError::System(SystemError::Exists { .. }))
    ));
    for overwrite in [Overwrite::Refuse, Overwrite::Force] {
        assert!(matches!(write(2, overwrite), Err(DataError::Mixed { .. })));
    }
}
