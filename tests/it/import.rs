//! Weights that `PyTorch` wrote, against what it computes with them. `golden/import/make.py` made the files.

use std::fs;
use std::path::{Path, PathBuf};

use gqn_formats::{Checkpoint, RepresentationKind, TensorFile};
use gqn_trainer::convert::{to_array, to_tensor};
use gqn_trainer::model::elbo::Elbo;
use gqn_trainer::model::{Gqn, Latents, Rollout};
use tch::{Device, Kind, Tensor};

use crate::programs::{Outcome, program, run};

/// Sums of some hundred products in single precision, in another order, through three steps.
const TOLERANCE: f64 = 1e-5;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/import").join(name)
}

fn import(file: &Path, out: &Path, flags: &[&str]) -> Outcome {
    run(program("gqn-train").arg("import").arg(file).arg("--out").arg(out).args(flags))
}

/// Imports a fixture, and compares representation, generated picture, reconstruction and divergence with `PyTorch`'s.
#[track_caller]
fn check(
    name: &str,
    flags: &[&str],
    kind: RepresentationKind,
    steps: usize,
    [inference, generation]: [bool; 2],
) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("imported.safetensors");
    import(&fixture(&format!("{name}.pt")), &out, flags).succeeded();
    let checkpoint = Checkpoint::load(&out).expect("a checkpoint");
    let config = &checkpoint.config;
    assert_eq!((config.representation, config.steps), (kind, steps));
    assert_eq!((config.shares_inference_core(), config.shared_core), (inference, generation));
    let sizes = (config.image_size, config.representation_channels, config.latent_channels);
    assert_eq!(sizes, (16, 8, 2));
    assert_eq!((config.hidden_channels, config.canvas_channels), (2, 3));

    let bytes = fs::read(fixture(&format!("{name}.safetensors"))).expect("a fixture");
    let file = TensorFile::from_bytes(name, &bytes).expect("tensors");
    let known = |name: &str| to_tensor(&file.tensors[name]);
    let model = Gqn::from_checkpoint(&checkpoint, Device::Cpu);
    let (v, noise, frames) = (known("v_q"), known("noise"), known("x_q"));
    let r = model.represent(&known("x"), &known("v"));
    let generated = Rollout::new(&model, &v, &r, Latents::Prior { noise: &noise });
    let latents = Latents::Posterior { frames: &frames, noise: &noise };
    let reconstructed = Rollout::new(&model, &v, &r, latents);
    let kl = Elbo::new(&reconstructed, &frames, 1.0).kl;
    let kl = kl.sum_dim_intlist([1].as_slice(), false, Kind::Float);
    for (what, found) in [
        ("r", &r),
        ("generated", &generated.observation),
        ("reconstructed", &reconstructed.observation),
        ("kl", &kl),
    ] {
        check_near(what, found, &known(what));
    }
}

#[track_caller]
fn check_near(what: &str, found: &Tensor, expected: &Tensor) {
    let (found, expected) = (to_array(found), to_array(expected));
    assert_eq!(found.shape(), expected.shape(), "{what}");
    let scale = expected.iter().fold(1.0_f64, |scale, value| scale.max(f64::from(value.abs())));
    for ((index, found), expected) in found.indexed_iter().zip(&expected) {
        let error = f64::from((found - expected).abs());
        assert!(
            error <= TOLERANCE * scale,
            "{what} at {index:?}: found {found}, expected {expected}, error {error}"
        );
    }
}

#[test]
fn a_shared_core_in_a_file_of_today() {
    check("pool", &["--layers", "3"], RepresentationKind::Pool, 3, [true, true]);
}

#[test]
fn unshared_cores_in_a_wrapped_file_of_old() {
    check("tower", &["--representation", "tower"], RepresentationKind::Tower, 2, [false, false]);
}

#[test]
fn parameters_under_a_newer_protocol() {
    check("pyramid", &[], RepresentationKind::Pyramid, 1, [false, false]);
}

#[test]
fn one_of_the_cores_shared() {
    check("inference-shared", &[], RepresentationKind::Pyramid, 2, [true, false]);
    check("generation-shared", &[], RepresentationKind::Pyramid, 2, [false, true]);
}

#[test]
fn what_the_file_does_not_tell_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out/imported.safetensors");
    let [pool, tower] = ["pool.pt", "tower.pt"].map(fixture);
    import(&pool, &out, &[]).failed_with_hint(&["one core serves all DRAW steps", "--layers"]);
    import(&tower, &out, &["--layers", "3"]).failed(&["2 DRAW steps", "3"]);
    import(&tower, &out, &["--representation", "pyramid"]).failed(&["tower or pool"]);
    assert!(!out.exists());
    let outcome = import(&pool, &out, &["--layers", "3"]).succeeded();
    assert!(outcome.stderr.contains("taken for a pool representation"), "{}", outcome.stderr);
    import(&pool, &out, &["--layers", "3"]).failed_with_hint(&["exists", "--force"]);
    // What was imported can be exported.
    let package = folder.path().join("package");
    run(program("gqn-export").arg("export").arg(&out).arg("--out").arg(&package)).succeeded();
    run(program("gqn-run").arg("verify").arg(&package)).succeeded();
}

#[test]
fn damaged_and_other_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, out) = (folder.path().join("some.pt"), folder.path().join("imported.safetensors"));
    let refused = |bytes: &[u8], parts: &[&str]| {
        fs::write(&path, bytes).expect("a file");
        import(&path, &out, &["--layers", "3"]).failed_with_hint(parts);
        assert!(!out.exists(), "a refused file leaves no checkpoint");
    };
    for name in ["pool.pt", "tower.pt"] {
        let bytes = fs::read(fixture(name)).expect("a fixture");
        refused(&bytes[..bytes.len() / 2], &["some.pt is no file of torch.save"]);
    }
    // A flipped bit in the numbers: the zip's checksum differs.
    let mut bytes = fs::read(fixture("pool.pt")).expect("a fixture");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    refused(&bytes, &["some.pt cannot be imported", "damaged"]);
    refused(b"", &["it is empty"]);
    refused(b"PK\x03\x04", &["some.pt is no file of torch.save"]);
    // A dictionary of no model, pickled by hand: magic number, version, machine, object, storages.
    let magic = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}.";
    let other = [&magic[..], b"\x80\x02}X\x06\x00\x00\x00conv.wK\x01s.\x80\x02]."].concat();
    refused(&other, &["holds no weights of torch-gqn", "eta_pi.weight", "conv.w"]);
}
