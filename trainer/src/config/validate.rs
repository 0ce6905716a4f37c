//! What training takes for granted of a configuration.

use super::schedule::{GenerationSteps, LinearSchedule};
use super::{ConfigError, TrainConfig, out_of_range};
use crate::model::{ComputeType, StepVariant};

/// Largest batch, of all processes together.
const MOST_BATCH: usize = 1 << 20;

impl TrainConfig {
    /// Checks what training takes for granted.
    ///
    /// # Errors
    /// [`ConfigError`] names the first value that does not fit.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.model.validate()?;
        let views = self.data.views();
        let positive = [
            ("scenes", self.data.scenes),
            ("steps", self.schedules.steps),
            ("batch", self.data.batch as u64),
            ("processes", self.data.processes.unwrap_or(1) as u64),
            ("accumulate", self.compute.accumulate as u64),
            ("min_context", self.data.min_context as u64),
            ("max_context", self.data.max_context as u64),
            ("checkpoint_every", self.intervals.checkpoint_every),
            ("log_every", self.intervals.log_every),
            ("test_scenes", self.data.test_scenes),
            ("evaluate_every", self.intervals.evaluate_every),
        ];
        for (name, found) in positive {
            if found == 0 || found > 1 << 31 {
                return Err(out_of_range(name, &found, "at least 1 and at most 2^31"));
            }
        }
        if self.data.batch > MOST_BATCH {
            return Err(out_of_range("batch", &self.data.batch, "at most 2^20"));
        }
        if self.seed >= 1 << 31 {
            return Err(out_of_range("seed", &self.seed, "a number below 2^31"));
        }
        if self.data.max_context >= views {
            let expected = "fewer than the views of a scene, so that one is left to paint";
            return Err(out_of_range("max_context", &self.data.max_context, expected));
        }
        if let Some(files) =
            self.data.files.as_ref().filter(|files| files.test_views <= self.data.max_context)
        {
            let (found, context) = (files.test_views, self.data.max_context);
            return Err(ConfigError::TestViews { path: files.folder.clone(), found, context });
        }
        if self.data.min_context > self.data.max_context {
            let expected = "at most max_context";
            return Err(out_of_range("min_context", &self.data.min_context, expected));
        }
        if !self.data.share().is_multiple_of(self.compute.accumulate) {
            let expected = "a divisor of the batch of a process";
            return Err(out_of_range("accumulate", &self.compute.accumulate, expected));
        }
        if self.compute.variant == StepVariant::Reference
            && self.compute.precision == ComputeType::Bf16
        {
            let expected = "fp32 or tf32 with the reference variant";
            return Err(out_of_range("precision", &"bf16", expected));
        }
        if self.data.files.is_none() {
            self.model.check_rendered_scenes()?;
        }
        self.validate_refresh()?;
        self.validate_reals()
    }

    fn validate_refresh(&self) -> Result<(), ConfigError> {
        if let Some(resident) = self.data.resident_scenes
            && (resident == 0 || self.data.files.is_some())
        {
            let expected = "at least 1, and only with rendered scenes";
            return Err(out_of_range("resident_scenes", &resident, expected));
        }
        let Some(epochs) = self.data.refresh_epochs else { return Ok(()) };
        if epochs == 0 || self.data.files.is_some() {
            let expected = "at least 1, and only with rendered scenes";
            return Err(out_of_range("refresh_epochs", &epochs, expected));
        }
        if self.data.generation(self.schedules.steps) >= (1 << 32) / self.data.resident() {
            let expected = "so many that the run sees fewer than 2^32 scenes";
            return Err(out_of_range("refresh_epochs", &epochs, expected));
        }
        Ok(())
    }

    fn validate_reals(&self) -> Result<(), ConfigError> {
        for (name, schedule) in [
            ("pixel_std_dev", self.schedules.pixel_std_dev),
            ("learning_rate", self.schedules.learning_rate),
        ] {
            if ![schedule.start, schedule.end].iter().all(|value| value.is_finite() && *value > 0.0)
            {
                let found = format!("{} to {}", schedule.start, schedule.end);
                return Err(out_of_range(name, &found, "positive numbers"));
            }
        }
        if let Some(LinearSchedule { start, end, .. }) = self.schedules.kl_weight
            && ![start, end].iter().all(|value| value.is_finite() && *value >= 0.0)
        {
            let found = format!("{start} to {end}");
            return Err(out_of_range("kl_weight", &found, "numbers from 0"));
        }
        if let Some(GenerationSteps::Fraction(share)) = self.schedules.generation_steps
            && !(0.0..=1.0).contains(&share)
        {
            let expected = "a whole number of steps, or a share of the run from 0.0 to 1.0";
            return Err(out_of_range("generation_steps", &share, expected));
        }
        if let Some(every) = self.schedules.mean_every
            && every < 2
        {
            return Err(out_of_range(
                "mean_every",
                &every,
                "2 steps or more, of which one is of the mean picture",
            ));
        }
        match (self.optimiser.clip_gradient, self.optimiser.weight_average) {
            (Some(norm), _) if !(norm.is_finite() && norm > 0.0) => {
                Err(out_of_range("clip_gradient", &norm, "a positive number"))
            }
            (_, Some(decay)) if !(0.0..1.0).contains(&decay) => {
                Err(out_of_range("weight_average", &decay, "a decay from 0 to less than 1"))
            }
            _ => Ok(()),
        }
    }
}
