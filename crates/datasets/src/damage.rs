//! What can be wrong with a record.

use gqn_pictures::PictureError;
use prost::DecodeError;
use thiserror::Error;

/// Why a record, or a stretch of a shard, is of no use.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum Damage {
    #[error(
        "bytes {from} to {to} belong to no record: the length before them is damaged, or the file was cut short"
    )]
    Gap { from: u64, to: u64 },
    #[error("no record begins here: the length's checksum differs")]
    NoRecord,
    #[error("the record was cut short: found {found} bytes, expected {expected}")]
    CutShort { found: u64, expected: u64 },
    #[error("the data has checksum {found:08x}, expected {expected:08x}")]
    Checksum { found: u32, expected: u32 },
    #[error("the data is no tf.train.Example")]
    Message { source: DecodeError },
    #[error("the example has no {what} named `{name}`")]
    Feature { name: &'static str, what: &'static str },
    #[error("found {frames} frames and {cameras} camera values, expected 5 values a frame")]
    Counts { frames: usize, cameras: usize },
    #[error("found {found} views, expected {expected}")]
    Views { found: usize, expected: usize },
    #[error("camera {view} is out of range, or not finite")]
    Camera { view: usize },
    #[error("frame {view} cannot be decoded")]
    Jpeg { view: usize, source: PictureError },
    #[error("frame {view} is {width}x{height} pixels, expected a square of at most {most}")]
    Size { view: usize, width: usize, height: usize, most: usize },
}

impl Damage {
    /// What is wrong and why, in one line.
    pub(crate) fn reason(&self) -> String {
        match std::error::Error::source(self) {
            Some(source) => format!("{self}: {source}"),
            None => self.to_string(),
        }
    }
}
