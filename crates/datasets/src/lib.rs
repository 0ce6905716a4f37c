//! Scenes as data: rendered on all cores, kept in memory, written as pictures or as `DeepMind`'s record files, and
//! read from these.
//!
//! It decides neither what a scene looks like (that is `gqn-scenes`) nor what is learned from it.
//!
//! | file | holds |
//! |---|---|
//! | `scene_set.rs` | [`SceneSet`]: many scenes' pictures and cameras in memory |
//! | `contact_sheet.rs` | [`contact_sheet`]: scenes by rows, views by columns, in one picture |
//! | `data_set.rs` | [`DataSet`]: a folder of shards, read at random |
//! | `catalog.rs` | [`KnownSet`]: `DeepMind`'s seven data sets |
//! | `shard_name.rs` | [`ShardName`]: `007-of-900.tfrecord` |
//! | `scene_record.rs` | [`SceneRecord`]: compressed frames and cameras of a scene |
//! | `tfrecord/` | the record files themselves, and the message in them |
//! | `index.rs` | where the records of a folder are |
//! | `picture.rs` | [`Decoder`]: JPEG files to pixels of one size |
//! | `shuffle.rs` | [`Shuffle`]: orders that follow from a seed |
//! | `prefetch.rs` | [`Prefetch`]: work that is done before it is asked for |
//! | `shard_writer.rs` | [`write_shards`], [`RenderPlan`]: scenes to shards |
//! | `suggest.rs` | [`suggest()`]: the geometry of a voxel model, from a set's cameras |
//! | `inspect.rs` | [`inspect()`], [`verify`]: what a set holds, and whether all of it is sound |
//! | `hdf5.rs`, `no_hdf5.rs` | [`Hdf5Set`], [`write_hdf5`]: the files of the gqn-dataset-renderer (feature `hdf5`; the second file refuses them without it) |
//! | `viewpoint.rs` | viewpoints as the files of other tools have them |
//! | `torch_set/` | [`TorchSet`]: the files of `PyTorch` ports |
//! | `listing.rs` | which files of a folder are a data set's |
//! | `damage.rs`, `error.rs` | [`Damage`], [`DataError`]: what can be wrong |
//! | `bin/gqn-data` | the command line |
//!
//! Scenes are rendered on all cores, or read from files, into the same set:
//!
//! ```
//! use gqn_datasets::SceneSet;
//! use gqn_scenes::{Split, World};
//!
//! let set = SceneSet::render(World::ShepardMetzler5, Split::Test, 1, 0..2, 16, |_| {});
//! assert_eq!((set.len(), set.side()), (2, 16));
//! assert_eq!(set.frame(0, 0).len(), 16 * 16 * 3);
//! ```

mod catalog;
mod contact_sheet;
mod damage;
mod data_set;
mod error;
#[cfg(feature = "hdf5")]
mod hdf5;
mod index;
mod inspect;
mod listing;
#[cfg(not(feature = "hdf5"))]
mod no_hdf5;
mod picture;
mod prefetch;
mod scene_record;
mod scene_set;
mod shard_name;
mod shard_writer;
mod shuffle;
mod suggest;
mod tfrecord;
mod torch_set;
mod viewpoint;

pub use gqn_pictures::{
    Limits, PictureError, Resize, Rgb8, UnknownResize, decode_picture, decode_rgb8,
};

pub use catalog::KnownSet;
pub use contact_sheet::{GAP, Sheet, contact_sheet, data_sheet};
pub use damage::Damage;
pub use data_set::{DataSet, Place, folder_of_split};
pub use error::DataError;
#[cfg(feature = "hdf5")]
pub use hdf5::{Hdf5Set, write_hdf5};
pub use inspect::{CameraRange, Inventory, SuggestedVoxel, Verdict, inspect, verify};
#[cfg(not(feature = "hdf5"))]
pub use no_hdf5::{Hdf5Set, write_hdf5};
pub use picture::{Decoder, encode_jpeg};
pub use prefetch::Prefetch;
pub use scene_record::SceneRecord;
pub use scene_set::{FrameMean, SceneSet};
pub use shard_name::{NoShardName, ShardName};
pub use shard_writer::{Layout, RenderPlan, write_shards};
pub use shuffle::Shuffle;
pub use suggest::{CameraPattern, SUGGESTING_SCENES, SuggestedExtent, suggest};
pub use tfrecord::append as append_record;
pub use torch_set::TorchSet;
