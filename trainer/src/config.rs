//! What a run is: the model's sizes and everything else that its numbers follow from.

use std::path::PathBuf;

use gqn_formats::ModelConfig;
use gqn_scenes::World;
use serde::{Deserialize, Serialize};
use tch::Device;

pub use self::error::ConfigError;
pub use self::geometry::{Geometry, GeometrySource};
pub use self::layers::{RunData, data_keys, read_table};
use crate::config::schedule::{GenerationSteps, LinearSchedule, Phase};
use crate::model::{Compute, Precision, StepVariant};

mod error;
mod geometry;
mod layers;
mod preset;
pub mod schedule;

/// A whole run. Two runs of equal configs on one CPU thread give the same numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Where scenes come from.
    pub world: World,
    /// Scenes to train on, rendered before the first step as far as they fit into memory.
    pub scenes: u64,
    /// Seed of the scenes, the weights, the batches and the noise; below 2^31.
    pub seed: u64,
    /// Training steps (Eslami et al. 2018: 2e6).
    pub steps: u64,
    /// B: scenes in a batch (Eslami et al. 2018: 36). That of each process where `processes` is not said, otherwise of
    /// all together.
    pub batch: usize,
    /// Processes that share a batch. A run notes how many it had; going on with, or repeating, it with another number
    /// gives the same steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processes: Option<usize>,
    /// Parts that a batch is computed in, one after the other: less memory, the same step.
    #[serde(default = "one")]
    pub accumulate: usize,
    /// Fewest context views.
    #[serde(default = "one")]
    pub min_context: usize,
    /// Most context views; the number is drawn for each batch from `min_context` to this.
    pub max_context: usize,
    /// σ, the standard deviation of a pixel.
    pub pixel_std_dev: LinearSchedule,
    /// Adam's step size.
    pub learning_rate: LinearSchedule,
    /// The learning rate rises in a straight line over that many first steps, until it meets its schedule: Adam's
    /// estimates are noisy at first, and large steps then can cost a voxel model hundreds of steps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub warmup_steps: u64,
    /// How much the divergence counts in the loss; 1 where nothing is said. A warm-up starts lower. Its steps are those of
    /// the ELBO phase, and `run` is as long as that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_weight: Option<LinearSchedule>,
    /// How long representation and generator are trained alone at first, see [`Phase::Generation`]; not at all where
    /// nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation_steps: Option<GenerationSteps>,
    /// In the ELBO phase, one step of so many maximises what those of the generation phase do, so that the mean picture
    /// stays as good as it was there; none where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_every: Option<u32>,
    /// Maximum global norm of the gradient: a gradient with a larger norm is scaled down to it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_gradient: Option<f64>,
    /// Decay of an exponential moving average of the weights, which is then what is evaluated and exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_average: Option<f64>,
    /// The variant of the step.
    #[serde(default)]
    pub form: StepVariant,
    /// The compute type.
    #[serde(default)]
    pub precision: Precision,
    /// Whether the fused variant's large convolutions go by Winograd's algorithm; where nothing is said, where that pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winograd: Option<bool>,
    /// Activation checkpointing: the DRAW steps and the representation are recomputed for the backward pass instead of
    /// kept. Less memory, more time.
    #[serde(default)]
    pub recompute: bool,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Steps between lines of `metrics.jsonl`; a line waits for the device.
    pub log_every: u64,
    /// Held-out scenes of the evaluation at the end.
    pub test_scenes: u64,
    /// Steps between validations on held-out scenes, which find the best weights (`best.safetensors`).
    pub evaluate_every: u64,
    /// Epochs after which all rendered scenes are replaced by new ones, which are rendered meanwhile; without it, the
    /// same scenes serve the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_epochs: Option<u64>,
    /// Rendered scenes that are in memory at a time, where that is fewer than all: the others follow, after
    /// `refresh_epochs` epochs of them (otherwise after one). Chosen at the start of a run whose scenes do not fit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resident_scenes: Option<u64>,
    /// Files to train on instead of rendered scenes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<DataConfig>,
    /// The model's sizes.
    pub model: ModelConfig,
}

/// A data set on disk, in the layout of `DeepMind`'s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataConfig {
    /// The folder that holds `train` and `test`.
    pub folder: PathBuf,
    /// Leave damaged scenes out instead of stopping: the next sound one takes the place.
    #[serde(default)]
    pub skip_damaged: bool,
    /// Views of a scene; found in the files.
    #[serde(default)]
    pub views: usize,
    /// Views of a held-out scene; found in the files.
    #[serde(default)]
    pub test_views: usize,
}

