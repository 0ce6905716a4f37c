//! A comparison of all quantities with an oracle file.

use std::path::Path;

use gqn_formats::{
    Checkpoint, FormatError, ModelConfig, Preset, Provenance, RepresentationKind, TensorFile,
    UpsampleR,
};
use gqn_system::{SystemError, read_regular};
use tch::{Device, Kind};
use thiserror::Error;

use super::{mapping, quantities};
use crate::convert::to_array;
use crate::model::{Compute, ComputeType, Gqn};

/// Largest absolute error of a tensor, relative to its largest number where that is above one: f32 sums of thousands
/// of products in another order differ by some 1e-6.
const TENSOR_TOLERANCE: f64 = 1e-4;
/// Largest relative error of a bound or likelihood, which are sums over a whole picture.
const BOUND_TOLERANCE: f64 = 1e-5;
/// Largest relative error of a gradient's norm.
const GRADIENT_TOLERANCE: f64 = 1e-3;
/// Norms below this count as zero.
const ZERO_NORM: f64 = 1e-12;

/// The same of bf16 and TF32, which have 8 and 10 bits of mantissa: roundings of 4e-3, less what averages out.
const SHORT_TENSOR_TOLERANCE: f64 = 3e-2;
const SHORT_BOUND_TOLERANCE: f64 = 2e-3;
const SHORT_GRADIENT_TOLERANCE: f64 = 0.1;

const GRADIENT: &str = "grad_norm/";

/// What errors may be.
#[derive(Debug, Clone, Copy)]
struct Tolerances {
    tensor: f64,
    bound: f64,
    gradient: f64,
}

/// How one quantity compares.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The oracle's name of it.
    pub name: String,
    /// Largest error; absolute for tensors, relative for bounds and gradient norms.
    pub error: f64,
    /// What it may be.
    pub tolerance: f64,
    /// Index, found and expected value where the error is largest.
    pub worst: (usize, f64, f64),
}

/// How an oracle file compares.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OracleReport {
    /// One line a quantity.
    pub lines: Vec<Line>,
    /// Entries of the file that this program does not know.
    pub unknown: Vec<String>,
}

/// Why an oracle file could not be used.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum OracleError {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error("metadata `{key}` is {found}, expected {expected}")]
    Metadata { key: &'static str, found: String, expected: &'static str },
    #[error("the weights are of the model {found}, the oracle is of {expected}")]
    OtherModel { found: String, expected: String },
    #[error("the file names no quantity to check")]
    Empty,
}

impl Tolerances {
    fn of(precision: ComputeType) -> Self {
        match precision {
            ComputeType::Fp32 => Self {
                tensor: TENSOR_TOLERANCE,
                bound: BOUND_TOLERANCE,
                gradient: GRADIENT_TOLERANCE,
            },
            ComputeType::Tf32 | ComputeType::Bf16 => Self {
                tensor: SHORT_TENSOR_TOLERANCE,
                bound: SHORT_BOUND_TOLERANCE,
                gradient: SHORT_GRADIENT_TOLERANCE,
            },
        }
    }
}

impl Line {
    /// Whether the error is within the tolerance.
    pub fn passed(&self) -> bool {
        // A comparison with NaN is false, so an error that is no number fails.
        self.error <= self.tolerance
    }
}

impl OracleReport {
    /// Whether every entry of the file is known and passed.
    pub fn passed(&self) -> bool {
        self.unknown.is_empty() && self.lines.iter().all(Line::passed)
    }
}

/// Rebuilds the oracle's weights and inputs from the formula, runs the model in that way and compares.
///
/// # Errors
/// [`OracleError`]: the file is missing, damaged, or its metadata do not describe a model.
pub fn check_oracle(path: &Path, compute: Compute) -> Result<OracleReport, OracleError> {
    check_weights(path, None, compute, Device::Cpu)
}

/// As [`check_oracle`], with the weights of a checkpoint in place of the formula's, on a device.
///
/// # Errors
/// Also those of [`Checkpoint::load`], and [`OracleError::OtherModel`] if it is of another model than the oracle's.
pub fn check_weights(
    path: &Path,
    weights: Option<&Path>,
    compute: Compute,
    device: Device,
) -> Result<OracleReport, OracleError> {
    let bytes = read_regular(path, u64::MAX)?;
    let file = TensorFile::from_bytes(&path.display().to_string(), &bytes)?;
    let config = config(&file)?;
    config.validate()?;
    let [batch, context] = [count(&file, "batch")?, count(&file, "context")?];
    let checkpoint = if let Some(path) = weights {
        Checkpoint::load(path)?
    } else {
        let checkpoint = Checkpoint {
            tensors: mapping::weights(&config),
            step: 0,
            provenance: Provenance::default(),
            config: config.clone(),
        };
        let bytes = checkpoint.into_tensor_file().to_bytes("oracle weights")?;
        Checkpoint::from_bytes("oracle weights", &bytes)?
    };
    if checkpoint.config != config {
        let text = |config| serde_json::to_string(config).unwrap_or_default();
        let (found, expected) = (text(&checkpoint.config), text(&config));
        return Err(OracleError::OtherModel { found, expected });
    }
    let model = Gqn::from_checkpoint(&checkpoint, device);
    let found = quantities::quantities(&model, batch, context, compute);

    let tolerances = Tolerances::of(compute.precision);
    let mut report = OracleReport { lines: Vec::new(), unknown: Vec::new() };
    for (name, expected) in &file.tensors {
        let line = match name.strip_prefix(GRADIENT) {
            Some(parameter) => gradient(&model, parameter).map(|norms| {
                let expected = f64::from(expected.iter().copied().next().unwrap_or(f32::NAN));
                let [(error, norm), other] = norms.map(|norm| (norm_error(norm, expected), norm));
                let (error, norm) = if other.0 < error { other } else { (error, norm) };
                (error, tolerances.gradient, (0, norm, expected))
            }),
            None => {
                found.get(name).map(|tensor| compare(name, &to_array(tensor), expected, tolerances))
            }
        };
        match line {
            Some((error, tolerance, worst)) => {
                report.lines.push(Line { name: name.clone(), error, tolerance, worst });
            }
            None => report.unknown.push(name.clone()),
        }
    }
    if report.lines.is_empty() { Err(OracleError::Empty) } else { Ok(report) }
}

