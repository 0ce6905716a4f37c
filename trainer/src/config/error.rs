use std::path::PathBuf;

use gqn_datasets::DataError;
use gqn_formats::FormatError;
use thiserror::Error;

/// Why a configuration was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ConfigError {
    #[error("could not read {}\nhint: is the path right?", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is not valid TOML\nhint: a run's own config.toml shows the form", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error(
        "the configuration does not fit\nhint: trainer/src/config.rs lists the keys; a run's config.toml shows all of them"
    )]
    Fields { source: Box<toml::de::Error> },
    #[error("{name} is {found}, expected {expected}")]
    Range { name: &'static str, found: String, expected: &'static str },
    #[error(transparent)]
    Model(#[from] FormatError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{} is none to train on: it has no folder `{missing}`\nhint: name the folder that holds `train` and `test`", path.display())]
    Split { path: PathBuf, missing: &'static str },
}
