//! Training: the step, the loop over steps, the optimiser, the exponential moving average, what watches over a run. Only what
//! changes weights enters, and what plans it; terminals, files and evaluations are other folders'.
//!
//! | file | holds |
//! |---|---|
//! | `training_loop.rs` | the loop over training steps |
//! | `step.rs` | one training step: forward and backward pass in parts, clipping, the optimiser, the average |
//! | `objective.rs` | what a step maximises, and what is reported of it |
//! | `activation_checkpointing.rs` | the gradients of a step in little memory |
//! | `optimiser.rs` | Adam, with moments that can be saved |
//! | `ema.rs` | the exponential moving average of the weights |
//! | `init.rs` | a run that begins with the weights of another one |
//! | `state.rs` | between a training in memory and its files |
//! | `monitor.rs` | validates at intervals, keeps the best weights, warns |
//! | `time_budget.rs` | how many steps fit into a time |
//! | `memory.rs` | what a run needs of memory |
//! | `error.rs` | why training stopped early |
//! | `agreement.rs` | tests: every variant computes the same numbers and gradients |

pub mod activation_checkpointing;
#[cfg(test)]
mod agreement;
pub mod ema;
mod error;
pub(crate) mod init;
pub mod memory;
pub mod monitor;
mod objective;
pub mod optimiser;
mod state;
pub mod step;
pub(crate) mod time_budget;
pub mod training_loop;
