//! What a run is: the model's sizes and everything else that its numbers follow from.

use std::path::{Path, PathBuf};

use gqn_datasets::{DataError, DataSet};
use gqn_formats::{FormatError, ModelConfig, Preset};
use gqn_scenes::{Split, World};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::schedule::{LinearSchedule, Span, WholeRun};

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
    /// B: scenes in a batch (Eslami et al. 2018: 36).
    pub batch: usize,
    /// Most context views; the number is drawn for each batch from 1 to this.
    pub max_context: usize,
    /// σ, the standard deviation of a pixel.
    pub pixel_std_dev: LinearSchedule,
    /// Adam's step size.
    pub learning_rate: LinearSchedule,
    /// Steps between checkpoints.
    pub checkpoint_every: u64,
    /// Steps between lines of `metrics.jsonl`; a line waits for the device.
    pub log_every: u64,
    /// Held-out scenes of the evaluation at the end.
    pub test_scenes: u64,
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

/// Why a configuration was refused.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum ConfigError {
    #[error("could not read {}\nhint: is the path right?", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    #[error("{} is not valid TOML\nhint: a run's own config.toml shows the form", path.display())]
    Toml { path: PathBuf, source: Box<toml::de::Error> },
    #[error(
        "the configuration does not fit\nhint: trainer/src/config.rs lists the keys; a run's config.toml shows all of them"
    )]
    Fields { source: Box<toml::de::Error> },
    #[error("{name} is {found}, expected {expected}")]
    Range { name: &'static str, found: String, expected: &'static str },
    #[error(transparent)]
    Model(#[from] FormatError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error("{} is none to train on: it has no folder `{missing}`\nhint: name the folder that holds `train` and `test`", path.display())]
    Split { path: PathBuf, missing: &'static str },
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
            max_context: world.max_context(),
            pixel_std_dev: LinearSchedule { start: 2.0, end: 0.7, over: Span::Steps(200_000) },
            learning_rate: LinearSchedule { start: 5e-4, end: 5e-5, over: Span::Steps(1_600_000) },
            checkpoint_every: 1000,
            log_every: 10,
            test_scenes: 100,
            refresh_epochs: None,
            data: None,
            model: preset.config(),
        };
        match preset {
            Preset::Paper => paper,
            Preset::Edge => Self { steps: 200_000, learning_rate: over_run(1e-3, 5e-5), ..paper },
            Preset::Tiny => Self {
                scenes: 2000,
                steps: 5000,
                batch: 16,
                pixel_std_dev: over_run(1.0, 0.5),
                learning_rate: over_run(2e-3, 2e-4),
                checkpoint_every: 500,
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
        merge(&mut over, flags);
        let preset = preset.or(named).unwrap_or(Preset::Tiny);
        let mut base = toml::Table::try_from(Self::preset(preset)).expect("a preset is plain data");
        let is_given = ["max_context", "scenes", "world"].map(|key| over.contains_key(key));
        let [context_is_given, scenes_are_given, world_is_given] = is_given;
        merge(&mut base, over);
        let mut config: Self =
            base.try_into().map_err(|source| ConfigError::Fields { source: Box::new(source) })?;
        config.look_at_data(scenes_are_given, world_is_given)?;
        if !context_is_given {
            config.max_context = config.world.max_context().min(config.views().saturating_sub(1));
        }
        config.validate()?;
        Ok(config)
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
            ("max_context", self.max_context as u64),
            ("checkpoint_every", self.checkpoint_every),
            ("log_every", self.log_every),
            ("test_scenes", self.test_scenes),
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
        if let Some(epochs) = self.refresh_epochs {
            if epochs == 0 || self.data.is_some() {
                let expected = "at least 1, and only with rendered scenes";
                return Err(out_of_range("refresh_epochs", &epochs, expected));
            }
            if self.generation(self.steps) >= (1 << 32) / self.scenes {
                let expected = "so many that the run sees fewer than 2^32 scenes";
                return Err(out_of_range("refresh_epochs", &epochs, expected));
            }
        }
        for (name, schedule) in
            [("pixel_std_dev", self.pixel_std_dev), ("learning_rate", self.learning_rate)]
        {
            if ![schedule.start, schedule.end].iter().all(|value| value.is_finite() && *value > 0.0)
            {
                let found = format!("{} to {}", schedule.start, schedule.end);
                return Err(out_of_range(name, &found, "positive numbers"));
            }
        }
        Ok(())
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

    /// Adam's step size at a step.
    pub fn learning_rate_at(&self, step: u64) -> f64 {
        self.learning_rate.at(step, self.steps)
    }
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
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_the_preset() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("a.toml");
        std::fs::write(&file, "preset = \"edge\"\nbatch = 3\n[model]\nsteps = 2\n")
            .expect("a file");
        let flags: toml::Table = "batch = 5".parse().expect("TOML");
        let config = TrainConfig::layered(None, Some(&file), flags).expect("a config");
        assert_eq!((config.batch, config.model.steps, config.model.image_size), (5, 2, 64));
        let whole = folder.path().join("b.toml");
        std::fs::write(&whole, config.to_toml()).expect("a file");
        assert_eq!(
            TrainConfig::layered(None, Some(&whole), toml::Table::new()).expect("a config"),
            config
        );
    }

    #[test]
    fn the_context_follows_the_world() {
        let flags: toml::Table = "world = \"shepard-metzler-5\"".parse().expect("TOML");
        assert_eq!(TrainConfig::layered(None, None, flags).expect("a config").max_context, 14);
    }

    #[track_caller]
    fn refused(flags: &str, part: &str) {
        let error =
            TrainConfig::layered(None, None, flags.parse().expect("TOML")).expect_err("a refusal");
        let text = format!(
            "{error} {}",
            std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
        );
        assert!(text.contains(part), "{text}");
    }

    #[test]
    fn what_does_not_fit_is_refused_by_name() {
        refused("bach = 3", "bach");
        refused("batch = 0", "batch is 0");
        refused("max_context = 10", "max_context is 10");
        refused("[model]\nsteps = 0", "steps is 0");
        refused("world = \"moon\"", "moon");
        refused("seed = 2147483648", "seed");
        refused("refresh_epochs = 0", "refresh_epochs is 0");
        refused("scenes = 1000\nsteps = 2147483648\nrefresh_epochs = 1", "refresh_epochs is 1");
        refused("learning_rate = { start = -1.0, end = 1.0, over = 3 }", "learning_rate");
    }
}
