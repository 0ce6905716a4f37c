//! How long a run trains, and every setting that changes with the step, as pure functions of the step.

use super::schedule::{ElboSteps, GenerationSteps, LinearSchedule, Phase};

/// Number of training steps and schedules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ScheduleConfig {
    /// Training steps.
    pub steps: u64,
    /// σ, the standard deviation of a pixel.
    pub pixel_std_dev: LinearSchedule,
    /// Adam's step size, without the warm-up.
    pub learning_rate: LinearSchedule,
    /// The learning rate rises in a straight line over that many first steps, until it meets its schedule.
    pub warmup_steps: u64,
    /// How much the divergence counts in the loss, counted from the first step of the ELBO phase; `None`: 1.
    pub kl_weight: Option<LinearSchedule>,
    /// Length of [`Phase::Generation`]; `None`: no such phase.
    pub generation_steps: Option<GenerationSteps>,
    /// Every how many steps one maximises the likelihood of the mean picture; `None`: none in the ELBO phase.
    pub mean_every: Option<u32>,
}

impl ScheduleConfig {
    /// σ at a step.
    pub fn pixel_std_dev_at(&self, step: u64) -> f64 {
        self.pixel_std_dev.at(step, self.steps)
    }

    /// Adam's step size at a step.
    pub fn learning_rate_at(&self, step: u64) -> f64 {
        let warmup = (step.saturating_add(1) as f64 / self.warmup_steps.max(1) as f64).min(1.0);
        self.learning_rate.at(step, self.steps) * warmup
    }

    /// How much the divergence counts at a step. The schedule begins with the ELBO phase: before it there is no
    /// divergence.
    pub fn kl_weight_at(&self, step: u64) -> f64 {
        let start = self.elbo_start();
        let (step, steps) = (step.saturating_sub(start), self.steps.saturating_sub(start));
        self.kl_weight.map_or(1.0, |weight| weight.at(step, steps))
    }

    /// The first step of the ELBO phase; those before it train the generator alone.
    pub fn elbo_start(&self) -> u64 {
        self.generation_steps.map_or(0, |phase| phase.end(self.steps))
    }

    /// The steps that maximise the evidence lower bound.
    pub fn elbo_steps(&self) -> ElboSteps {
        ElboSteps { start: self.elbo_start(), mean_every: self.mean_every }
    }

    /// Whether the generation phase leaves the ELBO phase no step: the posterior is never trained, and samples of such a
    /// model are worthless.
    pub fn is_without_elbo(&self) -> bool {
        self.elbo_start() >= self.steps
    }

    /// The phase that a step is in.
    pub fn phase_at(&self, step: u64) -> Phase {
        if step < self.elbo_start() { Phase::Generation } else { Phase::Elbo }
    }

    /// What a step maximises: that of its phase, but for the mean-picture steps of [`ElboSteps::mean_every`].
    pub fn objective_at(&self, step: u64) -> Phase {
        if self.elbo_steps().contains(step) { Phase::Elbo } else { Phase::Generation }
    }

    /// The same schedules with another number of steps, planned anew after `done` of them: where the ELBO phase has
    /// begun, it stays where it began, and it never begins at a step that is past.
    #[must_use]
    pub fn replanned(mut self, steps: u64, done: u64) -> Self {
        let start = self.elbo_start();
        self.steps = steps;
        if self.generation_steps.is_some() {
            if start <= done {
                self.generation_steps = Some(GenerationSteps::Steps(start));
            } else if self.elbo_start() < done {
                self.generation_steps = Some(GenerationSteps::Steps(done));
            }
        }
        self
    }
}
