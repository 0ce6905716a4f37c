//! An evaluation in a few lines for people, and whether the model learned anything.

use thiserror::Error;

use super::Evaluation;

/// An evaluation of a model whose pictures are worth nothing.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum NothingLearned {
    /// The latents were never trained.
    #[error(
        "the training ended after {steps} steps in its generation phase: its samples are worthless\n\
         hint: train longer"
    )]
    GenerationPhase {
        /// Training steps of the model.
        steps: u64,
    },
    /// A constant picture is as good, or the latents carry nothing.
    #[error(
        "the model learned nothing: mse {generated:.5}, a constant picture has {constant:.5}; kl {kl:.3}, expected above 0\n\
         hint: train longer, or with another --seed"
    )]
    NoBetterThanConstant {
        /// Squared error of generated mean pictures.
        generated: f64,
        /// Squared error of the best constant picture.
        constant: f64,
        /// Divergence in nats.
        kl: f64,
    },
}

impl Evaluation {
    /// The figures of the largest context as prose and numbers.
    pub fn summary(&self) -> String {
        format!(
            "trained {} steps in {:.0} seconds; on scenes it never saw, from views it never saw:\n  \
             mean squared error      {:.5}\n  \
             best constant picture   {:.5}\n  \
             ratio                   {:.2}\n  \
             psnr                    {:.1} dB\n  \
             kl                      {}",
            self.steps,
            self.seconds,
            self.mse_generated,
            self.mse_constant,
            self.ratio,
            self.psnr_generated,
            self.kl.map_or_else(|| "none".to_owned(), |kl| format!("{kl:.3} nats")),
        )
    }

    /// Refuses a training that learned nothing.
    ///
    /// # Errors
    /// [`NothingLearned`] if the run ended in its generation phase, pictures are no better than a constant one, or
    /// latents carry nothing.
    pub fn check_learned(&self) -> Result<(), NothingLearned> {
        let Some(kl) = self.kl else {
            return Err(NothingLearned::GenerationPhase { steps: self.steps });
        };
        let (generated, constant) = (self.mse_generated, self.mse_constant);
        if generated < constant && kl > 0.0 {
            return Ok(());
        }
        Err(NothingLearned::NoBetterThanConstant { generated, constant, kl })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::schedule::Phase;

    fn evaluation(mse_generated: f64, kl: Option<f64>) -> Evaluation {
        Evaluation {
            phase: Phase::Elbo,
            scenes: 1,
            damaged: 0,
            context: 5,
            queries: 1,
            mse_generated,
            mse_constant: 0.05,
            ratio: mse_generated / 0.05,
            mse_sampled: 0.05,
            mae_generated: 0.1,
            psnr_generated: 16.0,
            ssim_generated: 0.5,
            mse_reconstructed: None,
            kl,
            elbo: None,
            excess: None,
            pixel_std_dev: 0.5,
            seed: 1,
            steps: 700,
            seconds: 180.0,
            by_context: Vec::new(),
        }
    }

    #[test]
    fn a_model_that_learned_nothing_is_an_error() {
        evaluation(0.03, Some(1.0)).check_learned().expect("a better picture than a constant one");
        for (mse, kl) in [(0.06, 1.0), (0.03, 0.0), (f64::NAN, 1.0)] {
            let error = evaluation(mse, Some(kl)).check_learned().expect_err("worthless");
            assert!(error.to_string().starts_with("the model learned nothing: mse "), "{error}");
        }
        let early = evaluation(0.03, None);
        let error = early.check_learned().expect_err("untrained latents").to_string();
        assert!(error.contains("in its generation phase"), "{error}");
        assert!(early.summary().ends_with("kl                      none"));
    }

    #[test]
    fn figures_stand_below_one_another() {
        let text = evaluation(0.025, Some(3.0)).summary();
        for line in ["ratio                   0.50", "kl                      3.000 nats"] {
            assert!(text.contains(line), "{text}");
        }
    }
}
