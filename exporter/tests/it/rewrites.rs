//! Each rewrite by itself, and all of them, against the reference: random weights, every kind of model, on ONNX Runtime.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use gqn_exporter::{
    ExportOptions, Graphs, Pass, Target, Winograd, build_ablated, build_graphs_with, summarize,
    summarize_passes,
};
use gqn_formats::{Checkpoint, ModelConfig, Preset, RepresentationKind, Tensor, UpsampleR};
use gqn_runtime::Engine;
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};

use crate::support::{checkpoint, every_kind};

/// The same sums in another order: single precision differs by about 1e-7 times their few dozen terms.
const TOLERANCE: f32 = 1e-5;

const QUERIES: usize = 2;

/// Pictures of two queries with noise, of a scene of two views.
fn paint(config: &ModelConfig, graphs: &Graphs) -> Vec<f32> {
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    let options = OrtOptions::on(Provider::Cpu, NonZeroUsize::new(1));
    let Graphs { representation, generator, .. } = graphs;
    let nothing = BTreeMap::new();
    let mut engine = OrtEngine::from_graphs(runtime, representation, generator, &nothing, &options)
        .expect("graphs that ONNX Runtime loads");
    let (side, size) = (config.image_size, config.hidden_size());
    let input = |shape: &[usize], phase: f32| {
        let mut index = 0.0;
        Tensor::from_shape_simple_fn(shape, || {
            index += 1.0;
            0.5 + 0.5 * (0.7 * index + phase).sin()
        })
    };
    let scene = engine.represent(&input(&[2, 3, side, side], 0.1), &input(&[2, 7], 0.2));
    let noise = [QUERIES, config.steps, config.latent_channels, size, size];
    let (poses, noise) = (input(&[QUERIES, 7], 0.4), input(&noise, 0.3));
    let frames = engine.generate(&scene.expect("a scene"), &poses, &noise).expect("pictures");
    frames.iter().copied().collect()
}

#[track_caller]
fn check_close(what: &str, found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let spread = expected.iter().fold([1.0_f32, 0.0], |[low, high], v| [low.min(*v), high.max(*v)]);
    let contrast = spread[1] - spread[0];
    assert!(contrast > 1e3 * TOLERANCE, "{what}: flat pictures agree whatever happens");
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let difference = (found - expected).abs();
        assert!(
            difference <= TOLERANCE,
            "{what} at {index}: found {found}, expected {expected}, difference {difference}, allowed {TOLERANCE}"
        );
    }
}

/// Other sizes than the usual small ones: L, H, Z, U and S.
fn other_sizes() -> Vec<ModelConfig> {
    let base = every_kind();
    vec![
        ModelConfig { steps: 1, ..base[0].clone() },
        ModelConfig { image_size: 32, hidden_channels: 9, latent_channels: 1, ..base[1].clone() },
        ModelConfig { image_size: 24, canvas_channels: 11, steps: 5, ..base[1].clone() },
        ModelConfig { image_size: 32, latent_channels: 4, steps: 2, ..base[10].clone() },
    ]
}

fn reference(checkpoint: &Checkpoint) -> Vec<f32> {
    let graphs = build_graphs_with(checkpoint, &ExportOptions::REFERENCE);
    paint(&checkpoint.config, &graphs)
}

#[track_caller]
fn check(passes: &[Pass]) {
    for config in every_kind().into_iter().chain(other_sizes()) {
        let checkpoint = checkpoint(&config);
        let found = paint(&config, &build_ablated(&checkpoint, passes));
        check_close(&format!("{passes:?} of {config:?}"), &found, &reference(&checkpoint));
    }
}

#[track_caller]
fn check_export(config: &ModelConfig, options: &ExportOptions) {
    let checkpoint = checkpoint(config);
    let found = paint(config, &build_graphs_with(&checkpoint, options));
    check_close(&format!("{options:?} of {config:?}"), &found, &reference(&checkpoint));
}

#[test]
fn hoisting_the_scene() {
    check(&[Pass::HoistScene]);
}

#[test]
fn hoisting_the_camera() {
    check(&[Pass::HoistPose]);
}

#[test]
fn the_first_step() {
    check(&[Pass::FirstStep]);
}

#[test]
fn gates_and_prior_in_one() {
    check(&[Pass::Merge]);
}

#[test]
fn the_folded_canvas() {
    check(&[Pass::FoldCanvas]);
}

#[test]
fn winograd_after_all_others() {
    for (winograd, tile) in [(Winograd::On, 4), (Winograd::Fine, 2)] {
        let options = ExportOptions { winograd, ..ExportOptions::OPTIMISED };
        let configs = every_kind().into_iter().chain(other_sizes());
        for config in configs.filter(|config| config.hidden_size().is_multiple_of(tile)) {
            check_export(&config, &options);
        }
    }
}

#[test]
fn winograd_with_a_product_for_each_gate() {
    let small = every_kind().remove(0);
    let config = ModelConfig { hidden_channels: 64, image_size: 64, steps: 2, ..small };
    let options =
        ExportOptions { winograd: Winograd::On, target: Target::Cpu, ..ExportOptions::OPTIMISED };
    let together = ExportOptions { target: Target::Wasm, ..options.clone() };
    let nodes = |options| summarize(&config, options)[1].nodes();
    assert!(nodes(&options) > nodes(&together), "the gates are not apart");
    check_export(&config, &options);
}

#[test]
fn no_rewrite_is_the_reference_split_into_terms() {
    check(&[]);
}

#[test]
fn all_rewrites_are_what_is_exported() {
    for config in every_kind() {
        let checkpoint = checkpoint(&config);
        let staged = build_ablated(&checkpoint, &Pass::ALL[..5]);
        let options = ExportOptions { winograd: Winograd::Off, ..ExportOptions::OPTIMISED };
        let exported = build_graphs_with(&checkpoint, &options);
        let [staged, exported] = [&staged, &exported].map(|graphs| paint(&config, graphs));
        check_close(&format!("{config:?}"), &staged, &exported);
    }
}

#[test]
fn stripped_graphs_hold_nothing_of_training() {
    for config in every_kind() {
        for graphs in [ExportOptions::REFERENCE, ExportOptions::OPTIMISED]
            .map(|options| build_graphs_with(&checkpoint(&config), &options))
        {
            let drawing = graphs.drawing.iter();
            for graph in [&graphs.representation, &graphs.generator].into_iter().chain(drawing) {
                let graph = crate::support::parse(graph).graph.unwrap();
                let names = graph.initializer.iter().map(|tensor| &tensor.name);
                let stray: Vec<_> = names
                    .filter(|name| name.contains("inference") || name.contains("posterior"))
                    .collect();
                assert!(stray.is_empty(), "{stray:?}");
            }
        }
    }
}

#[test]
fn every_pass_saves_multiplications_of_the_paper_preset() {
    let config = ModelConfig { shared_core: true, ..Preset::Paper.config() };
    assert_eq!(config.representation, RepresentationKind::Pool);
    assert_eq!(config.upsample_r, UpsampleR::Learned);
    let counts: Vec<u64> = summarize_passes(&config, &ExportOptions::OPTIMISED)
        .iter()
        .map(|(_, [representation, generator])| {
            representation.multiply_adds + generator.multiply_adds
        })
        .collect();
    // Merging two convolutions leaves their products.
    let falls = counts.windows(2).filter(|pair| pair[1] < pair[0]).count();
    assert_eq!((counts.len(), falls), (7, 5), "{counts:?}");
    assert!(counts.windows(2).all(|pair| pair[1] <= pair[0]), "{counts:?}");
}
