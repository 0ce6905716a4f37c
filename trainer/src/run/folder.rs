//! The files of a run: what `gqn-train train --out` writes and `--resume` reads.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use gqn_formats::{FormatError, ModelConfig, Provenance, TensorFile, sha256_hex};
use gqn_system::{Overwrite, SystemError, check_place, read_regular, write_atomic};
use serde::{Deserialize, Serialize};

use super::state::TrainingState;
use crate::model::Gqn;
use crate::run::tensorboard::{BOARD_FOLDER, is_event_file};

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
/// A line of figures for every validation.
pub const HELD_OUT_FILE: &str = "held_out.jsonl";
/// Inputs and libtorch's outputs for the newest checkpoint.
pub const GOLDEN_FILE: &str = "golden.safetensors";
/// The held-out evaluation.
pub const EVALUATION_FILE: &str = "metrics.json";

/// All that a run writes, but for its event files.
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

/// First line of the configuration of a run that has not saved a state yet. A run that was stopped then lost nothing: it
/// may be begun again or, since its configuration says all, resumed.
const BEGUN: &str = "# begun: no state is saved yet\n";
/// The same of a run whose first weights are another's, of which its configuration says nothing.
const BEGUN_WITH_INIT: &str = "# begun with --init: no state is saved yet\n";

/// A run's folder.
#[derive(Debug, Clone)]
pub struct RunFolder(PathBuf);

/// What a folder holds of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A run that was stopped before its first state was saved; whether it began with the weights of another one.
    Begun {
        /// Whether it began with the weights of another one.
        with_init: bool,
    },
    /// A run.
    Run,
}

