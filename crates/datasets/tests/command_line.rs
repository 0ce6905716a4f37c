//! `gqn-data` as a person uses it.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use gqn_formats::Views;
use gqn_scenes::{Scene, World};
use gqn_system::FolderLock;

fn gqn_data(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-data"));
    command
        .current_dir(folder)
        .args(arguments.split_whitespace())
        .output()
        .expect("a started program")
}

#[track_caller]
fn check_fails(output: &Output, code: i32, says: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{message}");
    assert!(
        message.contains(says) && !message.contains("panicked"),
        "expected `{says}` in: {message}"
    );
}

#[test]
fn scene_writes_pictures_and_their_cameras() {
    let folder = tempfile::tempdir().expect("a folder");
    let render = "scene --world rooms-ring-camera --seed 9 --views 3 --size 16 --out scene";
    let output = gqn_data(folder.path(), render);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let json = std::fs::read(folder.path().join("scene/views.json")).expect("views.json");
    let list = Views::from_json(&json).expect("a list of views");
    assert_eq!(list.field_of_view, Some(0.872_665), "50 degrees, as the worlds' cameras have");
    let views = list.views;
    assert_eq!(views.len(), 3);
    let scene = Scene::generate(World::RoomsRingCamera, 9);
    for (index, view) in views.iter().enumerate() {
        assert_eq!(view.picture.as_deref(), Some(format!("{index:02}.png").as_str()));
        assert_eq!(view.camera(), scene.camera(index), "JSON keeps every digit");
        let picture =
            image::open(folder.path().join(format!("scene/{index:02}.png"))).expect("a picture");
        assert_eq!(picture.to_rgb8().as_raw(), scene.render(&view.camera(), 16).rgb8());
    }
    check_fails(&gqn_data(folder.path(), render), 1, "--force");
    assert!(gqn_data(folder.path(), &format!("{render} --force")).status.success());
}

#[test]
fn sheet_writes_one_picture() {
    let folder = tempfile::tempdir().expect("a folder");
    let sheet = "sheet --world shepard-metzler-5 --scenes 2 --views 3 --size 16 --out sheet.png";
    assert!(gqn_data(folder.path(), sheet).status.success());
    let picture = image::open(folder.path().join("sheet.png")).expect("a picture");
    assert_eq!((picture.width(), picture.height()), (3 * 18 + 2, 2 * 18 + 2));
    check_fails(&gqn_data(folder.path(), sheet), 1, "sheet.png");
}

#[test]
fn data_sets_are_rendered_inspected_verified_and_converted() {
    let folder = tempfile::tempdir().expect("a folder");
    let succeeds = |arguments: &str| {
        let output = gqn_data(folder.path(), arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let render = "render --world rooms-ring-camera --train 5 --test 2 --per-shard 2 --views 3 --size 16 --out set";
    succeeds(render);
    let json: serde_json::Value =
        serde_json::from_str(&succeeds("inspect set --sheet sheet.png")).expect("JSON");
    assert_eq!(
        (&json["scenes"], &json["views"], &json["shards"]),
        (&5.into(), &3.into(), &3.into())
    );
    let voxel = &json["voxel"];
    assert_eq!(voxel["camera_pattern"], "inside", "{voxel}");
    assert!(voxel["low"][0].as_f64() < Some(-1.0) && voxel["far"].as_f64() > Some(2.0), "{voxel}");
    let sheet = image::open(folder.path().join("sheet.png")).expect("a picture");
    assert_eq!((sheet.width(), sheet.height()), (3 * 66 + 2, 5 * 66 + 2));
    assert!(succeeds("verify set --split test").starts_with("2 of 2 scenes are sound"));
    let convert = "convert set --to hdf5 --per-file 3 --out hdf5";
    if cfg!(feature = "hdf5") {
        succeeds(convert);
        succeeds("convert hdf5 --to tfrecord --out back");
        assert!(succeeds("verify back").starts_with("5 of 5 scenes are sound"));
    } else {
        check_fails(&gqn_data(folder.path(), convert), 1, "--features hdf5");
    }
    assert!(
        succeeds("bench set --rounds 1 --seconds 0.01 --threads 2 --batch 2").contains("2 threads")
    );
    check_fails(&gqn_data(folder.path(), render), 1, "--force");

    let shard = folder.path().join("set/train/2-of-3.tfrecord");
    let mut bytes = std::fs::read(&shard).expect("a shard");
    bytes[100] ^= 1;
    std::fs::write(&shard, bytes).expect("a damaged shard");
    let output = gqn_data(folder.path(), "verify set");
    let report = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{report}");
    assert!(report.contains("2-of-3.tfrecord, record 0 at byte 0"), "{report}");
    assert!(report.contains("4 of 5 scenes are sound, 1 damaged"), "{report}");
    check_fails(&gqn_data(folder.path(), "inspect set"), 1, "--skip-damaged");
    check_fails(&gqn_data(folder.path(), "convert set --to tfrecord --out c"), 1, "001.h5");
}

#[test]
fn wrong_input_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("file"), b"").expect("a file");
    let fails =
        |arguments: &str, code, says| check_fails(&gqn_data(folder.path(), arguments), code, says);
    fails("scene --world moon --out a", 2, "rooms-ring-camera");
    fails("scene --world rooms-ring-camera --size 0 --out a", 2, "--size");
    fails(
        "sheet --world rooms-ring-camera --scenes 100 --views 100 --size 2048 --out a.png",
        1,
        "hint:",
    );
    fails("scene --world rooms-ring-camera --size 8 --out file/a", 1, "file");
}

