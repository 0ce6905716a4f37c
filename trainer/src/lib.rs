//! Trains a Generative Query Network with libtorch. The only crate of the workspace that links libtorch.
//!
//! Not a runtime: what users run is the exporter's package.
//!
//! | file | holds |
//! |---|---|
//! | `model/` | the network, one struct a file, and [`model::Rollout`], the loop over DRAW steps |
//! | `elbo.rs` | the loss |
//! | `schedule.rs` | schedules as pure functions of the step |
//! | `adam.rs` | the optimiser |
//! | `config.rs` | [`config::TrainConfig`]: all that a run's numbers follow from |
//! | `batch.rs` | which scenes, views and noise a step sees |
//! | `feed.rs` | where batches come from: rendered scenes or files |
//! | `rendered.rs` | rendered scenes in memory, replaced by new ones while training |
//! | `train.rs` | the training loop |
//! | `plan.rs` | how many steps fit into a time |
//! | `event.rs` | what the loop says |
//! | `progress.rs` | how a terminal shows it |
//! | `run_folder.rs` | a run's files, saving and resuming |
//! | `evaluate.rs` | how good pictures of held-out scenes are |
//! | `golden.rs` | inputs and expected outputs for other runtimes |
//! | `oracle/` | agreement with the `PyTorch` reference |
//! | `device.rs` | CPU or CUDA, at run time |
//! | `convert.rs` | tensors in and out of libtorch |
//!
//! The letters of the shapes are explained in `ARCHITECTURE.md`.

pub mod adam;
pub mod batch;
pub mod config;
pub mod convert;
pub mod device;
pub mod elbo;
pub mod evaluate;
pub mod event;
mod feed;
pub mod golden;
pub mod model;
pub mod oracle;
mod plan;
pub mod progress;
mod rendered;
pub mod run_folder;
pub mod schedule;
pub mod train;
