use std::path::PathBuf;

use gqn_formats::FormatError;
use thiserror::Error;

/// Why something was not exported or inspected.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ExportError {
    #[error(transparent)]
    Format(#[from] FormatError),
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
    #[error("{} is no package, so --force does not replace it\nhint: name another folder, or remove this one yourself", path.display())]
    NotReplaced { path: PathBuf },
    #[error("{} holds {name}, which is no part of the package, so --force does not replace the folder\nhint: move that file, or name another folder", path.display())]
    ForeignFile { path: PathBuf, name: String },
    #[error("{} is a graph without its package, expected a package, a run folder or a checkpoint\nhint: graphs are inspected by their manifest, which stands beside them in a package", path.display())]
    LooseGraph { path: PathBuf },
}
