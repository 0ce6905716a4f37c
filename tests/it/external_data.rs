//! A model whose weights stand in files beside its graphs, because one protobuf message holds at most 2 GB: through
//! every function that a package passes, from libtorch to a folder to ONNX Runtime and to the checker of `PyPI`'s `onnx`.

use std::path::Path;

use gqn_exporter::{ExportOptions, Measurements, export, write_package};
use gqn_formats::{Checkpoint, ModelConfig, Package, Preset, names, sha256_hex};
use gqn_runtime::verify;
use gqn_runtime_native::{OnnxRuntime, OrtEngine, OrtOptions, Provider};
use gqn_scenes::World;
use gqn_system::Overwrite;
use gqn_trainer::model::Gqn;
use gqn_trainer::run::golden::golden;

use crate::onnx_checker::facts;
use crate::weights::random_checkpoint;

/// Exports the unshared paper model of that many steps, verifies it, has it checked.
#[track_caller]
fn check(steps: usize, options: &ExportOptions, expected_files: &[&str]) {
    let config = ModelConfig { steps, ..Preset::Paper.config() };
    assert!(!config.shared_core && config.learns_upsample_r());
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("package");
    write(&random_checkpoint(&config), &out, options);

    let package = Package::open(&out).expect("a package");
    let is_beside = |name: &&str| name.contains(".onnx.");
    let beside: Vec<&str> = package.files().map(|(name, _)| name).filter(is_beside).collect();
    assert_eq!(beside, expected_files);
    let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup` fetches it");
    let options = OrtOptions::on(Provider::Cpu, None);
    let mut engine = OrtEngine::new(runtime, &package, &options).expect("an engine");
    let report = verify(&mut engine, &package).expect("a sample");
    assert!(report.passed, "{report:?}");
    drop((engine, package));

    for graph in facts(&out) {
        assert_eq!((graph.ir_version, graph.opset), (8, 17), "{}", graph.file);
    }
}

/// Libtorch's sample of the weights, and the package. The weights are gone when it returns.
fn write(checkpoint: &Checkpoint, out: &Path, options: &ExportOptions) {
    // Stands for the sha256 of the checkpoint's file, which is not written here.
    let sha256 = sha256_hex(b"random weights");
    let model = Gqn::from_checkpoint(checkpoint, tch::Device::Cpu);
    let sample = golden(&model, World::ShepardMetzler5, 3, &sha256);
    drop(model);
    let files =
        export(checkpoint, &sha256, &sample, options, &Measurements::default()).expect("a package");
    write_package(&files, out, Overwrite::Refuse).expect("a folder");
}

#[test]
fn paper_model_beside_its_weights() {
    // Two of the twelve steps, and a limit between the 10 MB of the representation and the 175 MB of the generator, so
    // that external data is exercised: the generator's weights leave it, the representation's stay.
    let options = ExportOptions { external_data_limit: 50_000_000, ..ExportOptions::REFERENCE };
    check(2, &options, &[&format!("{}.data", names::GENERATOR_FILE)]);
}

#[test]
#[ignore = "takes 6 GB of memory and two minutes; run it by hand after changes to the exporter's encoding"]
fn paper_model_of_full_size() {
    // 1.05 GB of weights for painting: below the exporter's limit, so all of it is one file.
    check(12, &ExportOptions::REFERENCE, &[]);
}
