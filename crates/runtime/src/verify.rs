//! Does a package give, where it runs, the pictures it gave where it was made?

use std::sync::Arc;

use gqn_formats::{FormatError, Manifest, Package, Tensor, TensorFile, names};
use gqn_pictures::{mse, psnr};
use ndarray::{Axis, Dimension};
use serde::Serialize;
use thiserror::Error;

use crate::engine::{Engine, EngineError};

/// Largest allowed difference of a value in \[0, 1\] from the sample's. Single precision summed in another order
/// differs by about 1e-6 after a dozen recurrent steps; a hundred times that leaves room for other kernels and is
/// still a fortieth of the smallest step of an 8-bit picture.
pub const VERIFY_TOLERANCE: f32 = 1e-4;

/// How far the sample's few pictures may fall behind what was measured on many, in decibels: twice the error.
const SAMPLE_MARGIN: f64 = 6.0;

/// What came of running a package's sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// One entry for every tensor that was compared.
    pub checks: Vec<Check>,
    /// Largest difference allowed, in single precision.
    pub tolerance: f32,
    /// Smallest PSNR allowed, in packages of less than single precision: there single pixels may differ.
    pub smallest_psnr: Option<f64>,
    /// Whether every check is within what is allowed.
    pub passed: bool,
}

impl Report {
    /// Whether that check is within what is allowed.
    pub fn allows(&self, check: &Check) -> bool {
        match self.smallest_psnr {
            Some(smallest) => check.psnr >= smallest,
            None => check.difference <= self.tolerance,
        }
    }
}

/// The largest difference of one tensor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// The sample's tensor.
    pub name: &'static str,
    /// Largest absolute difference; infinite (in JSON: null) if a value is not finite.
    pub difference: f32,
    /// Where it is.
    pub index: Vec<usize>,
    /// Peak signal-to-noise ratio of all values in decibels; infinite (in JSON: null) for equal ones.
    pub psnr: f64,
    /// The engine's value there.
    pub found: f32,
    /// The sample's value there.
    pub expected: f32,
}

/// Why a sample could not be run.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The sample is damaged or does not fit the manifest.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// The engine did not run it.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// The check of the drawing graph: its last picture is the generator's.
const DRAWING: &str = "drawing";

/// Runs the package's sample through the engine and compares the pictures, those with noise and the mean pictures, and that
/// of the last DRAW step, where the package has a drawing graph and the engine has it loaded.
///
/// # Errors
/// [`VerifyError`] if the sample is damaged or the engine fails; pictures that differ are no error but in the report.
pub fn verify<E: Engine>(engine: &mut E, package: &Package) -> Result<Report, VerifyError> {
    let what = names::SAMPLE_FILE;
    let sample = TensorFile::from_bytes(what, package.file(what)?)?;
    let config = &package.manifest.config;
    let (side, size, pose) = (config.image_size, config.hidden_size(), config.pose_channels());
    let count =
        |name: &str| sample.tensors.get(name).and_then(|tensor| tensor.shape().first().copied());
    let views = count(names::SAMPLE_CONTEXT_FRAMES).unwrap_or(1).max(1);
    let queries = count(names::SAMPLE_QUERY_POSES).unwrap_or(1).max(1);
    let noise_shape = [queries, config.steps, config.latent_channels, size, size];

    let context = sample.get(what, names::SAMPLE_CONTEXT_FRAMES, &[views, 3, side, side])?;
    let context_poses = sample.get(what, names::SAMPLE_CONTEXT_POSES, &[views, pose])?;
    let poses = sample.get(what, names::SAMPLE_QUERY_POSES, &[queries, pose])?;
    let noise = sample.get(what, names::SAMPLE_NOISE, &noise_shape)?;
    let no_noise = Tensor::zeros(&noise_shape[..]).slice_axis(Axis(0), (0..1).into()).to_owned();
    let scene = engine.represent(context, context_poses)?;
    let scene = EngineError::check_shape(
        "representation.onnx",
        names::SCENE,
        scene,
        &package.manifest.scene_shape(),
    )?;
    // The way that the pictures of sessions and servers take.
    let scene = Arc::new(scene);

    let mut checks = Vec::new();
    for (name, noise) in [(names::SAMPLE_FRAMES, noise), (names::SAMPLE_MEAN_FRAMES, &no_noise)] {
        let expected = sample.get(what, name, &[queries, 3, side, side])?;
        let found = engine.generate_resident(&scene, poses, noise)?;
        let found =
            EngineError::check_shape("generator.onnx", names::FRAMES, found, expected.shape())?;
        checks.push(compare(name, &found, expected));
    }
    if package.manifest.drawing.is_some() {
        let first = |tensor: &Tensor| tensor.slice_axis(Axis(0), (0..1).into()).to_owned();
        if let Some(drawn) = engine.draw(&scene, &first(poses), &first(noise))? {
            let shape = [config.steps, 3, side, side];
            let drawn = EngineError::check_shape("drawing.onnx", names::FRAMES, drawn, &shape)?;
            let last = drawn.slice_axis(Axis(0), (config.steps as isize - 1..).into()).to_owned();
            let frames = sample.get(what, names::SAMPLE_FRAMES, &[queries, 3, side, side])?;
            checks.push(compare(DRAWING, &last, &first(frames)));
        }
    }
    let smallest_psnr = smallest_psnr(&package.manifest);
    let mut report = Report { checks, tolerance: VERIFY_TOLERANCE, smallest_psnr, passed: false };
    report.passed = report.checks.iter().all(|check| report.allows(check));
    Ok(report)
}

/// What a precision has to reach on the sample: its goal, or a little less than what was measured where it was made.
fn smallest_psnr(manifest: &Manifest) -> Option<f64> {
    let goal = manifest.precision.goal()?;
    Some(manifest.precision_error.map_or(goal, |error| goal.min(error.psnr - SAMPLE_MARGIN)))
}

/// The largest difference of two tensors of one shape; a value that is not finite is infinitely far away.
fn compare(name: &'static str, found: &Tensor, expected: &Tensor) -> Check {
    let psnr = psnr_of(found, expected);
    let mut check =
        Check { name, difference: -1.0, index: Vec::new(), psnr, found: 0.0, expected: 0.0 };
    for ((index, &found), &expected) in found.indexed_iter().zip(expected) {
        let difference = (found - expected).abs();
        let difference = if difference.is_finite() { difference } else { f32::INFINITY };
        if difference > check.difference {
            let index = index.as_array_view().to_vec();
            check = Check { name, difference, index, psnr, found, expected };
        }
    }
    check
}

/// That of two tensors of one shape; a value that is not finite leaves nothing of the signal.
fn psnr_of(found: &Tensor, expected: &Tensor) -> f64 {
    let values = |tensor: &Tensor| tensor.iter().copied().collect::<Vec<f32>>();
    let error = mse(&values(found), &values(expected));
    if error.is_finite() { psnr(error) } else { f64::NEG_INFINITY }
}
