//! Scenes in memory, and sheets.

use std::sync::Mutex;

use gqn_datasets::{GAP, SceneSet, contact_sheet};
use gqn_scenes::{Scene, Split, World};

#[test]
fn holds_what_the_scenes_show() {
    let (world, seed, side) = (World::RoomsRingCamera, 4, 8);
    let calls = Mutex::new(Vec::new());
    let set = SceneSet::render(world, Split::Train, seed, 0..3, side, |done| {
        calls.lock().expect("no thread failed").push(done);
    });
    let mut calls = calls.into_inner().expect("no thread failed");
    calls.sort_unstable();
    assert_eq!(calls, [1, 2, 3]);
    assert_eq!((set.len(), set.views(), set.side()), (3, 10, side));
    for (index, view) in [(0, 0), (1, 9), (2, 3)] {
        let scene = Scene::generate(world, Split::Train.scene_seed(seed, index as u64));
        assert_eq!(*set.camera(index, view), scene.camera(view));
        assert_eq!(set.frame(index, view), scene.render(&scene.camera(view), side).rgb8());
    }
}

#[test]
fn the_mean_frame_is_the_mean() {
    // Sums of bytes below 2^24 are exact in f32; the division rounds once.
    const ROUNDING: f32 = 1e-6;
    let side = 4;
    let set = SceneSet::render(World::ShepardMetzler5, Split::Test, 0, 0..2, side, |_| {});
    let mean = set.mean_frame();
    assert_eq!(mean.len(), 3 * side * side);
    for (channel, row, column) in [(0, 0, 0), (1, 2, 3), (2, 3, 1)] {
        let byte = (row * side + column) * 3 + channel;
        let frames =
            (0..set.len()).flat_map(|scene| (0..set.views()).map(move |view| (scene, view)));
        let sum: f32 = frames.map(|(scene, view)| f32::from(set.frame(scene, view)[byte])).sum();
        let expected = sum / (255.0 * 30.0);
        let found = mean[(channel * side + row) * side + column];
        assert!(
            (found - expected).abs() <= ROUNDING,
            "{channel} {row} {column}: {found}, expected {expected}"
        );
    }
    let empty = SceneSet::render(World::ShepardMetzler5, Split::Test, 0, 0..0, side, |_| {});
    assert!(empty.is_empty() && empty.mean_frame().iter().all(|value| *value == 0.0));
}

#[test]
fn sheets_lay_scenes_out_by_rows() {
    let (world, side) = (World::ShepardMetzler7, 8);
    let sheet = contact_sheet(world, 5, 2, 3, side);
    assert_eq!((sheet.width, sheet.height), (3 * (side + GAP) + GAP, 2 * (side + GAP) + GAP));
    let pixel = |x: usize, y: usize| &sheet.rgb8[3 * (y * sheet.width + x)..][..3];
    for at in 0..sheet.width {
        assert_eq!(pixel(at, 0), [255; 3], "the top gap");
        assert_eq!(pixel(at, sheet.height - 1), [255; 3], "the bottom gap");
    }
    // Row 1 is seed 6, column 2 its camera 2.
    let scene = Scene::generate(world, 6);
    let frame = scene.render(&scene.camera(2), side);
    let (left, top) = (GAP + 2 * (side + GAP), GAP + side + GAP);
    for (index, expected) in frame.rgb8().chunks_exact(3).enumerate() {
        assert_eq!(pixel(left + index % side, top + index / side), expected);
    }
}
