//! Why an export fails.

use std::path::PathBuf;

use gqn_datasets::DataError;
use gqn_formats::FormatError;
use gqn_runtime::EngineError;
use gqn_runtime_native::OrtError;
use gqn_system::SystemError;
use thiserror::Error;

/// Why something was not exported or inspected.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ExportError {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    OnnxRuntime(#[from] OrtError),
    #[error(
        "no scenes to calibrate and to measure on: the model was trained on `{data}`, which is no world\nhint: name a world, a data set or a folder with a views.json: `--scenes NAME`"
    )]
    NoScenes { data: String },
    #[error("there are no held-out views to measure on")]
    NoViews,
    #[error("{} names {found} views with pictures, expected two or more: one is asked for while the others are shown", path.display())]
    FewViews { path: PathBuf, found: usize },
    #[error("{} is no picture for this model: {reason}", path.display())]
    Picture { path: PathBuf, reason: String },
    #[error(
        "{found} DRAW steps are asked for, expected 1 to {trained}: the model was trained with so many"
    )]
    Steps { found: usize, trained: usize },
    #[error(
        "the reference graph differs from `{name}` of the sample by {difference}, expected {allowed} at most\nhint: make the sample anew with `gqn-train golden CHECKPOINT`"
    )]
    SampleDiffers { name: &'static str, difference: f32, allowed: f32 },
    #[error("there is no {}, expected a run folder or a checkpoint\nhint: make a run with `gqn-train train --out {}`", path.display(), path.display())]
    NoSource { path: PathBuf },
    #[error("{} holds no {file}, expected a run folder or a checkpoint\nhint: make a run with `gqn-train train --out FOLDER`", path.display())]
    NotARun { path: PathBuf, file: &'static str },
    #[error("there is no sample {}, expected the trainer's outputs for this checkpoint\nhint: make it with `gqn-train golden {}`", sample.display(), checkpoint.display())]
    NoSample { sample: PathBuf, checkpoint: PathBuf },
    #[error(
        "the sample names no checkpoint that it was computed from\nhint: make it with `gqn-train golden CHECKPOINT`"
    )]
    SampleOrigin,
    #[error(
        "the sample was computed from a checkpoint of sha256 {found}, expected {expected}\nhint: make it anew with `gqn-train golden CHECKPOINT`"
    )]
    SampleOfAnother { found: String, expected: String },
    #[error(
        "the hidden state is {side}×{side}, expected a multiple of {tile} for Winograd's tiles\nhint: leave out `--winograd`"
    )]
    Tiles { side: usize, tile: usize },
    #[error("{precision} is not written here: {because}\nhint: {hint}")]
    Precision { precision: &'static str, because: &'static str, hint: &'static str },
    #[error(
        "`{name}` holds {found}, beyond half precision's 65504\nhint: export it with `--precision fp32`"
    )]
    HalfRange { name: String, found: f32 },
    #[error("{} is there and no package, so it is not replaced\nhint: name another folder, or remove this one yourself", path.display())]
    NotReplaced { path: PathBuf },
    #[error("{} exists, and a model repository replaces nothing\nhint: name another folder, or remove this one yourself", path.display())]
    Occupied { path: PathBuf },
    #[error("{} holds {name}, which is no part of the package, so --force does not replace the folder\nhint: move that file, or name another folder", path.display())]
    ForeignFile { path: PathBuf, name: String },
    #[error("{} says no {name}: it was not evaluated, so it cannot be compared\nhint: export the folder of a run, which holds its evaluation", path.display())]
    NoFigure { path: PathBuf, name: &'static str },
    #[error("{} has {found} bytes, expected at most {most}\nhint: export with `--precision fp16`, or a smaller model", path.display())]
    TooLarge { path: PathBuf, found: u64, most: u64 },
    #[error(
        "{name} is neither a world nor a folder\nhint: `gqn-data render --help` names the worlds; a folder holds a data set or a views.json"
    )]
    NoSuchScenes { name: String },
    #[error("{} is no chart of a run: it is no SVG\nhint: `gqn-train curves RUN --out training.svg` draws one", path.display())]
    NoChart { path: PathBuf },
    #[error("{graph} cannot be adopted: {reason}")]
    ForeignGraph { graph: &'static str, reason: String },
    #[error("{} is a graph without its package, expected a package, a run folder or a checkpoint\nhint: graphs are inspected by their manifest, which stands beside them in a package", path.display())]
    LooseGraph { path: PathBuf },
}
