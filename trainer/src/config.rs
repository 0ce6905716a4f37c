//! What a run is: the model's sizes and everything else that its numbers follow from.

use std::path::{Path, PathBuf};

use gqn_datasets::DataSet;
use gqn_formats::{ModelConfig, Preset};
use gqn_scenes::{Split, World};
use serde::{Deserialize, Serialize};
use tch::Device;

pub use self::error::ConfigError;
use crate::model::{Compute, Form, Precision};
use crate::schedule::{LinearSchedule, Span, WholeRun};

mod error;

/// A whole run. Two runs of equal configs on one CPU thread give the same numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrainConfig {
    /// Where scenes come from.
    pub world: World,
    /// Scenes to train on, rendered before the first step.
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
    /// How much the divergence counts in the loss; 1 where nothing is said. A warm-up starts lower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl_weight: Option<LinearSchedule>,
    /// Longest gradient, taken over all parameters as one vector; longer ones are shortened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clip_gradient: Option<f64>,
    /// Decay of an exponential moving average of the weights, which is then what is evaluated and exported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight_average: Option<f64>,
    /// How the network is computed.
    #[serde(default)]
    pub form: Form,
    /// In which numbers.
    #[serde(default)]
    pub precision: Precision,
    /// Whether the fast form's large convolutions go by Winograd's algorithm; where nothing is said, where that pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winograd: Option<bool>,
    /// Compute the DRAW steps and the representation anew for the backward pass instead of keeping them: less memory,
    /// more time.
    #[serde(default)]
    pub recompute: bool,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Steps between lines of `metrics.jsonl`; a line waits for the device.
    pub log_every: u64,
    /// Held-out scenes of the evaluation at the end.
    pub test_scenes: u64,
    /// Steps between looks at held-out scenes, which find the best weights (`best.safetensors`).
    pub evaluate_every: u64,
    /// Epochs after which all rendered scenes are replaced by new ones, which are rendered meanwhile; without it, the
    /// same scenes serve the whole run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_epochs: Option<u64>,
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
}

impl TrainConfig {
    /// The run that goes with a preset of the model.
    pub fn preset(preset: Preset) -> Self {
        let world = World::RoomsRingCamera;
        let paper = Self {
            world,
            scenes: 20_000,
            seed: 0,
            steps: 2_000_000,
            batch: 36,
            processes: None,
            accumulate: 1,
            min_context: 1,
            max_context: world.max_context(),
            pixel_std_dev: LinearSchedule { start: 2.0, end: 0.7, over: Span::Steps(200_000) },
            learning_rate: LinearSchedule { start: 5e-4, end: 5e-5, over: Span::Steps(1_600_000) },
            kl_weight: None,
            clip_gradient: None,
            weight_average: None,
            form: Form::Fast,
            precision: Precision::Fp32,
            winograd: None,
            recompute: false,
            checkpoint_every: 1000,
            log_every: 10,
            test_scenes: 100,
            evaluate_every: 1000,
            refresh_epochs: None,
            data: None,
            model: preset.config(),
        };
        match preset {
            Preset::Paper => paper,
            Preset::Edge => Self {
                batch: 8,
                clip_gradient: Some(1.0),
                pixel_std_dev: over_run(1.0, 0.5),
                steps: 60_000,
                learning_rate: over_run(4e-3, 1e-4),
                ..paper
            },
            Preset::Tiny => Self {
                batch: 8,
                clip_gradient: Some(1.0),
                pixel_std_dev: over_run(1.0, 0.5),
                scenes: 4000,
                steps: 5000,
                learning_rate: over_run(4e-3, 2e-4),
                checkpoint_every: 500,
                evaluate_every: 500,
                ..paper
            },
            Preset::EdgeTower => {
                Self { steps: 200_000, learning_rate: over_run(1e-3, 5e-5), ..paper }
            }
            Preset::TinyTower => Self {
                scenes: 2000,
                steps: 5000,
                batch: 16,
                pixel_std_dev: over_run(1.0, 0.5),
                learning_rate: over_run(2e-3, 2e-4),
                checkpoint_every: 500,
                evaluate_every: 500,
                ..paper
            },
        }
    }

