//! The files of a run: what `gqn-train train --out` writes and `--resume` reads.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use gqn_formats::{
    Checkpoint, FormatError, Overwrite, Provenance, TensorFile, parameters, sha256_hex,
    write_atomic,
};
use serde::{Deserialize, Serialize};

use crate::average::Average;
use crate::convert::{to_array, to_tensor};
use crate::model::Gqn;
use crate::step::Trainer;
use crate::tensorboard::{BOARD_FOLDER, is_event_file};

/// The run's configuration.
pub const CONFIG_FILE: &str = "config.toml";
/// The newest weights, averaged if the run averages them.
pub const CHECKPOINT_FILE: &str = "checkpoint.safetensors";
/// Everything that training goes on from: weights, Adam's moments, the average, steps.
pub const STATE_FILE: &str = "state.safetensors";
/// A line of figures for every logged step.
pub const LOG_FILE: &str = "metrics.jsonl";
/// The weights whose generated pictures of held-out scenes had the least squared error so far.
pub const BEST_FILE: &str = "best.safetensors";
/// A line of figures for every look at held-out scenes.
pub const HELD_OUT_FILE: &str = "held_out.jsonl";
/// Inputs and libtorch's outputs for the newest checkpoint.
pub const GOLDEN_FILE: &str = "golden.safetensors";
/// The held-out evaluation.
pub const EVALUATION_FILE: &str = "metrics.json";

const STATE_FORMAT_KEY: &str = "gqn_training_state";
const STATE_FORMAT: u64 = 1;
const FIRST_MOMENT: &str = "adam.first_moment.";
const SECOND_MOMENT: &str = "adam.second_moment.";
const AVERAGE: &str = "average.";

/// A run's folder.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

impl RunFolder {
    /// The folder at that path, which need not exist.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Whether a run is in it.
    pub fn holds_a_run(&self) -> bool {
        self.file(CONFIG_FILE).exists() || self.file(STATE_FILE).exists()
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The path of one of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Removes the files of an earlier run, and nothing else.
    ///
    /// # Errors
    /// [`FormatError::Write`] if a file cannot be removed.
    pub fn clear(&self) -> Result<(), FormatError> {
        const FILES: [&str; 8] = [
            CONFIG_FILE,
            CHECKPOINT_FILE,
            STATE_FILE,
            BEST_FILE,
            LOG_FILE,
            HELD_OUT_FILE,
            GOLDEN_FILE,
            EVALUATION_FILE,
        ];
        let board = fs::read_dir(self.file(BOARD_FOLDER)).into_iter().flatten().flatten();
        let events = board.map(|entry| entry.path()).filter(|path| is_event_file(path));
        for path in FILES.map(|name| self.file(name)).into_iter().chain(events) {
            if path.exists() {
                fs::remove_file(&path).map_err(|source| FormatError::Write { path, source })?;
            }
        }
        Ok(())
    }

    /// Writes a file of the run in place of an earlier one.
    ///
    /// # Errors
    /// As [`write_atomic`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), FormatError> {
        write_atomic(&self.file(name), bytes, Overwrite::Force)
    }

    /// Writes the state, then the checkpoint, unless a number is not finite; returns the checkpoint's sha256. The state
    /// alone decides where a resumed run goes on, so being killed between the two loses nothing.
    ///
    /// # Errors
    /// [`FormatError::NotFinite`], otherwise as [`write_atomic`].
    pub fn save(&self, trainer: &Trainer, provenance: &Provenance) -> Result<String, FormatError> {
        let steps = trainer.adam.steps();
        let own = trainer.model.checkpoint(steps, provenance.clone());
        // Weights that are no numbers never replace those that are, nor do moments from which no weight recovers.
        own.check(STATE_FILE)?;
        let mut state = own.into_tensor_file();
        state.metadata.insert(STATE_FORMAT_KEY.to_owned(), STATE_FORMAT.to_string());
        for (name, moments) in trainer.adam.moments() {
            for (prefix, moment) in [FIRST_MOMENT, SECOND_MOMENT].into_iter().zip(moments) {
                let (name, moment) = (format!("{prefix}{name}"), to_array(moment));
                if moment.iter().any(|value| !value.is_finite()) {
                    return Err(FormatError::NotFinite { what: STATE_FILE.to_owned(), name });
                }
                state.tensors.insert(name, moment);
            }
        }
        for (name, weight) in trainer.average.iter().flat_map(Average::weights) {
            state.tensors.insert(format!("{AVERAGE}{name}"), to_array(weight));
        }
        self.write(STATE_FILE, &state.to_bytes(STATE_FILE)?)?;
        drop(state);
        trainer.published(|model| self.save_checkpoint(CHECKPOINT_FILE, model, steps, provenance))
    }