#[test]
fn a_closed_pipe_changes_no_verdict() {
    let folder = tempfile::tempdir().expect("a folder");
    let render = "render --world rooms-ring-camera --train 3 --test 0 --views 2 --size 8 --out set";
    assert!(gqn_data(folder.path(), render).status.success());
    let code = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gqn-data"));
        command.current_dir(folder.path()).args(["verify", "set"]).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::null()).spawn().expect("a started program");
        drop(child.stdout.take());
        child.wait().expect("an ended program").code()
    };
    assert_eq!(code(), Some(0));
    let shard = folder.path().join("set/train/1-of-1.tfrecord");
    let mut bytes = std::fs::read(&shard).expect("a shard");
    bytes[100] ^= 1;
    std::fs::write(&shard, bytes).expect("a damaged shard");
    assert_eq!(code(), Some(1));
}

#[test]
fn a_folder_that_is_being_written_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let set = "render --world rooms-ring-camera --train 1 --test 0 --views 2 --size 8 --out set";
    assert!(gqn_data(folder.path(), set).status.success());
    let lock = FolderLock::acquire(&folder.path().join("out")).expect("a lock");
    let says = "another process is writing to out";
    for command in [
        "render --world rooms-ring-camera --train 1 --test 0 --size 8 --out out",
        "scene --world rooms-ring-camera --size 8 --out out",
        "convert set --to hdf5 --out out",
    ] {
        check_fails(&gqn_data(folder.path(), command), 1, says);
    }
    drop(lock);
    let scene = "scene --world rooms-ring-camera --size 8 --views 1 --out out";
    assert!(gqn_data(folder.path(), scene).status.success());
}

#[test]
fn names_do_not_command_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = gqn_data(folder.path(), "inspect a\u{1b}]0;title\u{7}b");
    check_fails(&output, 1, "a\\u{1b}]0;title\\u{7}b");
    assert!(!output.stderr.contains(&0x1b) && !output.stderr.contains(&7));
}

#[test]
fn a_path_of_another_kind_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("1-of-1.tfrecord"), b"").expect("a file");
    let fails = |arguments: &str, says| check_fails(&gqn_data(folder.path(), arguments), 1, says);
    fails("verify 1-of-1.tfrecord", "hint: name the folder of the shards");
    fails("convert none --to tfrecord --out out", "hint: is the path right?");
    fails("convert . --to tfrecord --out out", "neither HDF5 files nor files of torch.save");
    #[cfg(unix)]
    fails("convert /dev/zero --to tfrecord --out out", "/dev/zero is a device");
    assert!(!folder.path().join("out").exists(), "nothing is made of nothing");
}

#[test]
fn places_are_looked_at_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let fails = |arguments: &str, says| check_fails(&gqn_data(folder.path(), arguments), 1, says);
    std::fs::create_dir(folder.path().join("there")).expect("a folder");
    // The picture's place is named although there is no set, and no scene.
    fails("inspect none --sheet there", "there is a folder, expected a regular file");
    std::fs::write(folder.path().join("01.png"), b"mine").expect("a file");
    fails("scene --world rooms-ring-camera --size 8 --out .", "01.png exists");
    assert!(!folder.path().join("00.png").exists());
    #[cfg(unix)]
    fails(
        "sheet --world rooms-ring-camera --size 8 --out /dev/null --force",
        "/dev/null is a device",
    );
}
