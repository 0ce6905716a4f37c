//! A run's folder, its events and how they are shown: logs, checkpoints, terminal, `TensorBoard`, charts. Nothing here
//! computes a gradient.
//!
//! | file | holds |
//! |---|---|
//! | `folder.rs` | the files of a run |
//! | `state.rs` | the training state as a file |
//! | `golden.rs` | the sample that lets any runtime verify a package |
//! | `event.rs` | what the training loop says |
//! | `progress.rs` | events on a terminal |
//! | `tensorboard/` | events as files of `TensorBoard` |
//! | `curves/` | charts of runs |

pub mod curves;
pub mod event;
pub mod folder;
pub mod golden;
pub mod progress;
pub mod state;
pub mod tensorboard;
