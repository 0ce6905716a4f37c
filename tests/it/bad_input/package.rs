//! Packages that do not fit.

use std::fs;
use std::path::Path;

use gqn_formats::TensorFile;
use serde_json::{Value, json};

use crate::micro::micro;
use crate::pipeline::views_in;
use crate::programs::{Outcome, program, run};

fn verify(package: &Path) -> Outcome {
    run(program("gqn-run").arg("verify").arg(package))
}

fn cut(path: &Path) {
    let bytes = fs::read(path).expect("a file");
    fs::write(path, &bytes[..bytes.len() / 2]).expect("a file");
}

#[test]
fn missing_folders() {
    let folder = tempfile::tempdir().expect("a folder");
    let nowhere = folder.path().join("nowhere");
    let out = folder.path().join("out");
    verify(&nowhere).failed_with_hint(&["nowhere does not exist", "gqn-export"]);
    run(program("gqn-export").arg("export").arg(&nowhere).arg("--out").arg(&out))
        .failed_with_hint(&["there is no ", "nowhere", "gqn-train"]);
    run(program("gqn-export").arg("inspect").arg(&nowhere)).failed_with_hint(&["nowhere"]);
    run(program("gqn-train").arg("eval").arg(&nowhere)).failed_with_hint(&["nowhere"]);
    run(program("gqn-train").arg("golden").arg(&nowhere)).failed_with_hint(&["nowhere"]);
    run(program("gqn-train").args(["train", "--resume", "--out"]).arg(&nowhere))
        .failed_with_hint(&["nowhere holds no run to resume"]);
    let package = micro().package_in(folder.path());
    run(program("gqn-run")
        .arg("render")
        .arg(package)
        .arg("--views")
        .arg(&nowhere)
        .arg("--out")
        .arg(&out))
    .failed_with_hint(&["nowhere is no folder"]);
    assert!(!out.exists() && !nowhere.exists(), "nothing is made of nothing");
}

#[test]
fn folders_that_hold_something_else() {
    let folder = tempfile::tempdir().expect("a folder");
    verify(folder.path()).failed_with_hint(&["is no package", "manifest.json"]);
    run(program("gqn-export").arg("export").arg(folder.path()).args(["--out", "no/where"]))
        .failed_with_hint(&["holds no checkpoint.safetensors"]);
}

#[test]
fn truncated_checkpoints() {
    let folder = tempfile::tempdir().expect("a folder");
    let run_folder = micro().run_in(folder.path());
    let out = folder.path().join("package");
    for name in ["checkpoint.safetensors", "state.safetensors"] {
        cut(&run_folder.join(name));
    }
    let parts = ["checkpoint.safetensors is not a readable safetensors file"];
    run(program("gqn-export").arg("export").arg(&run_folder).arg("--out").arg(&out))
        .failed_with_hint(&parts);
    run(program("gqn-train").arg("eval").arg(&run_folder)).failed_with_hint(&parts);
    run(program("gqn-train")
        .arg("golden")
        .arg(run_folder.join("checkpoint.safetensors"))
        .arg("--force"))
    .failed_with_hint(&parts);
    run(program("gqn-train").args(["train", "--resume", "--out"]).arg(&run_folder))
        .failed_with_hint(&["state.safetensors is not a readable safetensors file"]);
    assert!(!out.exists());
}

#[test]
fn checkpoints_of_another_model() {
    let folder = tempfile::tempdir().expect("a folder");
    let run_folder = micro().run_in(folder.path());
    let path = run_folder.join("checkpoint.safetensors");
    let mut file = TensorFile::from_bytes("checkpoint", &micro().run["checkpoint.safetensors"])
        .expect("tensors");
    let bias = file.tensors.remove("prior.bias").expect("a bias");
    fs::write(&path, file.to_bytes("checkpoint").expect("bytes")).expect("a file");
    run(program("gqn-train").arg("eval").arg(&run_folder))
        .failed(&["tensor `prior.bias` is missing, expected shape [4]"]);
    file.tensors.insert("prior.bias".to_owned(), bias);
    let config = file.metadata["config"].replace("xyz-cos-sin", "xyz-quaternion");
    file.metadata.insert("config".to_owned(), config);
    fs::write(&path, file.to_bytes("checkpoint").expect("bytes")).expect("a file");
    run(program("gqn-train").arg("eval").arg(&run_folder)).failed(&["`config`", "xyz-quaternion"]);
}

