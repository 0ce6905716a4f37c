//! The trainer against numbers of the `PyTorch` reference; `docs/oracles.md` describes the file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use gqn_formats::TensorFile;
use gqn_trainer::model::{Compute, StepVariant};
use gqn_trainer::oracle::{OracleReport, check_oracle};

use crate::programs::{program, run};

/// What `docs/oracles.md` lists besides gradients.
const QUANTITIES: [&str; 16] = [
    "elbo_sigma_0.7",
    "elbo_sigma_2.0",
    "h_g_last",
    "image_prior_mean",
    "image_prior_mean_unclamped",
    "image_prior_noise",
    "image_prior_noise_unclamped",
    "kl",
    "log_likelihood_sigma_0.7",
    "log_likelihood_sigma_2.0",
    "posterior_log_variance",
    "posterior_mean",
    "prior_log_variance",
    "prior_mean",
    "r",
    "reconstruction",
];

/// Tensors of the reference's pool model with a shared core: 8 convolutions and 3 heads with bias, 4 gates with bias in
/// each of two cores, 3 samplers of the generation core and 4 of the inference core.
const GRADIENTS: usize = 2 * 8 + 2 * 3 + 2 * (2 * 4) + 3 + 4;

/// As many with cores that differ over two steps, and that many convolutions with bias in the representation.
fn gradients_unshared(convolutions: usize) -> usize {
    2 * convolutions + 2 * 3 + 2 * (2 * (2 * 4) + 3 + 4)
}

fn golden() -> PathBuf {
    oracle("pool-shared-3")
}

fn oracle(variant: &str) -> PathBuf {
    let file = format!("golden/oracle-{variant}.safetensors");
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(file)
}

#[test]
fn every_quantity_of_the_reference_agrees() {
    check(Compute::default());
}

#[test]
fn so_it_does_by_winograds_algorithm() {
    check(Compute { winograd: true, ..Compute::default() });
}

#[test]
fn the_reference_variant_agrees_as_well() {
    check(Compute { variant: StepVariant::Reference, ..Compute::default() });
}

#[test]
fn a_tower_with_a_core_a_step_agrees() {
    check_unshared("tower-unshared-2", 8);
}

#[test]
fn a_pyramid_with_a_core_a_step_agrees() {
    check_unshared("pyramid-unshared-2", 4);
}

#[test]
fn a_voxel_model_with_one_ray_and_shared_cores_agrees() {
    check_voxel("voxel-shared-3", [1, 16], [1.0, 7.0]);
}

#[test]
fn a_voxel_model_with_four_rays_and_a_core_a_step_agrees() {
    check_voxel("voxel-unshared-2", [2, 16], [0.0, 2.0]);
}

#[test]
fn a_voxel_model_with_sixteen_rays_and_the_other_pose_encoding_agrees() {
    check_voxel("voxel-shared-2", [1, 16], [0.0, 1.0]);
}

#[test]
fn a_voxel_model_with_evidence_agrees() {
    check_voxel("voxel-evidence-2", [1, 18], [0.0, 3.0]);
}

/// Every quantity, by every variant, ten times closer than the reference's: both sides are in double precision but for the
/// trainer's last digit. `views` are the fewest and the most that see a cell.
#[track_caller]
fn check_voxel(variant: &str, [cores, layers]: [usize; 2], views: [f32; 2]) {
    const TOLERANCE: f64 = 1e-5;
    let (fused, path) = (Compute::default(), oracle(variant));
    let reference = Compute { variant: StepVariant::Reference, ..fused };
    for compute in [fused, reference, Compute { winograd: true, ..fused }] {
        let report = agreement(&path, compute);
        let (gradients, others): (Vec<_>, Vec<_>) =
            report.lines.iter().partition(|line| line.name.starts_with("grad_norm/"));
        let names: BTreeSet<_> = others.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(names, BTreeSet::from(QUANTITIES));
        // Eight convolutions, three heads, five layers of the renderer, two of evidence where there is any; the cells; each
        // core's gates and samplers.
        assert_eq!(gradients.len(), 2 * layers + 1 + cores * (2 * 2 * 4 + 3));
        for line in &report.lines {
            assert!(
                line.error <= TOLERANCE,
                "{}: error {:e} by {compute:?}",
                line.name,
                line.error
            );
        }
    }
    let bytes = fs::read(&path).expect("a file");
    let scene = TensorFile::from_bytes(variant, &bytes).expect("tensors").tensors["r"].clone();
    let visible: Vec<f32> = scene.index_axis(ndarray::Axis(1), 9).iter().copied().collect();
    let [fewest, most] = [f32::min, f32::max].map(|of| visible.iter().copied().reduce(of));
    assert_eq!([fewest, most], views.map(Some));
    assert!(visible.iter().any(|sum| sum.fract() > 0.0), "some cells are at a picture's edge");
}

