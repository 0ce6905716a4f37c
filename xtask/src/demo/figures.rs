//! The evaluation's figures, and what the demo says in the end.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::failure::failure;

/// What the trainer measured on held-out scenes. Errors are means over pixel values in \[0, 1\].
#[derive(Debug, Deserialize)]
pub(super) struct Figures {
    mse_generated: f64,
    /// The best constant picture: the mean of the training frames.
    mse_constant: f64,
    /// Decibels.
    psnr_generated: f64,
    /// Nats, over all DRAW steps; none in the generation phase.
    kl: Option<f64>,
    steps: u64,
    seconds: f64,
}

impl Figures {
    /// Reads `metrics.json`.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot open {}", path.display()))?;
        serde_json::from_str(&text)
            .with_context(|| format!("{} does not hold the evaluation's figures", path.display()))
    }

    /// Refuses a training that learned nothing.
    pub(super) fn check(&self) -> Result<()> {
        let Some(kl) = self.kl else {
            return Err(failure(
                format!(
                    "the training ended after {} steps in its generation phase: its samples are worthless",
                    self.steps
                ),
                "train longer (--minutes 10)",
            ));
        };
        let learned = self.mse_generated < self.mse_constant && kl > 0.0;
        if learned {
            return Ok(());
        }
        Err(failure(
            format!(
                "the model learned nothing: mse {:.5}, a constant picture has {:.5}; kl {:.3}, expected above 0",
                self.mse_generated, self.mse_constant, kl
            ),
            "train longer (--minutes 10) or with another --seed",
        ))
    }

    /// A few lines of prose and numbers.
    pub(super) fn describe(&self) -> String {
        format!(
            "trained {} steps in {:.0} seconds; on scenes it never saw, from views it never saw:\n  \
             mean squared error      {:.5}\n  \
             best constant picture   {:.5}\n  \
             ratio                   {:.2} (the goal of three minutes is 0.25)\n  \
             psnr                    {:.1} dB\n  \
             kl                      {}",
            self.steps,
            self.seconds,
            self.mse_generated,
            self.mse_constant,
            self.mse_generated / self.mse_constant,
            self.psnr_generated,
            self.kl.map_or_else(|| "none".to_owned(), |kl| format!("{kl:.3} nats")),
        )
    }
}

/// What pictures to expect after that long, in plain words.
pub(super) fn expectation(minutes: f64) -> String {
    if minutes < 20.0 {
        format!(
            "{minutes} minutes of training show the room and its objects in their places, colours and sizes; \
             their shapes are soft and sharpen over hours"
        )
    } else {
        format!(
            "{minutes} minutes of training on a CPU tell objects by their shapes; fine texture needs hours"
        )
    }
}

/// What to do next.
pub(super) fn next_steps(out: &Path) -> String {
    let package = out.join("package");
    let package = package.display();
    let gqn = "target/release/gqn";
    format!(
        "what next:\n  \
         train longer\n    \
         cargo xtask demo --minutes 30\n  \
         look at another scene, or at your own pictures: a folder laid out as `gqn-data scene` writes it\n    \
         {gqn}-run render {package} --world rooms-ring-camera --seed 42 --out out/another\n    \
         {gqn}-data scene --world rooms-ring-camera --seed 42 --size 32 --out out/pictures\n    \
         {gqn}-run render {package} --views out/pictures --context 5 --out out/mine\n  \
         train another world and export it\n    \
         {gqn}-train train --preset tiny --world shepard-metzler-5 --minutes 30 --out out/run\n    \
         {gqn}-export export out/run --out out/package\n  \
         look around in it in a browser\n    \
         cargo xtask web --serve"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(mse_generated: f64, kl: f64) -> Figures {
        Figures {
            mse_generated,
            mse_constant: 0.05,
            psnr_generated: 16.0,
            kl: Some(kl),
            steps: 700,
            seconds: 180.0,
        }
    }

    #[test]
    fn figures_are_read_beside_ones_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("metrics.json");
        let text = r#"{"mse_generated":0.025,"mse_constant":0.05,"psnr_generated":16,"kl":3,"steps":7,"seconds":9,"elbo":-1}"#;
        fs::write(&path, text).unwrap();
        assert!(Figures::read(&path).unwrap().describe().contains("ratio                   0.50"));
        fs::write(&path, "{}").unwrap();
        assert!(
            Figures::read(&path)
                .unwrap_err()
                .to_string()
                .ends_with("does not hold the evaluation's figures")
        );
    }

    #[test]
    fn a_model_that_learned_nothing_is_an_error() {
        figures(0.03, 1.0).check().unwrap();
        figures(0.06, 1.0).check().unwrap_err();
        figures(0.03, 0.0).check().unwrap_err();
        figures(f64::NAN, 1.0).check().unwrap_err();
        let early = Figures { kl: None, ..figures(0.03, 1.0) };
        let error = early.check().unwrap_err().to_string();
        assert!(error.contains("in its generation phase"), "{error}");
        assert!(early.describe().ends_with("kl                      none"));
    }

    #[test]
    fn three_minutes_are_called_soft() {
        assert!(expectation(3.0).contains("soft"));
    }
}
