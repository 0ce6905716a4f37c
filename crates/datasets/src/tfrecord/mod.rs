//! `TensorFlow`'s record files and the messages in them.
//!
//! A file is a sequence of records, each
//!
//! | bytes | what |
//! |---|---|
//! | 8 | length of the data, little-endian |
//! | 4 | masked CRC-32C of these eight bytes |
//! | length | the data: here a `tf.train.Example` |
//! | 4 | masked CRC-32C of the data |
//!
//! | file | holds |
//! |---|---|
//! | `frame.rs` | one record: where it lies, and its bytes |
//! | `scan.rs` | where the records of a file begin |
//! | `example.rs` | `tf.train.Example`: named lists of bytes, floats or integers |
//! | `checksum.rs` | the masked CRC-32C |

mod checksum;
mod example;
mod frame;
mod scan;

pub(crate) use example::Example;
pub use frame::append;
pub(crate) use frame::read;
pub(crate) use scan::scan;
