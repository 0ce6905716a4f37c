//! Names, seeds and frames: what comes from outside.

use gqn_scenes::{Frame, FrameError, PoseEncoding, Split, World};

#[test]
fn names_round_trip() {
    let names = [
        "shepard-metzler-5",
        "shepard-metzler-7",
        "rooms-ring-camera",
        "rooms-free-camera-with-object-rotations",
        "rooms-free-camera-no-object-rotations",
        "mazes",
        "jaco",
    ];
    for (world, name) in World::ALL.iter().zip(names) {
        assert_eq!(world.to_string(), name);
        assert_eq!(name.parse(), Ok(*world));
        assert_eq!(serde_json::to_string(world).expect("a name"), format!("\"{name}\""));
        assert_eq!(serde_json::from_str::<World>(&format!("\"{name}\"")).expect("a world"), *world);
        assert!(world.max_context() < world.views_per_scene());
    }
    for (encoding, name) in PoseEncoding::ALL.iter().zip(["xyz-cos-sin", "xyz-sin-cos"]) {
        assert_eq!(encoding.to_string(), name);
        assert_eq!(name.parse(), Ok(*encoding));
        assert_eq!(serde_json::to_string(encoding).expect("a name"), format!("\"{name}\""));
    }
}

#[test]
fn unknown_names_say_what_there_is() {
    let error = "moon".parse::<World>().expect_err("no such world").to_string();
    assert_eq!(
        error,
        "unknown world `moon`; expected one of: shepard-metzler-5, shepard-metzler-7, rooms-ring-camera, \
         rooms-free-camera-with-object-rotations, rooms-free-camera-no-object-rotations, mazes, jaco"
    );
    assert!("xyz".parse::<PoseEncoding>().is_err());
}

#[test]
fn splits_share_no_seed() {
    assert_eq!(Split::Test.scene_seed(0, 12), 12);
    assert_eq!(Split::Test.scene_seed(3, 1), (3 << 32) + 1);
    assert_eq!(Split::Train.scene_seed(3, 1), (1 << 63) + (3 << 32) + 1);
    let last = Split::Test.scene_seed((1 << 31) - 1, (1 << 32) - 1);
    assert!(
        last < Split::Train.scene_seed(0, 0),
        "the largest test seed is below the smallest train seed"
    );
}

#[test]
fn frames_of_wrong_size_are_refused() {
    let length = FrameError::Length { side: 2, found: 11, expected: 12 };
    assert_eq!(Frame::from_rgb8(2, vec![0; 11]), Err(length.clone()));
    assert_eq!(Frame::from_planar(2, &[0.0; 11]), Err(length));
    assert_eq!(Frame::from_rgb8(0, Vec::new()), Err(FrameError::Side { side: 0 }));
    assert_eq!(
        Frame::from_rgb8(usize::MAX, Vec::new()),
        Err(FrameError::Side { side: usize::MAX })
    );
}

#[test]
fn planes_and_bytes() {
    // Pixels in order: red, green, blue, and a grey of 51/255 = 0.2.
    let bytes = vec![255, 0, 0, 0, 255, 0, 0, 0, 255, 51, 51, 51];
    let frame = Frame::from_rgb8(2, bytes.clone()).expect("a frame");
    let mut planar = [9.0; 12];
    frame.write_planar(&mut planar);
    // Bit for bit: each is one division, as the literals are.
    let expected = [1.0, 0.0, 0.0, 0.2, 0.0, 1.0, 0.0, 0.2, 0.0, 0.0, 1.0, 0.2_f32];
    assert_eq!(planar.map(f32::to_bits), expected.map(f32::to_bits));
    assert_eq!(Frame::from_planar(2, &planar).expect("a frame").rgb8(), bytes);
    // 0.5 * 255 = 127.5 rounds up; the rest is clamped.
    let odd = Frame::from_planar(1, &[0.5, -3.0, f32::INFINITY]).expect("a frame");
    assert_eq!(odd.rgb8(), [128, 0, 255]);
    assert_eq!(Frame::from_planar(1, &[f32::NAN; 3]).expect("a frame").rgb8(), [0, 0, 0]);
}
