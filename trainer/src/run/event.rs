//! What the training loop says.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::config::schedule::Phase;
use crate::evaluation::evaluate::Evaluation;
use crate::evaluation::validation::Validation;
use crate::evaluation::{Progress, Warning};

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
    /// The run is slower or faster than planned and ends after another number of steps.
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
    /// Lines of a log of the resumed run were damaged and left out; the log as it was is kept.
    DamagedLog {
        /// Where it is kept.
        copy: PathBuf,
    },
    /// A validation on held-out scenes.
    Validation(Box<Validation>),
    /// The generation phase lasts as long as the plan: there will be no step of the ELBO phase.
    NoElbo {
        /// Steps of the generation phase.
        start: u64,
        /// Steps planned in all.
        steps: u64,
    },
    /// Something has gone wrong that the loss does not show.
    Warning(Warning),
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

impl From<Progress> for Event {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Rendering { done, scenes } => Self::Rendering { done, scenes },
            Progress::Evaluating { done, scenes } => Self::Evaluating { done, scenes },
        }
    }
}

/// One line of `metrics.jsonl`: means over the batch of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepMetrics {
    /// The step, from 0.
    pub step: u64,
    /// What the step maximises: `generation` or `elbo`.
    pub phase: Phase,
    /// log N(x; observation, σ) in nats: of the reconstruction or, in the generation phase, of the mean picture.
    pub log_likelihood: f64,
    /// Evidence lower bound in nats. There is none in the generation phase, which has no posterior.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elbo: Option<f64>,
    /// −ELBO less its floor at this σ, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<f64>,
    /// Kullback–Leibler divergence over all DRAW steps, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// Squared error a pixel value, of the same picture as `log_likelihood`.
    pub mse: f64,
    /// Context views of the batch.
    pub context: usize,
    /// σ, the pixel standard deviation.
    pub pixel_std_dev: f64,
    /// Adam's step size.
    pub learning_rate: f64,
}