impl TrainConfig {
    /// The run over that many processes.
    ///
    /// # Errors
    /// [`ConfigError::Range`]: the batch cannot be shared out evenly.
    pub fn over(mut self, processes: usize) -> Result<Self, ConfigError> {
        if self.processes.is_none() {
            self.batch = self.batch.saturating_mul(processes);
        }
        if !self.batch.is_multiple_of(processes) {
            let expected = "a multiple of the number of processes";
            return Err(out_of_range("batch", &self.batch, expected));
        }
        self.processes = Some(processes);
        self.validate()?;
        Ok(self)
    }

    /// Scenes of a batch that each process takes.
    pub fn share(&self) -> usize {
        self.batch / self.processes.unwrap_or(1)
    }

    /// Views of a scene.
    pub fn views(&self) -> usize {
        self.data.as_ref().map_or(self.world.views_per_scene(), |data| data.views)
    }

    /// Rendered scenes that are in memory at a time.
    pub fn resident(&self) -> u64 {
        self.resident_scenes.unwrap_or(self.scenes).min(self.scenes)
    }

    /// Checks what training takes for granted.
    ///
    /// # Errors
    /// [`ConfigError`] names the first value that does not fit.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.model.validate()?;
        let views = self.views();
        let positive = [
            ("scenes", self.scenes),
            ("steps", self.steps),
            ("batch", self.batch as u64),
            ("processes", self.processes.unwrap_or(1) as u64),
            ("accumulate", self.accumulate as u64),
            ("min_context", self.min_context as u64),
            ("max_context", self.max_context as u64),
            ("checkpoint_every", self.checkpoint_every),
            ("log_every", self.log_every),
            ("test_scenes", self.test_scenes),
            ("evaluate_every", self.evaluate_every),
        ];
        for (name, found) in positive {
            if found == 0 || found > 1 << 31 {
                return Err(out_of_range(name, &found, "at least 1 and at most 2^31"));
            }
        }
        if self.batch > MOST_BATCH {
            return Err(out_of_range("batch", &self.batch, "at most 2^20"));
        }
        if self.seed >= 1 << 31 {
            return Err(out_of_range("seed", &self.seed, "a number below 2^31"));
        }
        if self.max_context >= views {
            let expected = "fewer than the views of a scene, so that one is left to paint";
            return Err(out_of_range("max_context", &self.max_context, expected));
        }
        if let Some(data) = self.data.as_ref().filter(|data| data.test_views <= self.max_context) {
            let (found, context) = (data.test_views, self.max_context);
            return Err(ConfigError::TestViews { path: data.folder.clone(), found, context });
        }
        if self.min_context > self.max_context {
            let expected = "at most max_context";
            return Err(out_of_range("min_context", &self.min_context, expected));
        }
        if !self.share().is_multiple_of(self.accumulate) {
            let expected = "a divisor of the batch of a process";
            return Err(out_of_range("accumulate", &self.accumulate, expected));
        }
        if self.form == StepVariant::Reference && self.precision == Precision::Bf16 {
            let expected = "fp32 or tf32 with the reference variant";
            return Err(out_of_range("precision", &"bf16", expected));
        }
        if self.data.is_none() {
            self.model.check_rendered_scenes()?;
        }
        self.validate_refresh()?;
        self.validate_reals()
    }

    fn validate_refresh(&self) -> Result<(), ConfigError> {
        if let Some(resident) = self.resident_scenes
            && (resident == 0 || self.data.is_some())
        {
            let expected = "at least 1, and only with rendered scenes";
            return Err(out_of_range("resident_scenes", &resident, expected));
        }
        let Some(epochs) = self.refresh_epochs else { return Ok(()) };
        if epochs == 0 || self.data.is_some() {
            let expected = "at least 1, and only with rendered scenes";
            return Err(out_of_range("refresh_epochs", &epochs, expected));
        }
        if self.generation(self.steps) >= (1 << 32) / self.resident() {
            let expected = "so many that the run sees fewer than 2^32 scenes";
            return Err(out_of_range("refresh_epochs", &epochs, expected));
        }
        Ok(())
    }

    fn validate_reals(&self) -> Result<(), ConfigError> {
        for (name, schedule) in
            [("pixel_std_dev", self.pixel_std_dev), ("learning_rate", self.learning_rate)]
        {
            if ![schedule.start, schedule.end].iter().all(|value| value.is_finite() && *value > 0.0)
            {
                let found = format!("{} to {}", schedule.start, schedule.end);
                return Err(out_of_range(name, &found, "positive numbers"));
            }
        }
        if let Some(LinearSchedule { start, end, .. }) = self.kl_weight
            && ![start, end].iter().all(|value| value.is_finite() && *value >= 0.0)
        {
            let found = format!("{start} to {end}");
            return Err(out_of_range("kl_weight", &found, "numbers from 0"));
        }
        if let Some(GenerationSteps::Fraction(share)) = self.generation_steps
            && !(0.0..=1.0).contains(&share)
        {
            let expected = "a whole number of steps, or a share of the run from 0.0 to 1.0";
            return Err(out_of_range("generation_steps", &share, expected));
        }
        if let Some(every) = self.mean_every
            && every < 2
        {
            return Err(out_of_range(
                "mean_every",
                &every,
                "2 steps or more, of which one is of the mean picture",
            ));
        }
        match (self.clip_gradient, self.weight_average) {
            (Some(norm), _) if !(norm.is_finite() && norm > 0.0) => {
                Err(out_of_range("clip_gradient", &norm, "a positive number"))
            }
            (_, Some(decay)) if !(0.0..1.0).contains(&decay) => {
                Err(out_of_range("weight_average", &decay, "a decay from 0 to less than 1"))
            }
            _ => Ok(()),
        }
    }

    /// The configuration as a file.
    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).expect("a config is plain data")
    }

    /// How often the scenes in memory have been replaced when a step begins.
    pub fn generation(&self, step: u64) -> u64 {
        let in_parts = (self.resident() < self.scenes).then_some(1);
        let epochs = self.refresh_epochs.or(in_parts);
        let scenes = epochs.map(|epochs| epochs.saturating_mul(self.resident()));
        scenes.map_or(0, |scenes| step.saturating_mul(self.batch as u64) / scenes)
    }

    /// The index, among all scenes that the run's seed gives, of a scene in memory. Where scenes are refreshed, each
    /// generation has new ones; otherwise the generations go round in the run's scenes.
    pub fn scene_index(&self, generation: u64, place: u64) -> u64 {
        let index = generation.saturating_mul(self.resident()).saturating_add(place);
        if self.refresh_epochs.is_some() { index } else { index % self.scenes }
    }

    /// σ at a step.
    pub fn pixel_std_dev_at(&self, step: u64) -> f64 {
        self.pixel_std_dev.at(step, self.steps)
    }

    /// How much the divergence counts at a step. The schedule begins with the ELBO phase: before it there is no
    /// divergence.
    pub fn kl_weight_at(&self, step: u64) -> f64 {
        let start = self.elbo_start();
        let (step, steps) = (step.saturating_sub(start), self.steps.saturating_sub(start));
        self.kl_weight.map_or(1.0, |weight| weight.at(step, steps))
    }

    /// The first step that maximises the evidence lower bound; those before it train the generator alone.
    pub fn elbo_start(&self) -> u64 {
        self.generation_steps.map_or(0, |phase| phase.end(self.steps))
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

    /// What a step maximises: that of its phase, but for the steps of [`TrainConfig::mean_every`]. Those are the last of
    /// each so many steps of the run, and leave inference cores and posterior as they are.
    pub fn objective_at(&self, step: u64) -> Phase {
        match self.mean_every {
            Some(every) if (step + 1).is_multiple_of(every.into()) => Phase::Generation,
            _ => self.phase_at(step),
        }
    }

    /// The same run with another number of steps, planned anew after `done` of them: where the ELBO phase has begun, it
    /// stays where it began, and it never begins at a step that is past.
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

    /// How the network is computed on a device.
    pub fn compute(&self, device: Device) -> Compute {
        let Self { form, precision, .. } = *self;
        // One transformed kernel for all steps; of unshared cores there would be gigabytes, and each would serve once.
        let pays =
            device == Device::Cpu && self.model.shared_core && self.model.shares_inference_core();
        Compute { form, precision, winograd: self.winograd.unwrap_or(pays) }
    }

    /// Adam's step size at a step.
    pub fn learning_rate_at(&self, step: u64) -> f64 {
        let warmup = (step.saturating_add(1) as f64 / self.warmup_steps.max(1) as f64).min(1.0);
        self.learning_rate.at(step, self.steps) * warmup
    }
}

/// Largest batch, of all processes together.
const MOST_BATCH: usize = 1 << 20;

fn one() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(steps: &u64) -> bool {
    *steps == 0
}

fn out_of_range(name: &'static str, found: &impl ToString, expected: &'static str) -> ConfigError {
    ConfigError::Range { name, found: found.to_string(), expected }
}

#[cfg(test)]
mod tests;
