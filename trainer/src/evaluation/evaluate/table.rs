//! An evaluation in a checkpoint's provenance, and as a table for people.

use std::collections::BTreeMap;

use super::Evaluation;
use crate::config::schedule::Phase;
use crate::evaluation::quality::Quality;

impl Evaluation {
    /// The figures that go into a checkpoint's provenance, by name. Those that end in `_K` are of mean pictures from K context
    /// views: `rmse_K` and `mae_K` of values from 0 to 255, `psnr_K` in decibels, `ssim_K`; `kl_K` is in nats.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let figures = [
            Some(self.phase.metric()),
            Some(("mse_generated", self.mse_generated)),
            Some(("mse_constant", self.mse_constant)),
            Some(("mse_sampled", self.mse_sampled)),
            Some(("psnr_generated", self.psnr_generated)),
            Some(("ssim_generated", self.ssim_generated)),
            self.mse_reconstructed.map(|value| ("mse_reconstructed", value)),
            self.kl.map(|value| ("kl", value)),
            self.elbo.map(|value| ("elbo", value)),
        ];
        let figures = figures.into_iter().flatten().map(|(name, value)| (name.to_owned(), value));
        let by_context = self.by_context.iter().flat_map(|row| {
            let Quality { rmse_255, mae_255, psnr, ssim, .. } = row.generated;
            let named = [("rmse", rmse_255), ("mae", mae_255), ("psnr", psnr), ("ssim", ssim)];
            let named = named.into_iter().chain(row.kl.map(|kl| ("kl", kl)));
            named.map(|(name, value)| (format!("{name}_{}", row.context), value))
        });
        figures.chain(by_context).collect()
    }

    /// The rows of `by_context` for people.
    pub fn table(&self) -> String {
        let mut lines = vec![
            format!(
                "{} scenes, {} pictures for each number of context views, σ {}, seed {}, {} steps of training",
                self.scenes, self.queries, self.pixel_std_dev, self.seed, self.steps
            ),
            format!("{:21} {:^36}  {:^36}", "", "generated", "reconstructed"),
            format!("views    excess    KL {0}  {0}", "     MSE    MAE   RMSE   PSNR   SSIM"),
        ];
        for row in &self.by_context {
            let quality = |quality: &Quality| {
                let Quality { mse, mae_255, rmse_255, psnr, ssim, .. } = quality;
                format!("{mse:8.5} {mae_255:6.2} {rmse_255:6.2} {psnr:6.2} {ssim:6.3}")
            };
            let number = |figure: Option<f64>, decimals: usize| {
                figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.decimals$}"))
            };
            lines.push(format!(
                "{:5} {:>9} {:>5} {}  {}",
                row.context,
                number(row.excess, 2),
                number(row.kl, 1),
                quality(&row.generated),
                row.reconstructed.as_ref().map_or_else(|| format!("{:>8}", "-"), quality)
            ));
        }
        for row in &self.by_context {
            if let (Some(best), Some(difference)) = (row.mse_best_sample, row.sample_difference) {
                lines.push(format!(
                    "{:5} views: MSE of the mean {:.5}, of one sample {:.5}, of the best {best:.5}; two samples differ by {:.2} of 255",
                    row.context, row.generated.mse, row.mse_sampled, 255.0 * difference
                ));
            }
        }
        lines.push("excess and KL in nats, MAE and RMSE of 255 levels, PSNR in dB".to_owned());
        if self.phase == Phase::Generation {
            lines.push(
                "weights of the generation phase: the posterior is not trained yet, and samples say nothing"
                    .to_owned(),
            );
        }
        lines.join("\n")
    }
}
