//! Trains a Generative Query Network with libtorch. The only crate of the workspace that links libtorch.
//!
//! Not a runtime: what users run is the exporter's package.
//!
//! | folder | holds |
//! |---|---|
//! | `config.rs`, `config/` | [`config::TrainConfig`]: all that a run's numbers follow from, in parts; schedules as pure functions of the step |
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
//! A network on the CPU, one training step of it on a synthetic batch, and the picture that it expects of a view:
//!
//! ```no_run
//! use gqn_formats::Preset;
//! use gqn_trainer::config::TrainConfig;
//! use gqn_trainer::data::batch::Batch;
//! use gqn_trainer::training::step::Trainer;
//! use tch::Device;
//!
//! let config = TrainConfig::preset(Preset::Tiny);
//! let mut trainer = Trainer::new(&config.model, config.step(), Device::Cpu);
//! let batch = Batch::synthetic(&config.model, 8, 3, Device::Cpu);
//! let loss = trainer.gradients_of(&batch, 0);
//! trainer.update();
//! println!("loss {}", loss.total().double_value(&[]));
//!
//! let r = trainer.model.represent(&batch.context_frames, &batch.context_poses);
//! let noise = trainer.model.noise_shape(8);
//! let noise = tch::Tensor::zeros(noise, (tch::Kind::Float, Device::Cpu));
//! let frames = trainer.model.generate(&batch.query_poses, &r, &noise);
//! assert_eq!(frames.size(), [8, 3, 32, 32]);
//! ```
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