    /// The preset's run with a file's keys, then the flags' keys, laid over it. A file may name its `preset`.
    ///
    /// # Errors
    /// [`ConfigError`]: no such file, not TOML, an unknown key, a value out of range.
    pub fn layered(
        preset: Option<Preset>,
        file: Option<&Path>,
        flags: toml::Table,
    ) -> Result<Self, ConfigError> {
        let mut over = match file {
            None => toml::Table::new(),
            Some(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
                text.parse().map_err(|source| ConfigError::Toml {
                    path: path.to_owned(),
                    source: Box::new(source),
                })?
            }
        };
        let named = match over.remove("preset") {
            Some(toml::Value::String(name)) => Some(name.parse::<Preset>()?),
            Some(other) => return Err(out_of_range("preset", &other, "a name")),
            None => None,
        };
        if flags.contains_key("batch") {
            // The flag is about each process, not about those of the run that wrote the file.
            over.remove("processes");
        }
        merge(&mut over, flags);
        let preset = preset.or(named).unwrap_or(Preset::TinyTower);
        let mut base = toml::Table::try_from(Self::preset(preset)).expect("a preset is plain data");
        let is_given = ["max_context", "scenes", "world"].map(|key| over.contains_key(key));
        let [context_is_given, scenes_are_given, world_is_given] = is_given;
        merge(&mut base, over);
        let mut config: Self =
            base.try_into().map_err(|source| ConfigError::Fields { source: Box::new(source) })?;
        config.model = config.model.canonical();
        config.look_at_data(scenes_are_given, world_is_given)?;
        if !context_is_given {
            config.max_context = config.world.max_context().min(config.views().saturating_sub(1));
        }
        config.validate()?;
        Ok(config)
    }

    /// The run over that many processes.
    ///
    /// # Errors
    /// [`ConfigError::Range`]: the batch cannot be shared out evenly.
    pub fn over(mut self, processes: usize) -> Result<Self, ConfigError> {
        if self.processes.is_none() {
            self.batch *= processes;
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

    /// Takes from the files, if there are any, what they say themselves.
    fn look_at_data(
        &mut self,
        scenes_are_given: bool,
        world_is_given: bool,
    ) -> Result<(), ConfigError> {
        let Some(data) = &mut self.data else { return Ok(()) };
        for (split, missing) in [(Split::Train, "train"), (Split::Test, "test")] {
            if !DataSet::has_split(&data.folder, split) {
                return Err(ConfigError::Split { path: data.folder.clone(), missing });
            }
        }
        let set = DataSet::open(&data.folder, Split::Train)?;
        data.views = set.views();
        if !scenes_are_given {
            self.scenes = set.len() as u64;
        } else if self.scenes > set.len() as u64 {
            let expected = "at most as many as the files hold";
            return Err(out_of_range("scenes", &self.scenes, expected));
        }
        if let (Some(known), false) = (set.known(), world_is_given) {
            self.world = known.world;
        }
        Ok(())
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
        if self.seed >= 1 << 31 {
            return Err(out_of_range("seed", &self.seed, "a number below 2^31"));
        }
        if self.max_context >= views {
            let expected = "fewer than the views of a scene, so that one is left to paint";
            return Err(out_of_range("max_context", &self.max_context, expected));
        }
        if self.min_context > self.max_context {
            let expected = "at most max_context";
            return Err(out_of_range("min_context", &self.min_context, expected));
        }
        if !self.share().is_multiple_of(self.accumulate) {
            let expected = "a divisor of the batch of a process";
            return Err(out_of_range("accumulate", &self.accumulate, expected));
        }
        if self.form == Form::Plain && self.precision == Precision::Bf16 {
            let expected = "fp32 or tf32 with the plain form";
            return Err(out_of_range("precision", &"bf16", expected));
        }
        self.validate_refresh()?;
        self.validate_reals()
    }

    fn validate_refresh(&self) -> Result<(), ConfigError> {
        let Some(epochs) = self.refresh_epochs else { return Ok(()) };
        if epochs == 0 || self.data.is_some() {
            let expected = "at least 1, and only with rendered scenes";
            return Err(out_of_range("refresh_epochs", &epochs, expected));
        }
        if self.generation(self.steps) >= (1 << 32) / self.scenes {
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

    /// How often the scenes have been replaced when a step begins.
    pub fn generation(&self, step: u64) -> u64 {
        let scenes = self.refresh_epochs.map(|epochs| epochs.saturating_mul(self.scenes));
        scenes.map_or(0, |scenes| step.saturating_mul(self.batch as u64) / scenes)
    }

    /// σ at a step.
    pub fn pixel_std_dev_at(&self, step: u64) -> f64 {
        self.pixel_std_dev.at(step, self.steps)
    }

    /// How much the divergence counts at a step.
    pub fn kl_weight_at(&self, step: u64) -> f64 {
        self.kl_weight.map_or(1.0, |weight| weight.at(step, self.steps))
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
        self.learning_rate.at(step, self.steps)
    }
}

fn one() -> usize {
    1
}

fn over_run(start: f64, end: f64) -> LinearSchedule {
    LinearSchedule { start, end, over: Span::Run(WholeRun::Run) }
}

fn out_of_range(name: &'static str, found: &impl ToString, expected: &'static str) -> ConfigError {
    ConfigError::Range { name, found: found.to_string(), expected }
}

fn merge(base: &mut toml::Table, over: toml::Table) {
    for (key, value) in over {
        match (base.get_mut(&key), value) {
            (Some(toml::Value::Table(base)), toml::Value::Table(over)) => merge(base, over),
            (_, value) => {
                base.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests;
