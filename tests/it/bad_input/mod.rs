//! What the programs say of input that does not fit: one line, a hint, exit code 1 (failure) or 2 (usage), no panic.
//!
//! | file | holds |
//! |---|---|
//! | `package.rs` | packages, checkpoints and pictures that are missing, damaged or of another kind |
//! | `places.rs` | results that would replace what is read or what a run wrote, or that cannot be written |
//! | `training.rs` | command lines and configurations of the trainer; files that are in the way |
//! | `runs.rs` | runs that meet one another, that were stopped at the wrong moment, or that fit into no machine |
//! | `libraries.rs` | shared libraries that are cut short or are other ones |
//! | `machine.rs` | no ONNX Runtime, no libtorch, no CUDA, a full disk, a reader that went away |

mod libraries;
mod machine;
mod package;
mod places;
mod runs;
mod training;
