//! Training: the step, the loop over steps, the optimiser, the exponential moving average, what watches over a run. Only what
//! changes weights enters, and what plans it; terminals, files and evaluations are other folders'.

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
