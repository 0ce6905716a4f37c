//! Weights of the `PyTorch` reference (the public torch-gqn), as `torch.save` wrote them, as a checkpoint.
//!
//! | file | holds |
//! |---|---|
//! | `pickle.rs` | Python's pickles as data; nothing in them is ever run |
//! | `torch_file.rs` | the tensors of a file of `torch.save` |
//! | `sizes.rs` | the model's sizes, read from the tensors |

mod pickle;
mod sizes;
mod torch_file;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gqn_formats::{Checkpoint, FormatError, Provenance, RepresentationKind, Tensor};
use gqn_scenes::PoseEncoding;
use thiserror::Error;

use crate::oracle::mapping;
use torch_file::TorchFile;

/// What the tensors do not tell.
#[derive(Debug, Clone, Copy)]
pub struct ImportOptions {
    /// DRAW steps; needed where one core serves all of them.
    pub steps: Option<usize>,
    /// Tower and pool have the same tensors: which it is. `None`: pool, the reference's default.
    pub representation: Option<RepresentationKind>,
    /// How the model was shown cameras; the reference's way is [`PoseEncoding::CosSin`].
    pub pose_encoding: PoseEncoding,
    /// Training steps taken, for the record.
    pub step: u64,
}

/// Weights, and what was assumed of them.
#[derive(Debug)]
pub struct Imported {
    /// The weights.
    pub checkpoint: Checkpoint,
    /// Tensors of the file that the model does not use.
    pub unused: Vec<String>,
    /// Whether tower and pool were both possible and pool was taken.
    pub assumed_pool: bool,
}

/// Why a file was not imported.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ImportError {
    #[error("could not read {}\nhint: is the path right, and may you read it?", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error(
        "{} is no file of torch.save: {reason}\nhint: the file may be cut short; \
         write it with `torch.save(model.state_dict(), FILE)`", path.display()
    )]
    NotTorch { path: PathBuf, reason: String },
    #[error(
        "{} holds no weights of torch-gqn: no tensor `{missing}`\nhint: found {found}", path.display()
    )]
    OtherModel { path: PathBuf, missing: String, found: String },
    #[error("tensor `{name}` has shape {found:?}, expected {expected}")]
    Shape { name: String, found: Vec<usize>, expected: String },
    #[error("tensor `{name}` is missing{}", shape_text(expected))]
    Missing { name: String, expected: Vec<usize> },
    #[error(
        "unknown tensor `{name}` of shape {shape:?}\nhint: the file is of another model than torch-gqn's"
    )]
    Unknown { name: String, shape: Vec<usize> },
    #[error(
        "one core serves all DRAW steps, so the file does not tell how many there are\nhint: give --layers L (torch-gqn's default is 12)"
    )]
    Steps,
    #[error("the file has cores for {found} DRAW steps, --layers asks for {asked}")]
    OtherSteps { found: usize, asked: usize },
    #[error("the tensors are of a {found} network, --representation asks for another")]
    Representation { found: &'static str },
    #[error(transparent)]
    Format(#[from] FormatError),
}

fn shape_text(shape: &[usize]) -> String {
    if shape.is_empty() { String::new() } else { format!(", expected shape {shape:?}") }
}

/// Reads the weights in a file.
///
/// # Errors
/// [`ImportError`] names the first thing that does not fit.
pub fn import(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let mut file = TorchFile::open(path)?;
    let names = file.state_dict()?;
    let shapes: BTreeMap<&str, &[usize]> =
        names.iter().map(|(name, tensor)| (name.as_str(), tensor.shape.as_slice())).collect();
    let (config, assumed_pool) = sizes::config(&shapes, options)?;
    config.validate()?;
    let mut unused: BTreeMap<&str, &[usize]> = shapes;
    let tensors = mapping::convert(&config, &mut |name, shape, _| {
        let Some(tensor) = names.get(name) else {
            let (name, expected) = (name.to_owned(), shape.to_vec());
            return Err(ImportError::Missing { name, expected });
        };
        if tensor.shape != shape {
            let (found, expected) = (tensor.shape.clone(), format!("{shape:?}"));
            return Err(ImportError::Shape { name: name.to_owned(), found, expected });
        }
        unused.remove(name);
        file.read(tensor)
    })?;
    for (name, shape) in &unused {
        // A representation that has the cores' size passes by the up-sampler that the reference owns all the same.
        if !name.ends_with(".upsample_r.weight") {
            let (name, shape) = ((*name).to_owned(), shape.to_vec());
            return Err(ImportError::Unknown { name, shape });
        }
    }
    let unused = unused.into_keys().map(str::to_owned).collect();
    let checkpoint =
        Checkpoint { config, step: options.step, provenance: Provenance::default(), tensors };
    checkpoint.check(&path.display().to_string())?;
    Ok(Imported { checkpoint, unused, assumed_pool })
}

/// Row-major copy of `shape` numbers with strides, from `offset` on; `None` if they reach beyond the storage.
fn strided(storage: &[f32], offset: usize, shape: &[usize], strides: &[usize]) -> Option<Tensor> {
    let count = shape.iter().try_fold(1_usize, |count, size| count.checked_mul(*size))?;
    if count == 0 {
        return Some(Tensor::zeros(shape));
    }
    let last = shape.iter().zip(strides).try_fold(offset, |last, (size, stride)| {
        last.checked_add((size - 1).checked_mul(*stride)?)
    })?;
    storage.get(last)?;
    let mut data = Vec::with_capacity(count);
    let mut index = vec![0; shape.len()];
    for _ in 0..count {
        let place: usize = index.iter().zip(strides).map(|(at, stride)| at * stride).sum();
        data.push(storage[offset + place]);
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            if index[axis] < shape[axis] {
                break;
            }
            index[axis] = 0;
        }
    }
    Tensor::from_shape_vec(shape, data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strides_are_followed_and_never_left() {
        let storage: Vec<f32> = (0_u8..10).map(f32::from).collect();
        let transposed = strided(&storage, 2, &[2, 3], &[1, 2]).expect("a tensor");
        assert_eq!(transposed.iter().copied().collect::<Vec<_>>(), [2.0, 4.0, 6.0, 3.0, 5.0, 7.0]);
        assert!(strided(&storage, 4, &[2, 3], &[3, 1]).is_some());
        assert!(strided(&storage, 5, &[2, 3], &[3, 1]).is_none(), "the last number is one too far");
        assert!(strided(&storage, 0, &[usize::MAX, 3], &[3, 1]).is_none());
        assert!(strided(&storage, 1, &[2], &[usize::MAX]).is_none());
    }
}
