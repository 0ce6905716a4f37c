//! Steps a second and memory of every variant of the training step, measured on synthetic data: the numbers do not depend
//! on what the pictures show.
//!
//! | file | holds |
//! |---|---|
//! | `case.rs` | what is measured: a model, a variant, a batch |
//! | `interleaved.rs` | several cases in one process, their steps interleaved |
//! | `probe.rs` | one case in a process of its own, for its memory |
//! | `memory.rs` | what the process or the device holds at most |
//! | `reading.rs` | scenes a second from files |
//! | `work.rs` | multiplications of a step, and how many a second a device is seen to do |
//! | `report.rs` | rows, table and JSON |

mod case;
mod interleaved;
mod memory;
mod probe;
mod reading;
mod report;
mod work;

pub use case::{Case, StepOptions};
pub use interleaved::{Timing, interleaved};
pub use memory::MemoryError;
pub use probe::{BenchError, Probe, probe, probe_in_child};
pub use reading::{Reading, read};
pub use report::{Report, Row};
pub use work::{matmul_flops, multiply_adds};
