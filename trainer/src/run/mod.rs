//! A run's folder, its events and how they are shown: logs, checkpoints, terminal, `TensorBoard`, charts. Nothing here
//! computes a gradient.

pub mod curves;
pub mod event;
pub mod folder;
pub mod golden;
pub mod progress;
pub mod state;
pub mod tensorboard;
