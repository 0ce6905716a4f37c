//! Half precision and eight bits against libtorch, on both engines, with random and with trained weights.

use std::collections::BTreeMap;

use gqn_exporter::{
    Calibration, ExportOptions, Graphs, Measurements, PrepareOptions, SceneSource, StepQuality,
    Target, Winograd, build_graphs_from, build_graphs_with, calibrate, measure_steps, prepare,
};
use gqn_formats::RepresentationKind::{Pool, Pyramid, Tower};
use gqn_formats::UpsampleR::{Learned, Tile};
use gqn_formats::{Checkpoint, ModelConfig, Precision, TensorFile, sha256_hex};
use gqn_pictures::{mse, psnr};
use gqn_runtime::Engine;
use gqn_runtime_native::OnnxRuntime;
use gqn_scenes::World;

use crate::conformance::{Inputs, Libtorch, on_ort, on_tract};
use crate::micro::micro;
use crate::weights::{check_close, random_checkpoint, small};

const SINGLE: ExportOptions = ExportOptions::OPTIMISED;
const HALF: ExportOptions = ExportOptions { precision: Precision::Fp16, ..SINGLE };
const EIGHT_BITS: ExportOptions = ExportOptions { precision: Precision::Int8, ..SINGLE };

/// Every graph in less than single precision.
const PRECISIONS: [ExportOptions; 7] = [
    ExportOptions { winograd: Winograd::On, ..HALF },
    ExportOptions { precision: Precision::Fp16, ..ExportOptions::REFERENCE },
    ExportOptions { target: Target::TensorRt, ..HALF },
    ExportOptions { target: Target::Cuda, precision: Precision::Fp16, ..ExportOptions::REFERENCE },
    EIGHT_BITS,
    ExportOptions { winograd: Winograd::On, ..EIGHT_BITS },
    ExportOptions { winograd: Winograd::Fine, ..EIGHT_BITS },
];

fn onnx_runtime() -> &'static OnnxRuntime {
    OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it")
}

/// The graphs, quantised ones calibrated.
fn graphs(checkpoint: &Checkpoint, options: &ExportOptions) -> Graphs {
    let scenes = SceneSource::World(World::RoomsRingCamera);
    let ranges = match options.precision {
        Precision::Int8 => {
            let way = Calibration::Percentile;
            calibrate(onnx_runtime(), checkpoint, options, &scenes, way).expect("a calibration")
        }
        _ => BTreeMap::new(),
    };
    build_graphs_from(checkpoint, &ranges, options)
}

#[track_caller]
fn check(checkpoint: &Checkpoint) {
    let mut libtorch = Libtorch::new(checkpoint);
    for options in PRECISIONS {
        let graphs = graphs(checkpoint, &options);
        let goal = options.precision.goal().expect("less than single precision");
        for [views, queries, noises] in [[1, 1, 1], [3, 4, 4]] {
            let input = Inputs::new(&checkpoint.config, views, queries, noises);
            let scene = input.scene(&mut libtorch);
            let expected = input.frames(&mut libtorch, &scene, &input.noise);
            let mut engines: Vec<(&str, Box<dyn Engine>)> =
                vec![("ONNX Runtime", Box::new(on_ort(&graphs)))];
            // tract gains nothing from eight bits and refuses them.
            if options.precision != Precision::Int8 {
                engines.push(("tract", Box::new(on_tract(&graphs))));
            }
            for (name, mut engine) in engines {
                let engine = engine.as_mut();
                let scene = input.scene(engine);
                let found = input.frames(engine, &scene, &input.noise);
                let [found, expected] = [&found, &expected]
                    .map(|pictures| pictures.iter().copied().collect::<Vec<f32>>());
                let psnr = psnr(mse(&found, &expected));
                assert!(
                    psnr >= goal,
                    "{name}, {options:?}, {views} views, {queries} queries: {psnr:.1} dB, expected {goal}"
                );
            }
        }
    }
}

/// Trained weights: a run of seconds, by the programs.
fn trained() -> (Checkpoint, TensorFile, String) {
    let bytes = &micro().run["checkpoint.safetensors"];
    let sample = TensorFile::from_bytes("sample", &micro().run["golden.safetensors"]);
    let checkpoint = Checkpoint::from_bytes("checkpoint", bytes).expect("a checkpoint");
    (checkpoint, sample.expect("a sample"), sha256_hex(bytes))
}

