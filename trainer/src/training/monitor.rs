//! What is done about a look at held-out scenes: it is written down, the best weights are kept, and what has gone wrong
//! is said.

use gqn_datasets::DataError;
use gqn_formats::{Checkpoint, FormatError, Provenance};
use tch::Device;

use crate::config::TrainConfig;
use crate::config::schedule::Phase;
use crate::evaluation::validation::{HeldOut, HeldOutFigures, HeldOutSet};
use crate::model::Gqn;
use crate::run::event::Event;
use crate::run::folder::{BEST_FILE, HELD_OUT_FILE, Log, RunFolder};
use crate::training::step::Trainer;
use crate::training::training_loop::TrainError;

/// A divergence below a tenth of a nat over a whole picture tells less than one yes or no about it (0.69).
const COLLAPSED_KL: f64 = 0.1;
/// A reconstruction whose error is at least this share of that of a picture painted with a sample of the prior, and the
/// same noise, does not use what it is told.
const IGNORED_SHARE: f64 = 0.995;
/// Samples that differ by less than half of one of 256 levels look the same on every screen.
const SAME_PICTURE: f64 = 0.5 / 255.0;
/// Until that share of the ELBO phase is done, latents that say nothing are nothing to worry about.
const GRACE: f64 = 0.25;

/// What can go wrong without the loss showing it.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Warning {
    /// Posterior and prior are the same: the latents carry nothing.
    KlCollapsed {
        /// The divergence in nats.
        kl: f64,
    },
    /// Pictures painted with the posterior are no better than those painted with the prior.
    LatentsIgnored {
        /// Squared error of reconstructions.
        reconstructed: f64,
        /// Squared error of pictures painted with a sample of the prior.
        sampled: f64,
    },
    /// Whatever the latents, the picture is the same.
    SamplesAlike {
        /// Root of the mean squared difference of two samples, in pixel values.
        difference: f64,
    },
}

impl Warning {
    /// All that figures give reason for; nothing in the generation phase, in which latents say nothing.
    pub fn of(figures: &HeldOutFigures) -> Vec<Self> {
        let (Some(kl), Some(reconstructed)) = (figures.kl, figures.mse_reconstructed) else {
            return Vec::new();
        };
        let (sampled, difference) = (figures.mse_sampled, figures.sample_difference);
        let found = [
            (kl < COLLAPSED_KL, Self::KlCollapsed { kl }),
            (
                reconstructed >= IGNORED_SHARE * sampled,
                Self::LatentsIgnored { reconstructed, sampled },
            ),
            (difference < SAME_PICTURE, Self::SamplesAlike { difference }),
        ];
        found.into_iter().filter_map(|(is_so, warning)| is_so.then_some(warning)).collect()
    }

    fn is_like(self, other: &Self) -> bool {
        std::mem::discriminant(&self) == std::mem::discriminant(other)
    }
}

impl std::fmt::Display for Warning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::KlCollapsed { kl } => write!(
                f,
                "the KL divergence has collapsed to {kl:.3} nats: the latents carry nothing\n\
                 hint: fewer latent_channels, or a lower pixel_std_dev"
            ),
            Self::LatentsIgnored { reconstructed, sampled } => write!(
                f,
                "the latents are ignored: reconstructions (MSE {reconstructed:.5}) are no better than samples painted \
                 without the picture ({sampled:.5})\n\
                 hint: a lower pixel_std_dev makes a better picture worth its divergence"
            ),
            Self::SamplesAlike { difference } => write!(
                f,
                "samples do not vary: two of the same view differ by {:.3} of 255 levels\n\
                 hint: more than one way to paint a view is learned last; a lower pixel_std_dev asks for it",
                255.0 * difference
            ),
        }
    }
}

/// Looks at held-out scenes from time to time.
#[derive(Debug)]
pub(crate) struct Watch {
    set: HeldOutSet,
    log: Log,
    best: Best,
    warned: Vec<Warning>,
}