#[test]
fn a_flipped_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["representation.onnx", "generator.onnx", "sample.safetensors", "README.md"] {
        let package = micro().package_in(folder.path());
        let mut bytes = micro().package[name].clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(package.join(name), bytes).expect("a file");
        verify(&package).failed_with_hint(&[&format!("{name} has sha256 "), "expected"]);
    }
}

#[test]
fn a_missing_file() {
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["representation.onnx", "generator.onnx", "sample.safetensors"] {
        let package = micro().package_in(folder.path());
        fs::remove_file(package.join(name)).expect("a file");
        verify(&package).failed_with_hint(&[&format!("the package lacks {name}")]);
    }
}

#[track_caller]
fn check_manifest(edit: impl Fn(&mut Value), parts: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let mut manifest = serde_json::from_slice(&micro().package["manifest.json"]).expect("JSON");
    edit(&mut manifest);
    fs::write(package.join("manifest.json"), manifest.to_string()).expect("a file");
    verify(&package).failed_with_hint(parts);
}

#[test]
fn a_manifest_of_another_version() {
    check_manifest(
        |manifest| {
            manifest["format_version"] = json!(1);
            // As another version may have it: the version is looked at before anything else.
            manifest["graphs"] = manifest["generator"].take();
        },
        &["manifest.json has format version 1, expected 5"],
    );
}

#[test]
fn a_manifest_of_another_pose_encoding() {
    check_manifest(
        |manifest| manifest["pose_encoding"] = json!("xyz-sin-cos"),
        &["pose encoding is `xyz-sin-cos`, expected `xyz-cos-sin`"],
    );
    // The graphs say it too, so that a manifest that only agrees with itself is found out.
    check_manifest(
        |manifest| {
            manifest["pose_encoding"] = json!("xyz-sin-cos");
            manifest["config"]["pose_encoding"] = json!("xyz-sin-cos");
        },
        &["manifest.json: pose encoding is `xyz-sin-cos`, expected `xyz-cos-sin`"],
    );
    check_manifest(
        |manifest| {
            manifest["pose_encoding"] = json!("xyz-quaternion");
            manifest["config"]["pose_encoding"] = json!("xyz-quaternion");
        },
        &["pose encoding is `xyz-quaternion`, expected `xyz-cos-sin or xyz-sin-cos`"],
    );
}

#[test]
fn zips_that_are_cut_short() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("package.zip");
    // "PK\x03\x04" starts a zip; without the list at its end it is none.
    for (bytes, says) in [
        (&b"PK\x03\x04 and then nothing"[..], "the package is no readable zip"),
        (b"no zip at all", "the package is another kind of file, expected a folder or a zip"),
        (b"", "the package is empty, expected a zip"),
    ] {
        fs::write(&path, bytes).expect("a file");
        verify(&path).failed_with_hint(&[says]);
    }
}

#[test]
fn pictures_that_do_not_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let package = micro().package_in(folder.path());
    let out = folder.path().join("out");
    let render = |views: &Path| {
        run(program("gqn-run")
            .arg("render")
            .arg(&package)
            .arg("--views")
            .arg(views)
            .arg("--out")
            .arg(&out))
    };
    render(&views_in(folder.path(), 2, 24))
        .failed_with_hint(&["0.png is 24x24 pixels, the model expects 16x16", "--resize"]);
    let views = views_in(folder.path(), 2, 16);
    fs::write(views.join("1.png"), b"not a picture").expect("a file");
    render(&views).failed_with_hint(&["1.png is no picture"]);
    fs::write(views.join("views.json"), b"{").expect("a file");
    render(&views).failed_with_hint(&["views.json", "docs/formats.md"]);
    assert!(!out.exists(), "nothing was painted");
}
