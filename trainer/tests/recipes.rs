//! The recipes and the demo's run are what they say.

use std::path::Path;

use gqn_formats::RepresentationKind;
use gqn_trainer::config::TrainConfig;
use gqn_trainer::config::schedule::{Span, WholeRun};

#[test]
fn every_recipe_is_a_run_of_its_world_with_schedules_over_the_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("configs");
    let mut voxels = 0;
    for entry in std::fs::read_dir(folder).expect("recipes") {
        let path = entry.expect("a file").path();
        if path.extension().is_some_and(|extension| extension == "safetensors") {
            assert!(path.with_extension("toml").exists(), "{} without its recipe", path.display());
            continue;
        }
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        let config = TrainConfig::layered(None, Some(&path), toml::Table::new());
        let config = config.unwrap_or_else(|error| panic!("{name}: {error}"));
        for schedule in [config.schedules.pixel_std_dev, config.schedules.learning_rate] {
            assert_eq!(schedule.over, Span::Run(WholeRun::Run), "{name}");
        }
        let world = config.data.world;
        if name != "demo" {
            assert!(name.starts_with(world.name()), "{name} trains {world}");
        }
        if name == "rooms-ring-camera-tiny" {
            assert_eq!(config.model.representation, RepresentationKind::Tower);
            continue;
        }
        let side = if name == "demo" { 32 } else { 64 };
        assert_eq!(config.model.image_size, side, "{name}");
        let voxel = config.model.voxel.expect("a voxel model");
        let extent = world.extent();
        if name.ends_with("-fine") {
            // A part of the world's box.
            for axis in 0..3 {
                let (low, high) = (voxel.low[axis], voxel.high[axis]);
                assert!(extent.low[axis] < low && high < extent.high[axis], "{name}: {voxel:?}");
            }
        } else {
            assert_eq!(voxel.low.map(f64::to_bits), extent.low.map(f64::to_bits), "{name}");
        }
        // Two generations of scenes are in memory while one replaces the other.
        let bytes = 2 * config.data.scenes as usize * world.views_per_scene() * 3 * side * side;
        assert!(bytes < 2 << 30, "{name} keeps {bytes} bytes of scenes");
        voxels += 1;
    }
    assert_eq!(voxels, 8);
}
