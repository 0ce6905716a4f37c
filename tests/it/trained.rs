//! Trained weights on every engine: random ones leave out what training does to them, such as opacities of all but 0 and 1.

use std::path::{Path, PathBuf};

use gqn_exporter::{ExportOptions, build_graphs_with};
use gqn_formats::{Checkpoint, ModelConfig, Tensor};
use gqn_runtime::Engine;
use gqn_scenes::{Camera, Scene, World};

use crate::conformance::{Inputs, Libtorch, check_inputs, on_ort, on_tract, on_wasm_engine};
use crate::weights::uniform;

/// Views that are shown, and views that are painted.
const VIEWS: usize = 3;
const QUERIES: usize = 2;

/// The weights beside the recipes.
fn milestones() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../trainer/configs");
    let paths =
        std::fs::read_dir(folder).expect("the recipes").map(|entry| entry.expect("a file").path());
    paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "safetensors"))
        .collect()
}

/// A held-out scene of the world that the model was trained on.
fn held_out(config: &ModelConfig, world: World) -> Inputs {
    let scene = Scene::generate(world, 7);
    let cameras: Vec<Camera> = (0..VIEWS + QUERIES).map(|index| scene.camera(index)).collect();
    let (shown, painted) = cameras.split_at(VIEWS);
    let poses = |cameras: &[Camera]| {
        let values =
            cameras.iter().flat_map(|camera| camera.pose(config.pose_encoding).as_ref().to_vec());
        Tensor::from_shape_vec(vec![cameras.len(), 7], values.collect())
            .expect("seven numbers each")
    };
    let side = config.image_size;
    let mut frames = vec![0.0; VIEWS * 3 * side * side];
    for (camera, frame) in shown.iter().zip(frames.chunks_exact_mut(3 * side * side)) {
        scene.render(camera, side).write_planar(frame);
    }
    let noise =
        [QUERIES, config.steps, config.latent_channels, config.hidden_size(), config.hidden_size()];
    Inputs {
        context_frames: Tensor::from_shape_vec(vec![VIEWS, 3, side, side], frames)
            .expect("pictures"),
        context_poses: poses(shown),
        query_poses: poses(painted),
        noise: uniform(&noise, 104) * 3.0_f32.sqrt(),
    }
}

#[test]
fn every_engine_paints_what_libtorch_paints() {
    let milestones = milestones();
    assert!(!milestones.is_empty(), "no weights beside the recipes");
    for path in milestones {
        let checkpoint = Checkpoint::load(&path).expect("a checkpoint");
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let world = checkpoint.provenance.world().expect("a world of this project");
        let input = held_out(&checkpoint.config, world);
        let mut reference = Libtorch::new(&checkpoint);
        for options in [ExportOptions::REFERENCE, ExportOptions::OPTIMISED] {
            let graphs = build_graphs_with(&checkpoint, &options);
            let engines: [(&str, Box<dyn Engine>); 3] = [
                ("ONNX Runtime", Box::new(on_ort(&graphs))),
                ("built-in", Box::new(on_wasm_engine(&graphs))),
                ("tract", Box::new(on_tract(&graphs))),
            ];
            for (engine_name, mut engine) in engines {
                let case = format!("{name}, {:?}, {engine_name}", options.variant);
                check_inputs(&case, options.variant, engine.as_mut(), &mut reference, &input);
            }
        }
    }
}