fn compare(
    name: &str,
    found: &gqn_formats::Tensor,
    expected: &gqn_formats::Tensor,
    tolerances: Tolerances,
) -> (f64, f64, (usize, f64, f64)) {
    let is_bound = name.starts_with("elbo") || name.starts_with("log_likelihood");
    if found.shape() != expected.shape() {
        return (f64::NAN, tolerances.tensor, (0, found.len() as f64, expected.len() as f64));
    }
    let scale = expected.iter().fold(1.0_f64, |scale, value| scale.max(f64::from(value.abs())));
    let mut worst = (0.0, (0, 0.0, 0.0));
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let (found, expected) = (f64::from(*found), f64::from(*expected));
        let error =
            if is_bound { relative(found, expected) } else { (found - expected).abs() / scale };
        if error >= worst.0 || error.is_nan() {
            worst = (error, (index, found, expected));
            if error.is_nan() {
                break;
            }
        }
    }
    (worst.0, if is_bound { tolerances.bound } else { tolerances.tensor }, worst.1)
}

fn relative(found: f64, expected: f64) -> f64 {
    (found - expected).abs() / expected.abs().max(f64::MIN_POSITIVE)
}

fn norm_error(found: f64, expected: f64) -> f64 {
    if found.max(expected.abs()) < ZERO_NORM { 0.0 } else { relative(found, expected) }
}

/// Norm of the gradient of what the reference calls `name`, summed in 32 bits as the reference does and in 64: over the
/// 16 million numbers of an up-sampler the short sum loses up to 1.4e-3, how much depends on the machine, and that is no
/// error of either side. A representation that has the cores' size passes by the up-sampler that the reference owns all
/// the same, and the first of several inference cores sees no canvas: these gradients are zero.
fn gradient(model: &Gqn, name: &str) -> Option<[f64; 2]> {
    let Some((parameter, rows)) = mapping::locate(model.config(), name) else {
        let unused = name.ends_with(".upsample_r.weight") && !model.config().learns_upsample_r();
        return unused.then_some([0.0; 2]);
    };
    let gradient = model.parameters()[&parameter.name].grad();
    if !gradient.defined() {
        return Some([0.0; 2]);
    }
    let part = gradient.narrow(0, rows.start as i64, rows.len() as i64).contiguous();
    Some([Kind::Float, Kind::Double].map(|kind| part.to_kind(kind).norm().double_value(&[])))
}

/// Of the paper's networks a file names what differs from the preset, of a voxel model all.
fn config(file: &TensorFile) -> Result<ModelConfig, OracleError> {
    let representation = representation(file)?;
    if representation == RepresentationKind::Voxel {
        const EXPECTED: &str = "the sizes of a model as JSON";
        let found = text(file, "model", EXPECTED)?;
        return serde_json::from_str(found).map_err(|error| OracleError::Metadata {
            key: "model",
            found: format!("{found} ({error})"),
            expected: EXPECTED,
        });
    }
    Ok(ModelConfig {
        representation,
        steps: count(file, "steps")?,
        shared_core: flag(file, "shared_core")?,
        upsample_r: UpsampleR::Learned,
        ..Preset::Paper.config()
    })
}

fn text<'a>(
    file: &'a TensorFile,
    key: &'static str,
    expected: &'static str,
) -> Result<&'a str, OracleError> {
    let missing = || OracleError::Metadata { key, found: "missing".to_owned(), expected };
    file.metadata.get(key).map(String::as_str).ok_or_else(missing)
}

fn count(file: &TensorFile, key: &'static str) -> Result<usize, OracleError> {
    const EXPECTED: &str = "a number from 1 to 1000";
    let found = text(file, key, EXPECTED)?;
    let number = found.parse().ok().filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| OracleError::Metadata { key, found: found.to_owned(), expected: EXPECTED })
}

fn flag(file: &TensorFile, key: &'static str) -> Result<bool, OracleError> {
    const EXPECTED: &str = "true or false";
    let found = text(file, key, EXPECTED)?.to_lowercase();
    found.parse().map_err(|_| OracleError::Metadata { key, found, expected: EXPECTED })
}

fn representation(file: &TensorFile) -> Result<RepresentationKind, OracleError> {
    const EXPECTED: &str = "pyramid, tower, pool or voxel";
    match text(file, "representation", EXPECTED)?.to_lowercase().as_str() {
        "pyramid" => Ok(RepresentationKind::Pyramid),
        "tower" => Ok(RepresentationKind::Tower),
        "pool" => Ok(RepresentationKind::Pool),
        "voxel" => Ok(RepresentationKind::Voxel),
        found => Err(OracleError::Metadata {
            key: "representation",
            found: found.to_owned(),
            expected: EXPECTED,
        }),
    }
}
