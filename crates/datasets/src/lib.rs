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
//! | `picture.rs`, `resize.rs` | [`Decoder`], [`Resize`]: JPEG files to pixels of one size |
//! | `shuffle.rs` | [`Shuffle`]: orders that follow from a seed |
//! | `prefetch.rs` | [`Prefetch`]: work that is done before it is asked for |
//! | `damage.rs`, `error.rs` | [`Damage`], [`DataError`]: what can be wrong |
//! | `bin/gqn-data` | the command line |

mod catalog;
mod contact_sheet;
mod damage;
mod data_set;
mod error;
mod index;
mod picture;
mod prefetch;
mod resize;
mod scene_record;
mod scene_set;
mod shard_name;
mod shuffle;
mod tfrecord;

pub use catalog::KnownSet;
pub use contact_sheet::{GAP, Sheet, contact_sheet};
pub use damage::Damage;
pub use data_set::{DataSet, Place};
pub use error::DataError;
pub use picture::{Decoder, encode_jpeg};
pub use prefetch::Prefetch;
pub use resize::{Resize, UnknownResize};
pub use scene_record::SceneRecord;
pub use scene_set::SceneSet;
pub use shard_name::{NoShardName, ShardName};
pub use shuffle::Shuffle;
