//! What validation figures show to have gone wrong, which the loss does not show.

use super::validation::ValidationFigures;

/// A divergence below a tenth of a nat over a whole picture tells less than one yes or no about it (0.69).
const COLLAPSED_KL: f64 = 0.1;
/// A reconstruction whose error is at least this share of that of a picture painted with a sample of the prior, and the
/// same noise, does not use what it is told.
const IGNORED_SHARE: f64 = 0.995;
/// Samples that differ by less than half of one of 256 levels look the same on every screen.
const SAME_PICTURE: f64 = 0.5 / 255.0;
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
    pub fn of(figures: &ValidationFigures) -> Vec<Self> {
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

    pub(crate) fn is_like(self, other: &Self) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schedule::Phase;

    const WELL: ValidationFigures = ValidationFigures::WELL;

    #[test]
    fn each_failure_has_its_warning_and_health_has_none() {
        assert_eq!(Warning::of(&WELL), []);
        let collapsed = ValidationFigures { kl: Some(0.09), ..WELL };
        assert_eq!(Warning::of(&collapsed), [Warning::KlCollapsed { kl: 0.09 }]);
        let ignored = ValidationFigures { mse_reconstructed: Some(0.0249), ..WELL };
        assert_eq!(
            Warning::of(&ignored),
            [Warning::LatentsIgnored { reconstructed: 0.0249, sampled: 0.025 }]
        );
        let alike = ValidationFigures { sample_difference: 0.0019, ..WELL };
        assert_eq!(Warning::of(&alike), [Warning::SamplesAlike { difference: 0.0019 }]);
        // Just well enough.
        let well = ValidationFigures {
            kl: Some(0.11),
            mse_reconstructed: Some(0.0248),
            sample_difference: 0.002,
            ..WELL
        };
        assert_eq!(Warning::of(&well), []);
        let generator_alone = ValidationFigures {
            phase: Phase::Generation,
            kl: None,
            mse_reconstructed: None,
            sample_difference: 0.0,
            ..WELL
        };
        assert_eq!(Warning::of(&generator_alone), []);
    }
}
