//! Packages, file by file.

use std::collections::BTreeMap;
use std::fs;

use gqn_exporter::{
    ExportError, ExportOptions, Measurements, Target, Winograd, export, inspect, summarize,
    write_package,
};
use gqn_formats::{FormatError, Package, Preset, Tensor, names};
use gqn_system::{Overwrite, SystemError};

use crate::support::{checkpoint, checkpoint_file, every_kind, sample};

fn files() -> BTreeMap<String, Vec<u8>> {
    let checkpoint = checkpoint(&every_kind()[0]);
    let (_, sha256) = checkpoint_file(&checkpoint);
    let sample = sample(&checkpoint.config, &sha256);
    export(&checkpoint, &sha256, &sample, &ExportOptions::default(), &Measurements::default())
        .expect("a package")
}

#[test]
fn the_files_are_a_package_and_always_the_same() {
    let package = Package::from_files(files()).expect("a package");
    assert_eq!(package.manifest.config, every_kind()[0]);
    assert_eq!(package.manifest.step, 1234);
    let found: Vec<_> = package.files().map(|(name, _)| name).collect();
    assert_eq!(
        found,
        [
            names::CARD_FILE,
            names::DRAWING_FILE,
            names::GENERATOR_FILE,
            names::REPRESENTATION_FILE,
            names::SAMPLE_FILE
        ]
    );
    assert_eq!(files(), files());
}

#[test]
fn what_is_inspected_are_the_graphs_that_were_written() {
    let checkpoint = checkpoint(&Preset::TinyTower.config());
    let sample = sample(&checkpoint.config, "origin");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let usual = ExportOptions::OPTIMISED;
    for (name, options) in [
        ("cuda", ExportOptions { target: Target::Cuda, ..usual.clone() }),
        ("fine", ExportOptions { winograd: Winograd::Fine, ..usual.clone() }),
        ("off", ExportOptions { winograd: Winograd::Off, ..usual.clone() }),
        ("reference", ExportOptions::REFERENCE),
        ("usual", usual),
    ] {
        let measurements = Measurements::default();
        let files =
            export(&checkpoint, "origin", &sample, &options, &measurements).expect("a package");
        let out = folder.path().join(name);
        write_package(&files, &out, Overwrite::Refuse).expect("a folder");
        let text = inspect(&out).expect("a package").to_string();
        for graph in summarize(&checkpoint.config, &options) {
            assert!(text.contains(&graph.to_string()), "{name}: no\n{graph}in\n{text}");
        }
    }
}

#[test]
fn external_data_is_part_of_the_package() {
    let checkpoint = checkpoint(&every_kind()[0]);
    let sample = sample(&checkpoint.config, "origin");
    let options = ExportOptions { external_data_limit: 0, ..ExportOptions::default() };
    let files = export(&checkpoint, "origin", &sample, &options, &Measurements::default())
        .expect("a package");
    let package = Package::from_files(files).expect("a package");
    assert!(package.manifest.files.contains_key("generator.onnx.data"));
}

#[test]
fn the_card_says_what_it_was_trained_on_and_how_good_it_is() {
    let card = String::from_utf8(files()[names::CARD_FILE].clone()).expect("text");
    assert!(card.starts_with("---\nlibrary_name: onnx\n"));
    for text in [
        "rooms-ring-camera, 2000 scenes",
        "3 min 07 s",
        "| `psnr_generated` | 17.25000 |",
        "xyz-cos-sin",
        "## Limits",
    ] {
        assert!(card.contains(text), "no `{text}` in the card:\n{card}");
    }
}

#[test]
fn the_card_warns_of_weights_of_the_generation_phase() {
    let mut checkpoint = checkpoint(&every_kind()[0]);
    let mut warns = |phase: Option<f64>| {
        if let Some(phase) = phase {
            checkpoint.provenance.metrics.insert("elbo_phase".to_owned(), phase);
        }
        let sample = sample(&checkpoint.config, "origin");
        let (options, measurements) = (ExportOptions::default(), Measurements::default());
        let files = export(&checkpoint, "origin", &sample, &options, &measurements).expect("files");
        let card = String::from_utf8(files[names::CARD_FILE].clone()).expect("text");
        card.contains("samples are worthless")
    };
    assert_eq!([None, Some(1.0), Some(0.0)].map(&mut warns), [false, false, true]);
}

#[test]
fn a_sample_of_another_checkpoint_is_refused() {
    let checkpoint = checkpoint(&every_kind()[0]);
    let try_with = |sample| {
        export(&checkpoint, "this", &sample, &ExportOptions::default(), &Measurements::default())
            .expect_err("a wrong sample")
    };
    let other = sample(&checkpoint.config, "that");
    assert!(
        matches!(try_with(other.clone()), ExportError::SampleOfAnother { found, expected } if found == "that" && expected == "this")
    );
    let mut unnamed = other;
    unnamed.metadata.clear();
    assert!(matches!(try_with(unnamed), ExportError::SampleOrigin));
}

