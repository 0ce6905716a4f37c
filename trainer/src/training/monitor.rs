//! The monitor of a run: validates at intervals, writes the figures down, keeps the best weights and warns.

use gqn_datasets::DataError;
use gqn_formats::{Checkpoint, FormatError, Provenance};
use tch::Device;

use crate::config::schedule::Phase;
use crate::config::{RunScenes, ScheduleConfig};
use crate::evaluation::Warning;
use crate::evaluation::validation::{ValidationFigures, ValidationSet};
use crate::model::Gqn;
use crate::run::event::Event;
use crate::run::folder::{BEST_FILE, HELD_OUT_FILE, Log, RunFolder};
use crate::training::step::Trainer;
use crate::training::training_loop::TrainError;

/// Until that share of the ELBO phase is done, latents that say nothing are nothing to worry about.
const GRACE: f64 = 0.25;

/// Validates at intervals.
#[derive(Debug)]
pub(crate) struct Monitor {
    set: ValidationSet,
    /// Steps between validations.
    every: u64,
    log: Log,
    best: Best,
    warned: Vec<Warning>,
}

impl Monitor {
    /// For a run in a folder that goes on at `step`.
    pub(crate) fn open(
        scenes: &RunScenes,
        every: u64,
        device: Device,
        folder: &RunFolder,
        step: u64,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Self, TrainError> {
        let set: Result<_, DataError> = ValidationSet::open(scenes, device);
        let set = set?;
        // A line of `step` itself was written before that state was saved.
        let (log, damaged) = folder.open_log(HELD_OUT_FILE, step + 1)?;
        if let Some(copy) = damaged {
            on_event(Event::DamagedLog { copy });
        }
        Ok(Self { set, every, log, best: best_so_far(folder)?, warned: Vec::new() })
    }

    /// After a training step: validates, with the EMA weights if the run keeps them, if it is time to.
    pub(crate) fn stepped(
        &mut self,
        trainer: &Trainer,
        schedules: &ScheduleConfig,
        provenance: &Provenance,
        folder: &RunFolder,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), TrainError> {
        let steps = trainer.adam.steps();
        if !steps.is_multiple_of(self.every) && steps != schedules.steps {
            return Ok(());
        }
        trainer.with_ema_weights(|model| {
            self.validate(model, schedules, steps, provenance, folder, on_event)
        })
    }

    fn validate(
        &mut self,
        model: &Gqn,
        schedules: &ScheduleConfig,
        steps: u64,
        provenance: &Provenance,
        folder: &RunFolder,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), TrainError> {
        let held_out = self.set.validate(model, schedules, steps);
        let figures = held_out.figures;
        self.log.append(&figures)?;
        if self.best.is_beaten_by(&figures) {
            let provenance = Provenance { metrics: figures.metrics(), ..provenance.clone() };
            folder.save_checkpoint(BEST_FILE, model, steps, &provenance)?;
            self.best = Best { mse_generated: figures.mse_generated, phase: figures.phase };
        }
        on_event(Event::Validation(Box::new(held_out)));
        let start = schedules.elbo_start();
        let length = schedules.steps.saturating_sub(start);
        let is_early = (steps.saturating_sub(start) as f64) < GRACE * length as f64;
        let found = if is_early { Vec::new() } else { Warning::of(&figures) };
        for warning in &found {
            if !self.warned.iter().any(|known| warning.is_like(known)) {
                on_event(Event::Warning(*warning));
            }
        }
        // Said again only after it was well in between.
        self.warned = found;
        Ok(())
    }
}

/// The best weights so far.
#[derive(Debug, Clone, Copy)]
struct Best {
    mse_generated: f64,
    phase: Phase,
}

impl Best {
    const NONE: Self = Self { mse_generated: f64::INFINITY, phase: Phase::Generation };

    /// Weights of the generation phase have not learned how far latents may be from their mean, so that samples are
    /// worthless: the first ones after it are better whatever their mean picture.
    fn is_beaten_by(self, figures: &ValidationFigures) -> bool {
        let is_first = self.phase == Phase::Generation && figures.phase == Phase::Elbo;
        is_first || figures.mse_generated < self.mse_generated
    }
}

/// The best weights that a resumed run has kept.
fn best_so_far(folder: &RunFolder) -> Result<Best, FormatError> {
    let path = folder.file(BEST_FILE);
    if !path.exists() {
        return Ok(Best::NONE);
    }
    let metrics = Checkpoint::load(&path)?.provenance.metrics;
    Ok(metrics
        .get("mse_generated")
        .map_or(Best::NONE, |&mse_generated| Best { mse_generated, phase: Phase::of(&metrics) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_of_the_generation_phase_never_stay_the_best() {
        let of = |phase, mse_generated| ValidationFigures {
            phase,
            mse_generated,
            ..ValidationFigures::WELL
        };
        let early = Best { mse_generated: 0.01, phase: Phase::Generation };
        assert!(Best::NONE.is_beaten_by(&of(Phase::Generation, 0.5)));
        assert!(early.is_beaten_by(&of(Phase::Generation, 0.009)));
        assert!(!early.is_beaten_by(&of(Phase::Generation, 0.02)));
        assert!(early.is_beaten_by(&of(Phase::Elbo, 0.02)));
        let late = Best { mse_generated: 0.02, phase: Phase::Elbo };
        assert!(!late.is_beaten_by(&of(Phase::Elbo, 0.03)));
    }
}
