//! What the training loop says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::evaluate::Evaluation;

/// What the training loop says; terminals and logs are its listeners.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Scenes are being rendered: so many of so many.
    Rendering {
        /// Scenes done.
        done: u64,
        /// Scenes in all.
        scenes: u64,
    },
    /// Training starts or goes on.
    Started {
        /// Steps taken before.
        step: u64,
        /// Steps planned in all.
        steps: u64,
        /// Where it computes.
        device: String,
    },
    /// The run is slower than planned and ends after fewer steps.
    Replanned {
        /// Steps planned in all.
        steps: u64,
    },
    /// Figures of one step.
    Step(StepMetrics),
    /// A step without figures.
    Stepped {
        /// Steps taken.
        step: u64,
    },
    /// A checkpoint was written.
    Saved {
        /// The run's folder.
        folder: PathBuf,
        /// Steps taken.
        step: u64,
    },
    /// The run was interrupted and saved; it can be resumed.
    Interrupted {
        /// Steps taken.
        step: u64,
    },
    /// The time of this call is over before the run is; it is evaluated, saved and can be resumed.
    SliceOver {
        /// Steps taken.
        step: u64,
        /// Steps planned in all.
        steps: u64,
    },
    /// Damaged scenes were met and left out.
    SkippedDamaged {
        /// How many so far, stretches of files without any scene among them.
        scenes: u64,
    },
    /// Held-out scenes are being painted: so many of so many.
    Evaluating {
        /// Scenes done.
        done: u64,
        /// Scenes in all.
        scenes: u64,
    },
    /// The run is done.
    Finished(Box<Evaluation>),
}

/// One line of `metrics.jsonl`: means over the batch of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// The step, from 0.
    pub step: u64,
    /// Evidence lower bound in nats.
    pub elbo: f64,
    /// −ELBO less its floor at this σ, in nats.
    pub excess: f64,
    /// Kullback–Leibler divergence over all DRAW steps, in nats.
    pub kl: f64,
    /// Squared error of the reconstruction a pixel value.
    pub mse: f64,
    /// Context views of the batch.
    pub context: usize,
    /// σ, the pixel standard deviation.
    pub pixel_std_dev: f64,
    /// Adam's step size.
    pub learning_rate: f64,
}