#[track_caller]
fn check_unshared(name: &str, convolutions: usize) {
    for variant in [StepVariant::Fused, StepVariant::Reference] {
        let report = agreement(&oracle(name), Compute { variant, ..Compute::default() });
        let names = || report.lines.iter().map(|line| line.name.as_str());
        let gradients = names().filter(|name| name.starts_with("grad_norm/")).count();
        assert_eq!(gradients, gradients_unshared(convolutions));
        for name in ["elbo_sigma_2.0", "kl", "prior_mean", "posterior_log_variance"] {
            assert!(names().any(|found| found == name), "{name} was not compared");
        }
    }
}

#[track_caller]
fn check(compute: Compute) {
    let report = agreement(&golden(), compute);
    let (gradients, others): (Vec<_>, Vec<_>) = report
        .lines
        .iter()
        .map(|line| line.name.as_str())
        .partition(|name| name.starts_with("grad_norm/"));
    assert_eq!(others.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(QUANTITIES));
    assert_eq!(gradients.len(), GRADIENTS);
}

/// Every quantity of the file is known and within the tolerance that `docs/oracles.md` promises.
#[track_caller]
fn agreement(file: &Path, compute: Compute) -> OracleReport {
    tch::set_num_threads(1);
    let report = check_oracle(file, compute).expect("an oracle");
    assert!(report.unknown.is_empty(), "unknown: {:?}", report.unknown);
    for line in &report.lines {
        let (index, found, expected) = line.worst;
        assert!(
            line.passed(),
            "{} at {index}: found {found}, expected {expected}, error {}, allowed {}",
            line.name,
            line.error,
            line.tolerance
        );
        let bound = line.name.starts_with("elbo") || line.name.starts_with("log_likelihood");
        let gradient = line.name.starts_with("grad_norm/");
        let promised = if bound { 1e-5 } else { [1e-4, 1e-3][usize::from(gradient)] };
        assert!(line.tolerance <= promised, "{}: tolerance {}", line.name, line.tolerance);
    }
    report
}

#[test]
fn the_program_passes_the_golden_file() {
    let outcome = run(program("gqn-train").arg("oracle").arg(golden())).succeeded();
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let passed = lines.iter().filter(|line| line.starts_with("pass ")).count();
    assert_eq!(passed, QUANTITIES.len() + GRADIENTS);
    assert_eq!(lines.last(), Some(&format!("{passed} passed, 0 failed").as_str()));
}

#[test]
fn the_program_fails_what_is_off_and_what_it_does_not_know() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = fs::read(golden()).expect("the golden file");
    let mut file = TensorFile::from_bytes("golden", &bytes).expect("tensors");
    // Twice the tolerance of 1e-4 for numbers below one; `every_quantity…` shows that the untouched number passes.
    let prior = file.tensors.get_mut("prior_mean").expect("a tensor");
    assert!(prior.iter().all(|value| value.abs() < 1.0));
    prior[[1, 2, 0, 3, 4]] += 2e-4;
    let stray = gqn_formats::Tensor::zeros(vec![1]);
    file.tensors.insert("stray".to_owned(), stray);
    let path = folder.path().join("off.safetensors");
    fs::write(&path, file.to_bytes("off").expect("bytes")).expect("a file");

    let outcome = run(program("gqn-train").arg("oracle").arg(&path));
    assert_eq!(outcome.code, Some(1), "{}", outcome.stderr);
    let failures: Vec<&str> =
        outcome.stdout.lines().filter(|line| line.starts_with("FAIL ")).collect();
    assert_eq!(failures.len(), 2, "{}", outcome.stdout);
    assert!(failures[0].contains("prior_mean ") && failures[1].contains("stray "), "{failures:?}");
    let passed = QUANTITIES.len() + GRADIENTS - 1;
    let end = format!("{passed} passed, 2 failed\n");
    assert!(outcome.stdout.ends_with(&end), "{}", outcome.stdout);
}

#[test]
fn damaged_oracles_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let bytes = fs::read(golden()).expect("the golden file");
    let path = folder.path().join("cut.safetensors");
    fs::write(&path, &bytes[..bytes.len() / 2]).expect("a file");
    run(program("gqn-train").arg("oracle").arg(&path))
        .failed_with_hint(&["cut.safetensors", "not a readable safetensors file"]);

    let mut file = TensorFile::from_bytes("golden", &bytes).expect("tensors");
    file.metadata.insert("representation".to_owned(), "tetrahedron".to_owned());
    fs::write(&path, file.to_bytes("odd").expect("bytes")).expect("a file");
    run(program("gqn-train").arg("oracle").arg(&path))
        .failed(&["`representation` is tetrahedron", "expected pyramid, tower, pool or voxel"]);

    run(program("gqn-train").args(["oracle", "no/such/file"])).failed(&["no/such/file"]);
}