impl RunFolder {
    /// The folder at that path, which need not exist.
    pub fn new(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// Whether a run is in it.
    pub fn found(&self) -> Found {
        if self.file(STATE_FILE).exists() {
            return Found::Run;
        }
        let config = read_regular(&self.file(CONFIG_FILE), u64::MAX);
        let is_empty = |name: &str| fs::metadata(self.file(name)).is_ok_and(|log| log.len() == 0);
        let is_only_begun =
            FILES.into_iter().skip(1).all(|name| !self.file(name).exists() || is_empty(name));
        match config {
            Ok(config) if is_only_begun && config.starts_with(BEGUN.as_bytes()) => {
                Found::Begun { with_init: false }
            }
            Ok(config) if is_only_begun && config.starts_with(BEGUN_WITH_INIT.as_bytes()) => {
                Found::Begun { with_init: true }
            }
            _ if self.file(CONFIG_FILE).exists() => Found::Run,
            _ => Found::Nothing,
        }
    }

    /// The first of the files that are there and that a new run would replace.
    pub fn in_the_way(&self) -> Option<PathBuf> {
        FILES
            .map(|name| self.file(name))
            .into_iter()
            .chain(self.event_files())
            .find(|path| fs::symlink_metadata(path).is_ok())
    }

    /// Whether a file of that name is one that runs write.
    pub fn is_run_file(path: &Path) -> bool {
        FILES.iter().any(|name| path.file_name().is_some_and(|found| found == *name))
    }

    fn event_files(&self) -> Vec<PathBuf> {
        let board = fs::read_dir(self.file(BOARD_FOLDER)).into_iter().flatten().flatten();
        board.map(|entry| entry.path()).filter(|path| is_event_file(path)).collect()
    }

    /// Writes the configuration of a run that begins, so that it can be told from one that has saved something.
    ///
    /// # Errors
    /// As [`write_atomic`].
    pub fn begin(&self, config: &str, with_init: bool) -> Result<(), SystemError> {
        let line = if with_init { BEGUN_WITH_INIT } else { BEGUN };
        self.write(CONFIG_FILE, format!("{line}{config}").as_bytes())
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
    /// [`SystemError::Write`] if a file cannot be removed.
    pub fn clear(&self) -> Result<(), SystemError> {
        let files = FILES.map(|name| self.file(name)).into_iter().chain(self.event_files());
        let files: Vec<PathBuf> = files.collect();
        files.iter().try_for_each(|path| check_place(path, Overwrite::Force))?;
        for path in files {
            if path.exists() {
                fs::remove_file(&path).map_err(|source| SystemError::Write { path, source })?;
            }
        }
        Ok(())
    }

    /// Writes a file of the run in place of an earlier one.
    ///
    /// # Errors
    /// As [`write_atomic`].
    pub fn write(&self, name: &str, bytes: &[u8]) -> Result<(), SystemError> {
        write_atomic(&self.file(name), bytes, Overwrite::Force)
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

    /// Writes a training state, unless a number is not finite.
    ///
    /// # Errors
    /// [`FormatError::NotFinite`], otherwise as [`write_atomic`].
    pub fn save_state(&self, state: TrainingState) -> Result<(), FormatError> {
        let state = state.into_tensor_file(STATE_FILE)?;
        Ok(self.write(STATE_FILE, &state.to_bytes(STATE_FILE)?)?)
    }

    /// Reads the training state of a model of that config; with an average of the weights, if that is wanted.
    ///
    /// # Errors
    /// [`FormatError`]: no state, a damaged one, or one of another model.
    pub fn read_state(
        &self,
        config: &ModelConfig,
        is_averaged: bool,
    ) -> Result<TrainingState, FormatError> {
        let path = self.file(STATE_FILE);
        let what = path.display().to_string();
        let bytes = read_regular(&path, u64::MAX)?;
        let state = TensorFile::from_bytes(&what, &bytes)?;
        TrainingState::from_tensor_file(&what, state, config, is_averaged)
    }

    /// Opens a log for appending after dropping the lines of step `step` and later: a killed run may have logged
    /// steps that its state does not know. A log with damaged lines is kept beside it as it was; the copy's path is returned.
    ///
    /// # Errors
    /// [`SystemError::Write`] if the log cannot be written, [`SystemError::Read`] if one is there and cannot be read.
    pub fn open_log(&self, name: &str, step: u64) -> Result<(Log, Option<PathBuf>), SystemError> {
        let path = self.file(name);
        let old = if path.exists() { read_regular(&path, u64::MAX)? } else { Vec::new() };
        let mut kept = Vec::with_capacity(old.len());
        let mut is_damaged = false;
        // A last line without an end was being written when the run was killed.
        for line in old.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"))
        {
            match serde_json::from_slice::<Line>(line) {
                Ok(line) if line.step >= step => {}
                Ok(_) => kept.extend_from_slice(line),
                Err(_) => is_damaged = true,
            }
        }
        let copy = is_damaged.then(|| self.free_name(&format!("{name}.damaged")));
        if let Some(copy) = &copy {
            write_atomic(copy, &old, Overwrite::Refuse)?;
        }
        write_atomic(&path, &kept, Overwrite::Force)?;
        match OpenOptions::new().append(true).open(&path) {
            Ok(file) => Ok((Log { file, path }, copy)),
            Err(source) => Err(SystemError::Write { path, source }),
        }
    }

    /// The name itself, or with a number behind it, so that nothing is there.
    fn free_name(&self, name: &str) -> PathBuf {
        let numbered = (2_u64..).map(|number| self.file(&format!("{name}.{number}")));
        let mut names = std::iter::once(self.file(name)).chain(numbered);
        names.find(|path| fs::symlink_metadata(path).is_err()).expect("there are many names")
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
    /// [`SystemError::Write`], for instance because the disk is full.
    pub fn append(&mut self, figures: &impl Serialize) -> Result<(), SystemError> {
        let mut line = serde_json::to_string(figures).expect("figures are JSON");
        line.push('\n');
        self.file
            .write_all(line.as_bytes())
            .map_err(|source| SystemError::Write { path: self.path.clone(), source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_folder() -> (tempfile::TempDir, RunFolder) {
        let folder = tempfile::tempdir().expect("a folder");
        let run = RunFolder::new(folder.path());
        (folder, run)
    }

    #[test]
    fn a_damaged_log_loses_nothing() {
        let (_folder, run) = run_folder();
        let log = b"{\"step\":0}\n{\"step\":\xFF1}\n{\"step\":2}\nnot json\n{\"step\":5}\n{\"st";
        fs::write(run.file(LOG_FILE), log).expect("a log");
        fs::write(run.file("metrics.jsonl.damaged"), b"an earlier one").expect("a file");
        let (mut opened, copy) = run.open_log(LOG_FILE, 4).expect("a log");
        opened.append(&serde_json::json!({"step": 4})).expect("a line");
        let text = fs::read_to_string(run.file(LOG_FILE)).expect("text");
        assert_eq!(text, "{\"step\":0}\n{\"step\":2}\n{\"step\":4}\n");
        let copy = copy.expect("a copy");
        assert_eq!(copy, run.file("metrics.jsonl.damaged.2"));
        assert_eq!(fs::read(copy).expect("a copy"), log);
        assert_eq!(run.open_log(LOG_FILE, 9).expect("a log").1, None, "it is whole again");
        assert_eq!(run.open_log(HELD_OUT_FILE, 9).expect("a new one").1, None);
    }

    #[test]
    fn a_log_that_cannot_be_read_is_not_emptied() {
        let (_folder, run) = run_folder();
        fs::create_dir(run.file(LOG_FILE)).expect("a folder in its place");
        let error = run.open_log(LOG_FILE, 1).expect_err("no log");
        assert!(matches!(error, SystemError::NotRegular { .. }), "{error}");
    }

    #[test]
    fn a_run_that_saved_nothing_is_told_from_one_that_did() {
        let (_folder, run) = run_folder();
        assert_eq!((run.found(), run.in_the_way()), (Found::Nothing, None));
        for with_init in [false, true] {
            run.begin("seed = 1\n", with_init).expect("a file");
            run.open_log(LOG_FILE, 0).expect("a log");
            assert_eq!(run.found(), Found::Begun { with_init });
        }
        let text = fs::read_to_string(run.file(CONFIG_FILE)).expect("text");
        assert!(text.parse::<toml::Table>().expect("TOML").contains_key("seed"));
        fs::write(run.file(CHECKPOINT_FILE), b"imported").expect("a file");
        assert_eq!(run.found(), Found::Run, "somebody's checkpoint came into it");
        fs::remove_file(run.file(CHECKPOINT_FILE)).expect("a file");
        fs::write(run.file(STATE_FILE), b"a state").expect("a file");
        assert_eq!(run.found(), Found::Run);
        run.clear().expect("removed");
        fs::write(run.file(CONFIG_FILE), b"seed = 1\n").expect("a file of somebody's");
        assert_eq!(run.found(), Found::Run);
    }

    #[test]
    fn every_file_that_a_run_replaces_is_in_its_way() {
        for name in FILES.into_iter().chain(["tensorboard/events.out.tfevents.0.gqn"]) {
            let (_folder, run) = run_folder();
            let path = run.file(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(&path, b"mine").expect("a file");
            assert_eq!(run.in_the_way(), Some(path));
        }
        let (_folder, run) = run_folder();
        fs::write(run.file("notes.txt"), b"mine").expect("a file");
        assert_eq!(run.in_the_way(), None);
    }
}
