//! Event files as `TensorBoard` reads them: records of `tensorflow.Event` messages, framed as data sets are.
//!
//! | file | holds |
//! |---|---|
//! | `message.rs` | the messages |
//! | `event_file.rs` | [`EventFile`]: a file that grows by one record a step |
//! | `board.rs` | [`Board`]: a listener that draws the training loop's events |

mod board;
mod event_file;
mod message;

pub use board::{BOARD_FOLDER, Board};
pub use event_file::{EventFile, is_event_file};
pub use message::Value;