#[test]
fn a_sample_of_other_sizes_is_refused_by_name() {
    let checkpoint = checkpoint(&every_kind()[0]);
    let right = sample(&checkpoint.config, "this");
    for name in right.tensors.keys() {
        let mut missing = right.clone();
        missing.tensors.remove(name);
        let mut odd = right.clone();
        odd.tensors.insert(name.clone(), Tensor::zeros(vec![2, 9]));
        for wrong in [missing, odd] {
            let error = export(
                &checkpoint,
                "this",
                &wrong,
                &ExportOptions::default(),
                &Measurements::default(),
            )
            .expect_err("a wrong sample");
            let ExportError::Format(FormatError::MissingTensor { .. } | FormatError::Shape { .. }) =
                error
            else {
                panic!("{name}: {error}");
            };
        }
    }
}

#[test]
fn weights_that_do_not_fit_are_refused() {
    let mut checkpoint = checkpoint(&every_kind()[0]);
    let sample = sample(&checkpoint.config, "this");
    checkpoint.tensors.remove("prior.bias");
    let error =
        export(&checkpoint, "this", &sample, &ExportOptions::default(), &Measurements::default())
            .expect_err("a missing weight");
    assert!(
        matches!(error, ExportError::Format(FormatError::MissingTensor { name, .. }) if name == "prior.bias")
    );
}

#[test]
fn a_folder_is_replaced_only_if_it_is_a_package_and_only_by_force() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("package");
    write_package(&files(), &out, Overwrite::Refuse).expect("a new package");
    let again = write_package(&files(), &out, Overwrite::Refuse).expect_err("a package is there");
    assert!(matches!(again, ExportError::System(SystemError::Exists { .. })));

    fs::remove_file(out.join(names::CARD_FILE)).expect("the card");
    write_package(&files(), &out, Overwrite::Force).expect("a replaced package");
    assert!(out.join(names::CARD_FILE).exists());

    fs::write(out.join("notes.txt"), "mine").expect("a file");
    let foreign =
        write_package(&files(), &out, Overwrite::Force).expect_err("a file of somebody's");
    assert!(matches!(foreign, ExportError::ForeignFile { name, .. } if name == "notes.txt"));
    assert_eq!(fs::read_to_string(out.join("notes.txt")).expect("the file"), "mine");

    let left: Vec<_> = fs::read_dir(folder.path())
        .expect("a folder")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(left, ["package"], "nothing temporary stays");
}

#[test]
fn force_leaves_other_folders_and_files_alone() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (other, file, web) =
        (folder.path().join("other"), folder.path().join("file"), folder.path().join("web"));
    fs::create_dir(&other).expect("a folder");
    fs::write(other.join("a"), "a").expect("a file");
    fs::write(&file, "a").expect("a file");
    fs::create_dir(&web).expect("a folder");
    fs::write(web.join(names::MANIFEST_FILE), r#"{"name":"a page"}"#).expect("a page's manifest");
    for path in [&other, &file, &web] {
        let error = write_package(&files(), path, Overwrite::Force).expect_err("no package");
        assert!(matches!(error, ExportError::NotReplaced { .. }), "{error}");
        assert!(path.exists());
    }
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    write_package(&files(), &empty, Overwrite::Force).expect("a package in an empty folder");
}

#[test]
fn a_place_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("a file");
    let error = write_package(&files(), &file.join("package"), Overwrite::Refuse)
        .expect_err("a file is no folder");
    assert!(matches!(error, ExportError::System(SystemError::Write { .. })), "{error}");
}

#[test]
fn inspection_of_a_package_its_graphs_and_loose_graphs() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("package");
    write_package(&files(), &out, Overwrite::Refuse).expect("a package");
    let text = inspect(&out).expect("a package").to_string();
    for expected in [
        "multiply-adds",
        "frames [queries,3,16,16] float32",
        "Conv",
        "every checksum fits",
        "psnr_generated",
        "rewrite by rewrite",
        "fold canvas",
    ] {
        assert!(text.contains(expected), "no `{expected}` in:\n{text}");
    }
    let graph = inspect(&out.join(names::GENERATOR_FILE)).expect("a graph").to_string();
    assert!(graph.contains("noise [noises,3,2,4,4]") && !graph.contains("[views,7]"), "{graph}");

    let loose = folder.path().join("loose.onnx");
    fs::copy(out.join(names::GENERATOR_FILE), &loose).expect("a copy");
    assert!(matches!(inspect(&loose), Err(ExportError::LooseGraph { .. })));

    let mut bytes = fs::read(out.join(names::GENERATOR_FILE)).expect("a graph");
    bytes[100] ^= 1;
    fs::write(out.join(names::GENERATOR_FILE), bytes).expect("a damaged graph");
    assert!(matches!(inspect(&out), Err(ExportError::Format(FormatError::Checksum { .. }))));
}

#[test]
fn every_preset_has_a_summary() {
    for preset in Preset::ALL {
        let [representation, generator] =
            gqn_exporter::summarize(&preset.config(), &ExportOptions::REFERENCE);
        assert!(
            representation.multiply_adds > 0
                && generator.multiply_adds > representation.multiply_adds
        );
    }
}
