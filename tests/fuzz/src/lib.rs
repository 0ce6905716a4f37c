//! Every parser of bytes that come from outside, as a target for a fuzzer.
//!
//! A target takes any bytes. It must return: no panic, no abort, at most [`MOST_BYTES`] of memory and ten seconds. It holds no
//! opinion on whether the bytes are refused, but what is read must also be usable.
//!
//! | file | holds |
//! |---|---|
//! | `target.rs` | [`TARGETS`]: their names, what they run, where their seeds lie |
//! | `formats.rs` | manifests, lists of views, tensors, packages, torch's files, settings |
//! | `data.rs` | record files, HDF5 files, files of PyTorch ports, pictures |
//! | `graph.rs` | graphs on the built-in engine |
//! | `mend.rs` | checksums put right, so that mutated bytes come past them |
//! | `scratch.rs` | bytes as a file |
//! | `memory.rs` | [`Bounded`]: an allocator that ends the program at [`MOST_BYTES`] |
//! | `driver.rs` | [`run_targets`]: a process for each target |
//! | `report.rs` | what libFuzzer says of its runs |
//! | `main.rs` | the program that libFuzzer drives (`cargo xtask fuzz`) |
//! | `../corpus` | seeds of each target, and inputs that once were faults |

mod data;
mod driver;
mod formats;
mod graph;
mod memory;
mod mend;
mod report;
mod scratch;
mod target;

pub use driver::{TARGET_VARIABLE, run_targets};
pub use memory::{Bounded, MOST_BYTES};
pub use target::{TARGETS, Target, target};