impl Watch {
    /// For a run in a folder that goes on at `step`.
    pub(crate) fn open(
        config: &TrainConfig,
        device: Device,
        folder: &RunFolder,
        step: u64,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<Self, TrainError> {
        let set: Result<_, DataError> = HeldOutSet::open(config, device);
        let set = set?;
        // A line of `step` itself was written before that state was saved.
        let (log, damaged) = folder.open_log(HELD_OUT_FILE, step + 1)?;
        if let Some(copy) = damaged {
            on_event(Event::DamagedLog { copy });
        }
        Ok(Self { set, log, best: best_so_far(folder)?, warned: Vec::new() })
    }

    /// After a step was taken: looks, with the weights that are published, if it is time to.
    pub(crate) fn stepped(
        &mut self,
        trainer: &Trainer,
        config: &TrainConfig,
        provenance: &Provenance,
        folder: &RunFolder,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), TrainError> {
        let steps = trainer.adam.steps();
        if !steps.is_multiple_of(config.evaluate_every) && steps != config.steps {
            return Ok(());
        }
        trainer.published(|model| self.look(model, config, steps, provenance, folder, on_event))
    }

    fn look(
        &mut self,
        model: &Gqn,
        config: &TrainConfig,
        steps: u64,
        provenance: &Provenance,
        folder: &RunFolder,
        on_event: &mut dyn FnMut(Event),
    ) -> Result<(), TrainError> {
        let held_out = self.set.look(model, config, steps);
        let figures = held_out.figures;
        self.log.append(&figures)?;
        if self.best.is_beaten_by(&figures) {
            let provenance = Provenance { metrics: metrics(&figures), ..provenance.clone() };
            folder.save_checkpoint(BEST_FILE, model, steps, &provenance)?;
            self.best = Best { mse_generated: figures.mse_generated, phase: figures.phase };
        }
        on_event(Event::HeldOut(Box::new(held_out)));
        let start = config.elbo_start();
        let length = config.steps.saturating_sub(start);
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

impl HeldOut {
    /// The figures that go into a checkpoint's provenance, by name.
    pub fn metrics(&self) -> std::collections::BTreeMap<String, f64> {
        metrics(&self.figures)
    }
}

fn metrics(figures: &HeldOutFigures) -> std::collections::BTreeMap<String, f64> {
    let (phase, value) = figures.phase.metric();
    let figures = [
        (phase, Some(value)),
        ("mse_generated", Some(figures.mse_generated)),
        ("mse_sampled", Some(figures.mse_sampled)),
        ("mse_reconstructed", figures.mse_reconstructed),
        ("kl", figures.kl),
        ("elbo", figures.elbo),
    ];
    figures.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
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
    fn is_beaten_by(self, figures: &HeldOutFigures) -> bool {
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

    /// Of a model that is well.
    const WELL: HeldOutFigures = HeldOutFigures {
        step: 10,
        phase: Phase::Elbo,
        mse_generated: 0.02,
        mse_sampled: 0.025,
        mse_reconstructed: Some(0.01),
        sample_difference: 0.05,
        kl: Some(12.0),
        elbo: Some(-7000.0),
        excess: Some(50.0),
        pixel_std_dev: 0.7,
    };

    #[test]
    fn each_failure_has_its_warning_and_health_has_none() {
        assert_eq!(Warning::of(&WELL), []);
        let collapsed = HeldOutFigures { kl: Some(0.09), ..WELL };
        assert_eq!(Warning::of(&collapsed), [Warning::KlCollapsed { kl: 0.09 }]);
        let ignored = HeldOutFigures { mse_reconstructed: Some(0.0249), ..WELL };
        assert_eq!(
            Warning::of(&ignored),
            [Warning::LatentsIgnored { reconstructed: 0.0249, sampled: 0.025 }]
        );
        let alike = HeldOutFigures { sample_difference: 0.0019, ..WELL };
        assert_eq!(Warning::of(&alike), [Warning::SamplesAlike { difference: 0.0019 }]);
        // Just well enough.
        let well = HeldOutFigures {
            kl: Some(0.11),
            mse_reconstructed: Some(0.0248),
            sample_difference: 0.002,
            ..WELL
        };
        assert_eq!(Warning::of(&well), []);
        let generator_alone = HeldOutFigures {
            phase: Phase::Generation,
            kl: None,
            mse_reconstructed: None,
            sample_difference: 0.0,
            ..WELL
        };
        assert_eq!(Warning::of(&generator_alone), []);
    }

    #[test]
    fn weights_of_the_generation_phase_never_stay_the_best() {
        let of = |phase, mse_generated| HeldOutFigures { phase, mse_generated, ..WELL };
        let early = Best { mse_generated: 0.01, phase: Phase::Generation };
        assert!(Best::NONE.is_beaten_by(&of(Phase::Generation, 0.5)));
        assert!(early.is_beaten_by(&of(Phase::Generation, 0.009)));
        assert!(!early.is_beaten_by(&of(Phase::Generation, 0.02)));
        assert!(early.is_beaten_by(&of(Phase::Elbo, 0.02)));
        let late = Best { mse_generated: 0.02, phase: Phase::Elbo };
        assert!(!late.is_beaten_by(&of(Phase::Elbo, 0.03)));
    }
}
