//! The structure of exported graphs.

use std::collections::{BTreeMap, BTreeSet};

use gqn_exporter::{ExportOptions, Graphs, build_graphs_with, summarize};
use gqn_formats::{Checkpoint, ModelConfig, parameters};
use onnx_protobuf::{GraphProto, TensorProto};

use crate::support::{checkpoint, every_kind, parse};
use crate::voxel_support::voxel_kinds;

/// A prefix of the initializers that are no weights.
const CONSTANTS: [&str; 3] = ["constant/", "index/", "list/"];

fn build_graphs(checkpoint: &Checkpoint) -> Graphs {
    build_graphs_with(checkpoint, &ExportOptions::REFERENCE)
}

fn graphs(config: &ModelConfig) -> [GraphProto; 2] {
    let graphs = build_graphs(&checkpoint(config));
    [graphs.representation, graphs.generator].map(|model| parse(&model).graph.unwrap())
}

fn is_weight(tensor: &TensorProto) -> bool {
    !CONSTANTS.iter().any(|prefix| tensor.name.starts_with(prefix))
}

#[test]
fn every_weight_is_stored_once_under_its_name_and_none_of_training() {
    for config in every_kind().into_iter().chain(voxel_kinds()) {
        let checkpoint = checkpoint(&config);
        let graphs = graphs(&config);
        let mut stored = BTreeMap::new();
        for tensor in
            graphs.iter().flat_map(|graph| &graph.initializer).filter(|tensor| is_weight(tensor))
        {
            assert_eq!(
                stored.insert(tensor.name.clone(), tensor.raw_data.clone()),
                None,
                "{} twice",
                tensor.name
            );
        }
        let expected: BTreeMap<String, Vec<u8>> = parameters(&config)
            .into_iter()
            .filter(|parameter| !parameter.training_only())
            .map(|parameter| {
                let bytes = checkpoint.tensors[&parameter.name]
                    .iter()
                    .flat_map(|value| value.to_le_bytes())
                    .collect();
                (parameter.name, bytes)
            })
            .collect();
        assert!(stored == expected, "{config:?}: weights differ in names or numbers");
    }
}

#[test]
fn names_are_paths_and_unique() {
    let [_, generator] = graphs(&every_kind()[0]);
    let nodes: BTreeSet<_> = generator.node.iter().map(|node| node.name.as_str()).collect();
    assert_eq!(nodes.len(), generator.node.len());
    for name in [
        "step0/prior/conv",
        "step2/gates/conv",
        "step1/latent/sample",
        "step2/canvas",
        "observation/conv",
    ] {
        assert!(nodes.contains(name), "no node {name} among {nodes:?}");
    }
    let mut values = BTreeSet::new();
    for name in generator
        .node
        .iter()
        .flat_map(|node| &node.output)
        .chain(generator.initializer.iter().map(|t| &t.name))
    {
        assert!(values.insert(name), "the value {name} is written twice");
    }
}

#[test]
fn nodes_stand_in_the_order_of_their_inputs() {
    for config in every_kind().into_iter().chain(voxel_kinds()) {
        for graph in graphs(&config) {
            let mut known: BTreeSet<String> =
                graph.input.iter().map(|input| input.name.clone()).collect();
            known.extend(graph.initializer.iter().map(|tensor| tensor.name.clone()));
            for node in graph.node {
                let unknown: Vec<_> =
                    node.input.iter().filter(|name| !known.contains(*name)).collect();
                assert!(unknown.is_empty(), "{} reads {unknown:?} too early", node.name);
                known.extend(node.output);
            }
            assert!(graph.output.iter().all(|output| known.contains(&output.name)));
        }
    }
}

#[test]
fn a_step_reads_the_prior_from_the_old_hidden_state() {
    let [_, generator] = graphs(&every_kind()[0]);
    let reads = |name: &str| {
        let node =
            generator.node.iter().find(|node| node.name == name).expect("a node of that name");
        node.input.clone()
    };
    assert_eq!(reads("step1/prior/conv")[0], "step0/gates/hidden");
    let gates = ["step0/gates/hidden", "step1/latent/sample", "step1/upsample_v/conv_transpose"];
    assert_eq!(reads("step1/core_inputs")[..3], gates);
}

#[test]
fn the_same_checkpoint_gives_the_same_bytes() {
    let config = &every_kind()[3];
    for options in [ExportOptions::REFERENCE, ExportOptions::OPTIMISED] {
        let build = || build_graphs_with(&checkpoint(config), &options);
        assert_eq!(build(), build());
    }
}

#[test]
fn header_and_metadata() {
    let model = parse(&build_graphs(&checkpoint(&every_kind()[0])).generator);
    assert_eq!(model.ir_version, 8);
    let opsets: Vec<_> =
        model.opset_import.iter().map(|opset| (opset.domain.as_str(), opset.version)).collect();
    assert_eq!(opsets, [("", 17)]);
    let metadata: BTreeMap<_, _> =
        model.metadata_props.iter().map(|p| (p.key.as_str(), p.value.as_str())).collect();
    assert_eq!(metadata["gqn_pose_encoding"], "xyz-cos-sin");
    assert_eq!(metadata["gqn_variant"], "reference");
    assert_eq!(metadata["gqn_step"], "1234");
    assert!(
        model.graph.input.iter().chain(&model.graph.output).all(|port| !port.doc_string.is_empty())
    );
}

#[test]
fn summaries_count_what_the_files_hold() {
    for config in every_kind().into_iter().chain(voxel_kinds()) {
        for (summary, graph) in
            summarize(&config, &ExportOptions::REFERENCE).iter().zip(graphs(&config))
        {
            assert_eq!(summary.nodes(), graph.node.len());
            for (op, count) in &summary.operators {
                assert_eq!(graph.node.iter().filter(|node| node.op_type == *op).count(), *count);
            }
            let bytes: usize = graph
                .initializer
                .iter()
                .filter(|tensor| is_weight(tensor))
                .map(|tensor| tensor.raw_data.len())
                .sum();
            assert_eq!(summary.parameters * 4, bytes as u64);
        }
    }
}