#[test]
fn random_pool_shared_learned() {
    check(&random_checkpoint(&small(Pool, true, Learned)));
}

#[test]
fn random_pyramid_unshared_tiled() {
    check(&random_checkpoint(&small(Pyramid, false, Tile)));
}

#[test]
fn random_tower_shared() {
    check(&random_checkpoint(&small(Tower, true, Tile)));
}

#[test]
fn trained_weights() {
    let (checkpoint, _, _) = trained();
    check(&checkpoint);
    let mut libtorch = Libtorch::new(&checkpoint);
    for options in
        [ExportOptions::REFERENCE, SINGLE, ExportOptions { winograd: Winograd::On, ..SINGLE }]
    {
        let graphs = build_graphs_with(&checkpoint, &options);
        let input = Inputs::new(&checkpoint.config, 2, 3, 3);
        let scene = input.scene(&mut libtorch);
        let expected = input.frames(&mut libtorch, &scene, &input.noise);
        let (mut ort, mut tract) = (on_ort(&graphs), on_tract(&graphs));
        let engines: [&mut dyn Engine; 2] = [&mut ort, &mut tract];
        for engine in engines {
            let scene = input.scene(engine);
            check_close("trained frames", &input.frames(engine, &scene, &input.noise), &expected);
        }
    }
}

fn prepare_options(steps: Option<usize>) -> PrepareOptions {
    PrepareOptions {
        draw_steps: steps,
        calibration: Calibration::MinMax,
        views: 4,
        quality: false,
        scenes: None,
        library: None,
    }
}

#[test]
fn fewer_steps_are_libtorchs_fewer_steps() {
    let (checkpoint, sample, sha256) = trained();
    let config = ModelConfig { steps: 1, ..checkpoint.config.clone() };
    let fewer = Checkpoint { config, ..checkpoint.clone() };
    let prepared =
        prepare(checkpoint, &sha256, sample, &SINGLE, &prepare_options(Some(1))).expect("a step");
    assert_eq!(prepared.checkpoint.config.steps, 1);
    assert_eq!(prepared.measurements.trained_steps, Some(2));
    assert_eq!(prepared.measurements.steps.len(), 2, "a row for every number of steps");
    let sample = &prepared.sample.tensors;
    let mut libtorch = Libtorch::new(&fewer);
    let scene =
        libtorch.represent(&sample["context_frames"], &sample["context_poses"]).expect("a scene");
    let expected =
        libtorch.generate(&scene, &sample["query_poses"], &sample["noise"]).expect("pictures");
    check_close("the sample of one step", &sample["frames"], &expected);
}

#[test]
fn the_same_checkpoint_is_calibrated_and_measured_the_same() {
    let options = ExportOptions { precision: Precision::Int8, ..SINGLE };
    let found = || -> Measurements {
        let (checkpoint, sample, sha256) = trained();
        prepare(checkpoint, &sha256, sample, &options, &prepare_options(None))
            .expect("measurements")
            .measurements
    };
    let (one, other) = (found(), found());
    assert_eq!(one, other);
    assert!(one.precision_error.expect("an error").psnr >= 35.0 && !one.calibration.is_empty());
}

#[test]
fn a_sample_that_the_graphs_do_not_give_is_no_origin_of_another() {
    let (checkpoint, mut sample, sha256) = trained();
    sample.tensors.get_mut("frames").expect("pictures").mapv_inplace(|value| value + 0.01);
    let error = prepare(checkpoint, &sha256, sample, &SINGLE, &prepare_options(Some(1)))
        .expect_err("wrong");
    assert!(error.to_string().contains("`frames`"), "{error}");
}

#[test]
fn the_last_of_the_steps_is_the_whole_picture() {
    let (checkpoint, _, _) = trained();
    let scenes = SceneSource::World(World::RoomsRingCamera);
    let rows = measure_steps(onnx_runtime(), &checkpoint, &SINGLE, &scenes, 4).expect("rows");
    let last: &StepQuality = rows.last().expect("a row");
    assert_eq!((last.steps, last.psnr_of_all_steps), (checkpoint.config.steps, 200.0));
    assert!(rows.iter().all(|row| row.mse.is_finite() && row.mse > 0.0));
    assert!(rows.windows(2).all(|pair| pair[0].multiply_adds < pair[1].multiply_adds));
}
