//! Why a data set was refused.

use std::path::PathBuf;

use gqn_formats::FormatError;
use gqn_pictures::EncodeError;
use gqn_system::{SystemError, read_hint};
use thiserror::Error;

use crate::damage::Damage;

/// Why a data set could not be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum DataError {
    #[error("could not read {}{}", path.display(), read_hint(source))]
    Read { path: PathBuf, source: std::io::Error },
    #[error(
        "{} holds no shards named `I-of-N.tfrecord`\n\
         hint: name the folder of the shards, or the one above its `train` and `test`", path.display()
    )]
    NoShards { path: PathBuf },
    #[error("{}: shards of different sets lie together, `{first}` and `{second}`\nhint: move one set elsewhere", path.display())]
    Mixed { path: PathBuf, first: String, second: String },
    #[error("{} is compressed, expected plain records\nhint: `gzip -d` it", path.display())]
    Compressed { path: PathBuf },
    #[error("{} holds no sound record\nhint: `gqn-data verify` lists what is wrong; get the files again", path.display())]
    Empty { path: PathBuf },
    #[error(
        "{} holds no sound record, and the first, in {} at byte {offset}, is damaged\n\
         hint: these files were changed, cut short, or are no data set; get them again", path.display(), shard.display()
    )]
    NoneSound { path: PathBuf, shard: PathBuf, offset: u64, source: Damage },
    #[error(
        "{}, record {record} at byte {offset}\nhint: `gqn-data verify` lists all damage; `--skip-damaged` leaves it out", path.display()
    )]
    Damaged { path: PathBuf, record: usize, offset: u64, source: Damage },
    #[error(
        "{}: bytes {from} to {to} belong to no record\n\
         hint: a length in the file is damaged, or it was cut short; `--skip-damaged` leaves them out", path.display()
    )]
    Gap { path: PathBuf, from: u64, to: u64 },
    #[error("{} is no HDF5 file with `images` and `viewpoints`: {reason}", path.display())]
    Hdf5 { path: PathBuf, reason: String },
    #[error(
        "{} is an HDF5 file, and this program is built without them\nhint: build it with `cargo build --release -p gqn-datasets --features hdf5`", path.display()
    )]
    NoHdf5 { path: PathBuf },
    #[error("{} is no file of torch.save with scenes: {reason}", path.display())]
    Torch { path: PathBuf, reason: String },
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    System(#[from] SystemError),
}
