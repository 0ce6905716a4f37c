//! Why a configuration is refused.

use std::path::PathBuf;

use gqn_datasets::DataError;
use gqn_formats::FormatError;
use gqn_system::SystemError;
use thiserror::Error;

/// Why a configuration was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ConfigError {
    #[error("{} is no text: expected UTF-8, or UTF-16 with a byte order mark", path.display())]
    NoText { path: PathBuf },
    #[error("{} is not valid TOML\nhint: a run's own config.toml shows the form", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error(
        "the configuration does not fit\nhint: docs/training.md lists the keys; a run's config.toml shows all of them"
    )]
    Fields { source: Box<toml::de::Error> },
    #[error(
        "{} is not the whole configuration of a run\n\
         hint: it was emptied, cut short or edited; restore it, or begin another run", path.display()
    )]
    NotWhole { path: PathBuf, source: Box<toml::de::Error> },
    #[error(
        "{} is not the whole configuration of a run: its voxel model has no table `model.voxel`\n\
         hint: it was cut short or edited; restore it, or begin another run", path.display()
    )]
    NoGeometry { path: PathBuf },
    #[error(
        "`{old}` and `{new}` are both there, expected one: `{old}` is the earlier name of `{new}`"
    )]
    Renamed { old: &'static str, new: &'static str },
    #[error("{name} is {found}, expected {expected}")]
    Range { name: &'static str, found: String, expected: &'static str },
    #[error(transparent)]
    Model(#[from] FormatError),
    #[error(transparent)]
    System(#[from] SystemError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(
        "{} is none to train on: it has no folder `{missing}`\nhint: name the folder that holds `train` and `test` with --data",
        path.display()
    )]
    Split { path: PathBuf, missing: &'static str },
    #[error(
        "the test scenes of {} have {found} views, expected more than the {context} of the largest context\n\
         hint: {}", path.display(), fewer_views(*found)
    )]
    TestViews { path: PathBuf, found: usize, context: usize },
    #[error(
        "the scenes of {} have {found} views, those that the run began with had {expected}\n\
         hint: these are other data; name the folder that its data has moved to", path.display()
    )]
    OtherData { path: PathBuf, found: usize, expected: usize },
    #[error("the run renders its scenes, so that no --data can have moved\nhint: leave out --data")]
    NoData,
    #[error("{} is no UTF-8, which a configuration needs\nhint: rename the folder, or make a link to it with another name", path.display())]
    Path { path: PathBuf },
}

fn fewer_views(found: usize) -> String {
    match found {
        0 | 1 => "a scene needs two views or more: one to show, one to paint".to_owned(),
        _ => format!("--max-context {} or less (of `eval`: --context)", found - 1),
    }
}
