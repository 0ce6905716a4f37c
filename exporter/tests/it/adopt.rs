//! Graphs that `PyTorch`'s own exporter wrote (`tests/golden/foreign/make.py`), taken in as a package.

use std::collections::BTreeMap;

use gqn_exporter::{ExportError, ForeignPorts, adopt};
use gqn_formats::{Package, names};
use gqn_runtime::verify;
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};
use gqn_scenes::{PoseEncoding, World};

const REPRESENTATION: &[u8] = include_bytes!("../../../tests/golden/foreign/representation.onnx");
const GENERATOR: &[u8] = include_bytes!("../../../tests/golden/foreign/generator.onnx");

fn ports() -> ForeignPorts {
    let name = str::to_owned;
    ForeignPorts {
        frames: name("x"),
        poses: name("v"),
        scene: name("r"),
        per_view: true,
        query_scene: name("r"),
        query_poses: name("v"),
        noise: name("z"),
        picture: name("picture"),
    }
}

fn runtime() -> &'static OnnxRuntime {
    OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it")
}

fn adopted(ports: &ForeignPorts) -> Result<BTreeMap<String, Vec<u8>>, ExportError> {
    let graphs = [REPRESENTATION, GENERATOR];
    adopt(runtime(), graphs, ports, PoseEncoding::SinCos, World::RoomsRingCamera)
}

#[test]
fn the_package_has_the_graphs_sizes_and_paints_its_sample() {
    let package = Package::from_files(adopted(&ports()).expect("a package")).expect("a package");
    let config = &package.manifest.config;
    assert_eq!((config.image_size, config.representation_channels), (32, 16));
    assert_eq!((config.steps, config.latent_channels), (2, 3));
    assert_eq!(package.manifest.pose_encoding, PoseEncoding::SinCos);
    assert!(package.file(names::SAMPLE_FILE).is_ok());
    let options = OrtOptions::on(Provider::Cpu, None);
    let mut engine = OrtEngine::new(runtime(), &package, &options).expect("an engine");
    let report = verify(&mut engine, &package).expect("a report");
    assert!(report.passed, "{:?}", report.checks);
}

#[track_caller]
fn refused(ports: &ForeignPorts, parts: &[&str]) {
    let error = adopted(ports).expect_err("ports that are not there").to_string();
    for part in parts {
        assert!(error.contains(part), "`{part}` is not in: {error}");
    }
}

#[test]
fn wrong_ports_are_named_with_those_that_are_there() {
    refused(
        &ForeignPorts { frames: "image".to_owned(), ..ports() },
        &["representation.onnx", "no port `image`", "x, v -> r"],
    );
    refused(
        &ForeignPorts { noise: "eps".to_owned(), ..ports() },
        &["generator.onnx", "no port `eps`", "r, v, z -> picture"],
    );
}

#[test]
fn representations_of_single_views_are_summed_or_refused() {
    refused(&ForeignPorts { per_view: false, ..ports() }, &["--per-view"]);
}

#[test]
fn what_is_no_graph_is_refused() {
    let graphs = [&b"no graph"[..], GENERATOR];
    let found = adopt(runtime(), graphs, &ports(), PoseEncoding::CosSin, World::RoomsRingCamera);
    assert!(found.expect_err("no graph").to_string().contains("representation.onnx"));
}
