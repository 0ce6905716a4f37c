//! Pictures that must stay the same on every target.
//!
//! The bytes in `tests/golden/` were rendered by this crate on x86-64 (`cargo test -p gqn-scenes --test golden --
//! --ignored`) and looked at. They guard against change: data sets and trained weights depend on what a seed means.

use std::path::PathBuf;

use gqn_scenes::{Frame, Scene, World};

const SEED: u64 = 11;
const SIDE: usize = 32;
/// Targets may round a byte differently.
const TOLERANCE: u8 = 1;

fn golden(world: World) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{world}.rgb"))
}

fn picture(world: World) -> Frame {
    let scene = Scene::generate(world, SEED);
    scene.render(&scene.camera(0), SIDE)
}

#[test]
fn pictures_are_the_golden_ones() {
    for world in World::ALL {
        let expected = std::fs::read(golden(world)).expect("the golden file");
        let found = picture(world);
        assert_eq!(found.rgb8().len(), expected.len(), "{world}");
        for (index, (found, expected)) in found.rgb8().iter().zip(&expected).enumerate() {
            let difference = found.abs_diff(*expected);
            assert!(
                difference <= TOLERANCE,
                "{world}: byte {index} is {found}, expected {expected}: {difference} > {TOLERANCE}"
            );
        }
    }
}

#[test]
#[ignore = "rewrites what the other test compares with"]
fn write_golden_pictures() {
    for world in World::ALL {
        std::fs::write(golden(world), picture(world).rgb8()).expect("a written file");
    }
}
