//! Training by several processes, each with a part of every batch.
//!
//! N processes of batch B each compute what one process of batch N·B computes: every random draw of a step is that of
//! the whole batch, a process takes its rows of it, and the gradients are averaged before anything else looks at
//! them. `mpirun` starts the processes and ends them all when one dies. Process 0 alone reads and writes the run's
//! folder, evaluates and talks.
//!
//! Needs the feature `mpi`. Without it [`Processes`] is one process, and a program that finds itself started as one of
//! several says so instead of training the same thing N times over.
//!
//! | file | holds |
//! |---|---|
//! | `processes.rs` | [`Processes`]: what the training loop asks |
//! | `buckets.rs` | gradients packed for the way |
//! | `world.rs` | MPI: gradients on the CPU, and whatever else the processes agree on |
//! | `no_world.rs` | in its place without the feature |
//! | `nccl.rs` | gradients on CUDA devices |
//! | `alone.rs` | NCCL with one process: a check that needs no MPI |

mod alone;
pub mod buckets;
#[cfg(unix)]
mod nccl;
#[cfg(not(feature = "mpi"))]
#[path = "no_world.rs"]
mod world;
#[cfg(feature = "mpi")]
mod world;

mod processes;

pub use alone::average_alone;
pub use processes::{ParallelError, Processes};
