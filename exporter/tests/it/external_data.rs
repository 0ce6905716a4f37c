//! Weights beside the graphs.

use std::collections::HashMap;
use std::path::Path;

use gqn_exporter::{ExportOptions, Graphs, build_graphs_with};
use gqn_formats::{ModelConfig, Preset, RepresentationKind, UpsampleR, names};
use tract_onnx::prelude::*;

use crate::support::{checkpoint, every_kind, parse, small};

const VIEWS: usize = 3;
const QUERIES: usize = 2;

fn numbers(count: usize, phase: f32) -> Vec<f32> {
    (0..count).map(|index| 0.5 + 0.5 * (0.7 * index as f32 + phase).sin()).collect()
}

fn input(shape: &[usize], phase: f32) -> TValue {
    let data = numbers(shape.iter().product(), phase);
    Tensor::from_shape(shape, &data).expect("as many numbers as the shape takes").into()
}

/// Runs one graph file on tract with its named axes that long and inputs of these shapes. Only names will do: the
/// shapes inside the file name the axes too, and tract holds them against the inputs'.
fn run(file: &Path, axes: &[(&str, usize)], shapes: &[Vec<usize>]) -> Vec<f32> {
    let mut model = tract_onnx::onnx().model_for_path(file).expect("tract reads the graph");
    let lengths: HashMap<_, _> =
        axes.iter().map(|(name, length)| (model.symbols.sym(name), length.to_dim())).collect();
    model.set_symbols(&lengths).expect("named axes");
    let model =
        model.into_optimized().expect("tract optimises the graph").into_runnable().expect("a plan");
    let inputs =
        shapes.iter().enumerate().map(|(index, shape)| input(shape, index as f32)).collect();
    let outputs = model.run(inputs).expect("tract runs the graph");
    outputs[0].to_plain_array_view::<f32>().expect("f32").iter().copied().collect()
}

fn write(folder: &Path, graphs: &Graphs) {
    std::fs::write(folder.join(names::REPRESENTATION_FILE), &graphs.representation)
        .expect("a file");
    std::fs::write(folder.join(names::GENERATOR_FILE), &graphs.generator).expect("a file");
    for (name, data) in &graphs.external_data {
        std::fs::write(folder.join(name), data).expect("a file");
    }
}

fn run_both(config: &ModelConfig, graphs: &Graphs) -> [Vec<f32>; 2] {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), graphs);
    let (side, size) = (config.image_size, config.hidden_size());
    let views = [vec![VIEWS, 3, side, side], vec![VIEWS, 7]];
    let noise = vec![1, config.steps, config.latent_channels, size, size];
    let queries = [config.scene_shape(), vec![QUERIES, 7], noise];
    [
        run(&folder.path().join(names::REPRESENTATION_FILE), &[(names::VIEWS, VIEWS)], &views),
        run(
            &folder.path().join(names::GENERATOR_FILE),
            &[(names::QUERIES, QUERIES), (names::NOISES, 1)],
            &queries,
        ),
    ]
}

#[test]
fn every_kind_of_model_runs_on_tract() {
    for config in every_kind() {
        let [scene, frames] =
            run_both(&config, &build_graphs_with(&checkpoint(&config), &ExportOptions::REFERENCE));
        assert_eq!(scene.len(), config.scene_shape().iter().product::<usize>());
        assert_eq!(frames.len(), QUERIES * 3 * config.image_size * config.image_size);
        assert!(scene.iter().any(|value| *value > 0.0), "{config:?}: the scene is empty");
        assert!(
            frames.iter().all(|value| (0.0..=1.0).contains(value)),
            "{config:?}: frames beyond [0, 1]"
        );
        assert!(
            frames.iter().any(|value| *value > 0.0 && *value < 1.0),
            "{config:?}: frames are cut off everywhere"
        );
    }
}

#[test]
fn weights_beside_the_graph_are_the_same_weights() {
    let config = small(RepresentationKind::Pool, false, UpsampleR::Learned);
    let checkpoint = checkpoint(&config);
    let inline = build_graphs_with(&checkpoint, &ExportOptions::REFERENCE);
    assert!(inline.external_data.is_empty());
    let options = ExportOptions { external_data_limit: 1000, ..ExportOptions::REFERENCE };
    let beside = build_graphs_with(&checkpoint, &options);
    let files: Vec<_> = beside.external_data.keys().map(String::as_str).collect();
    assert_eq!(files, ["generator.onnx.data", "representation.onnx.data"]);
    assert!(beside.generator.len() < inline.generator.len() / 2);
    assert_eq!(run_both(&config, &beside), run_both(&config, &inline));
}

#[test]
fn offsets_are_pages_and_lengths_fit() {
    const PAGE: usize = 4096;
    let options = ExportOptions { external_data_limit: 0, ..ExportOptions::REFERENCE };
    let graphs = build_graphs_with(&checkpoint(&Preset::TinyTower.config()), &options);
    let data = &graphs.external_data["generator.onnx.data"];
    let model = parse(&graphs.generator);
    let mut end = 0_usize;
    for tensor in model.graph.initializer.iter().filter(|tensor| !tensor.external_data.is_empty()) {
        let entry = |key: &str| {
            tensor
                .external_data
                .iter()
                .find(|entry| entry.key == key)
                .expect("an entry")
                .value
                .clone()
        };
        let [offset, length] =
            ["offset", "length"].map(|key| entry(key).parse::<usize>().expect("a number"));
        assert_eq!(entry("location"), "generator.onnx.data");
        assert_eq!(offset, end.div_ceil(PAGE) * PAGE);
        assert_eq!(length as i64, 4 * tensor.dims.iter().product::<i64>());
        assert!(tensor.raw_data.is_empty());
        end = offset + length;
    }
    assert_eq!(end, data.len());
}
