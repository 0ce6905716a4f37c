//! Trains a Generative Query Network with libtorch. The only crate of the workspace that links libtorch.
//!
//! Not a runtime: what users run is the exporter's package.
//!
//! | folder | holds |
//! |---|---|
//! | `config/` | [`config::TrainConfig`]: all that a run's numbers follow from; schedules as pure functions of the step |
//! | `model/` | the networks, one struct a file, [`model::Rollout`], the loop over DRAW steps, and the bound |
//! | `data/` | batch sources: which scenes, views and noise a step sees, rendered or read from files |
//! | `training/` | the training step and loop, the optimiser, the moving average, activation checkpointing, the monitor |
//! | `evaluation/` | how good pictures of held-out scenes are: the validation during a run, the evaluation at its end |
//! | `run/` | a run's folder, events, terminal, `TensorBoard`, charts, the sample for other runtimes |
//! | `distributed/` | several processes that train together |
//! | `bench/` | steps a second and memory of every variant of the step |
//! | `oracle/` | agreement with the `PyTorch` reference and with a second implementation |
//! | `import/` | weights of the `PyTorch` reference as a checkpoint |
//! | `device.rs` | CPU or CUDA, at run time |
//! | `convert.rs` | tensors in and out of libtorch |
//!
//! The program `gqn-train` is `main.rs`, `cli.rs` and `commands/`. No two folders use one another
//! (`tests/it/architecture.rs`).
//!
//! The letters of the shapes are explained in `ARCHITECTURE.md`.

pub mod bench;
pub mod config;
pub mod convert;
pub mod data;
pub mod device;
pub mod distributed;
pub mod evaluation;
pub mod import;
pub mod model;
pub mod oracle;
pub mod run;
pub mod training;