    /// Writes the weights alone; returns the file's sha256.
    ///
    /// # Errors
    /// [`FormatError::NotFinite`], otherwise as [`write_atomic`].
    pub fn save_checkpoint(
        &self,
        name: &str,
        model: &Gqn,
        step: u64,
        provenance: &Provenance,
    ) -> Result<String, FormatError> {
        let checkpoint = model.checkpoint(step, provenance.clone());
        checkpoint.check(name)?;
        let bytes = checkpoint.into_tensor_file().to_bytes(name)?;
        self.write(name, &bytes)?;
        Ok(sha256_hex(&bytes))
    }

    /// Puts model, optimiser and average back to where [`RunFolder::save`] found them; returns the provenance.
    ///
    /// # Errors
    /// [`FormatError`]: no state, a damaged one, or one of another model.
    pub fn restore(&self, trainer: &mut Trainer) -> Result<Provenance, FormatError> {
        let model = &trainer.model;
        let path = self.file(STATE_FILE);
        let what = path.display().to_string();
        let bytes = fs::read(&path).map_err(|source| FormatError::Read { path, source })?;
        let mut state = TensorFile::from_bytes(&what, &bytes)?;
        match state.metadata.remove(STATE_FORMAT_KEY) {
            Some(version) if version == STATE_FORMAT.to_string() => {}
            Some(found) => {
                return Err(FormatError::Version { what, found, expected: STATE_FORMAT });
            }
            None => {
                return Err(FormatError::Metadata {
                    what,
                    expected: "training state",
                    key: STATE_FORMAT_KEY,
                });
            }
        }
        let mut moments = BTreeMap::new();
        let average = trainer.average.as_ref().map(|_| AVERAGE);
        for parameter in parameters(model.config()) {
            for prefix in [FIRST_MOMENT, SECOND_MOMENT].into_iter().chain(average) {
                let key = format!("{prefix}{}", parameter.name);
                moments.insert(key.clone(), to_tensor(state.get(&what, &key, &parameter.shape)?));
                state.tensors.remove(&key);
            }
        }
        let checkpoint = Checkpoint::from_tensor_file(&what, state)?;
        if checkpoint.config != *model.config() {
            let json = |config| serde_json::to_string(config).unwrap_or_default();
            let (found, expected) = (json(&checkpoint.config), json(model.config()));
            return Err(FormatError::OtherModel { what, found, expected });
        }
        model.load(&checkpoint.tensors);
        let saved = |prefix: &str, name: &str| moments[&format!("{prefix}{name}")].shallow_clone();
        trainer.adam.restore(checkpoint.step, |name| {
            [FIRST_MOMENT, SECOND_MOMENT].map(|prefix| saved(prefix, name))
        });
        if let Some(average) = &mut trainer.average {
            average.restore(|name| saved(AVERAGE, name));
        }
        Ok(checkpoint.provenance)
    }

    /// Opens a log for appending after dropping the lines of step `step` and later: a killed run may have logged
    /// steps that its state does not know.
    ///
    /// # Errors
    /// [`FormatError::Write`] if the log cannot be written.
    pub fn open_log(&self, name: &str, step: u64) -> Result<Log, FormatError> {
        let path = self.file(name);
        let old = fs::read_to_string(&path).unwrap_or_default();
        let kept: String = old
            .split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .filter(|line| serde_json::from_str::<Line>(line).is_ok_and(|line| line.step < step))
            .collect();
        write_atomic(&path, kept.as_bytes(), Overwrite::Force)?;
        let file = OpenOptions::new().append(true).open(&path);
        match file {
            Ok(file) => Ok(Log { file, path }),
            Err(source) => Err(FormatError::Write { path, source }),
        }
    }
}

/// What all lines of logs have.
#[derive(Deserialize)]
struct Line {
    step: u64,
}

/// An open log: a line of JSON for every entry.
#[derive(Debug)]
pub struct Log {
    file: File,
    path: PathBuf,
}

impl Log {
    /// Appends one line.
    ///
    /// # Errors
    /// [`FormatError::Write`], for instance because the disk is full.
    pub fn append(&mut self, figures: &impl Serialize) -> Result<(), FormatError> {
        let mut line = serde_json::to_string(figures).expect("figures are JSON");
        line.push('\n');
        self.file
            .write_all(line.as_bytes())
            .map_err(|source| FormatError::Write { path: self.path.clone(), source })
    }
}
