//! Trains a Generative Query Network with libtorch. The only crate of the workspace that links libtorch.
//!
//! Not a runtime: what users run is the exporter's package.
//!
//! | file | holds |
//! |---|---|
//! | `model/` | the network, one struct a file, and [`model::Rollout`], the loop over DRAW steps |
//! | `elbo.rs` | the loss |
//! | `schedule.rs` | schedules as pure functions of the step |
//! | `step.rs` | one training step: gradients, clipping, optimiser, average |
//! | `recompute.rs` | its gradients with little memory |
//! | `adam.rs` | the optimiser |
//! | `average.rs` | the average of the weights |
//! | `config.rs` | [`config::TrainConfig`]: all that a run's numbers follow from |
//! | `batch.rs` | which scenes, views and noise a step sees |
//! | `feed.rs` | where batches come from: rendered scenes or files |
//! | `rendered.rs` | rendered scenes in memory, replaced by new ones while training |
//! | `scene_source.rs` | some scenes of a configuration, rendered or read |
//! | `memory.rs` | what a run needs of memory, held against what there is |
//! | `train.rs` | the training loop |
//! | `parallel/` | several processes that train together |
//! | `plan.rs` | how many steps fit into a time |
//! | `init.rs` | a run that begins with another run's weights |
//! | `event.rs` | what the loop says |
//! | `progress.rs` | how a terminal shows it |
//! | `tensorboard/` | how `TensorBoard` shows it |
//! | `held_out.rs` | looks at held-out scenes while training |
//! | `watch.rs` | what follows from a look: the best weights are kept, warnings are given |
//! | `run_folder.rs` | a run's files, saving and resuming |
//! | `evaluate.rs`, `quality.rs` | how good pictures of held-out scenes are |
//! | `test_scenes.rs` | which scenes these are |
//! | `curves/` | charts of runs |
//! | `golden.rs` | inputs and expected outputs for other runtimes |
//! | `bench/` | steps a second and memory of every form |
//! | `import/` | weights of the `PyTorch` reference as a checkpoint |
//! | `oracle/` | agreement with the `PyTorch` reference and with a second implementation |
//! | `device.rs` | CPU or CUDA, at run time |
//! | `convert.rs` | tensors in and out of libtorch |
//!
//! The letters of the shapes are explained in `ARCHITECTURE.md`.

pub mod adam;
pub mod average;
pub mod batch;
pub mod bench;
pub mod config;
pub mod convert;
pub mod curves;
pub mod device;
pub mod elbo;
pub mod evaluate;
pub mod event;
mod feed;
pub mod golden;
pub mod held_out;
pub mod import;
mod init;
pub mod memory;
pub mod model;
pub mod oracle;
pub mod parallel;
mod plan;
pub mod progress;
pub mod quality;
mod recompute;
mod rendered;
pub mod run_folder;
mod scene_source;
pub mod schedule;
pub mod step;
pub mod tensorboard;
mod test_scenes;
pub mod train;
mod watch;

pub use watch::Warning;
