//! Why training stopped early.

use std::path::PathBuf;

use gqn_datasets::DataError;
use gqn_formats::FormatError;
use gqn_system::SystemError;
use thiserror::Error;

use crate::distributed::ParallelError;

/// Why training stopped early.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum TrainError {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Parallel(#[from] ParallelError),
    #[error(
        "the loss is not finite at step {step}\n\
         hint: the last saved state is kept; lower learning_rate or raise pixel_std_dev, then train again or --resume"
    )]
    NotFinite { step: u64 },
    #[error("{} holds a run\nhint: go on with --resume, replace it with --force, or name another --out", path.display())]
    Exists { path: PathBuf },
    #[error(
        "the run is at step {step}, past the {steps} steps asked for\nhint: give --steps a larger number"
    )]
    Past { step: u64, steps: u64 },
    #[error(
        "the model of {} is another one than the run's: {key} is {found}, expected {expected}\n\
         hint: the flags or the --config file must say what that model is", path.display()
    )]
    OtherModel { path: PathBuf, key: String, found: String, expected: String },
    #[error("{} holds no run to resume\nhint: leave out --resume to start one", path.display())]
    NoRun { path: PathBuf },
    #[error(
        "the run in {} was stopped before its first state was saved, and it began with other weights, which its \
         configuration does not name\nhint: begin it again as it was begun, with --init and without --resume",
        path.display()
    )]
    BegunWithInit { path: PathBuf },
}
