//! Weights of the `PyTorch` reference (the public torch-gqn), as `torch.save` wrote them, as a checkpoint.
//!
//! | file | holds |
//! |---|---|
//! | `state_dict.rs` | the tensors of a model's state, by their names |
//! | `sizes.rs` | the model's sizes, read from the tensors |

mod sizes;
mod state_dict;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gqn_formats::{Checkpoint, FormatError, Provenance, RepresentationKind};
use gqn_scenes::PoseEncoding;
use gqn_system::SystemError;
use thiserror::Error;

use crate::oracle::mapping;
use state_dict::unreadable;

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

/// The usual remedy, unless the reason holds the right one.
fn write_hint(reason: &str) -> &'static str {
    let is_known = reason.contains("\nhint:");
    if is_known { "" } else { "\nhint: write it with `torch.save(model.state_dict(), FILE)`" }
}

/// Why a file was not imported.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ImportError {
    #[error(
        "{} is no file of torch.save: {reason}{}", path.display(), write_hint(reason)
    )]
    NotTorch { path: PathBuf, reason: String },
    #[error(
        "{} cannot be imported: {reason}\nhint: copy it again, or write it anew with `torch.save(model.state_dict(), FILE)`",
        path.display()
    )]
    Unreadable { path: PathBuf, reason: String },
    #[error(
        "{} holds a whole pickled model ({class}), expected its state dict\nhint: where that class can be imported, \
         `torch.save(torch.load(FILE, weights_only=False).state_dict(), NEW)` writes it; call that on the model itself if FILE \
         holds a dictionary around it", path.display()
    )]
    WholeModel { path: PathBuf, class: String },
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
    #[error(transparent)]
    System(#[from] SystemError),
}

fn shape_text(shape: &[usize]) -> String {
    if shape.is_empty() { String::new() } else { format!(", expected shape {shape:?}") }
}

/// Reads the weights in a file.
///
/// # Errors
/// [`ImportError`] names the first thing that does not fit.
pub fn import(path: &Path, options: &ImportOptions) -> Result<Imported, ImportError> {
    let mut file = state_dict::open(path)?;
    let names = state_dict::tensors(path, &file)?;
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
        file.tensor(tensor).map_err(|reason| unreadable(path, &format!("`{name}`: {reason}")))
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
