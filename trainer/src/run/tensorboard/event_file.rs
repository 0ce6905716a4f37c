//! `TensorBoard`'s event files.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use gqn_datasets::append_record;
use gqn_system::{Overwrite, SystemError, write_atomic};
use prost::Message;

use super::message::{Event, Value};

/// What the names of event files begin with: by this `TensorBoard` knows them.
const PREFIX: &str = "events.out.tfevents.";

/// An event file that grows.
#[derive(Debug)]
pub struct EventFile {
    file: File,
    path: PathBuf,
}

impl EventFile {
    /// A new file in a folder, which is made if it is not there, of a run whose first event has `step`: what earlier
    /// files hold of this step and later ones is void.
    ///
    /// # Errors
    /// [`SystemError::Write`].
    pub fn create(folder: &Path, step: u64) -> Result<Self, SystemError> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Files are read in the order of their names.
        let name = format!("{PREFIX}{:010}.{:09}.gqn", since.as_secs(), since.subsec_nanos());
        let path = folder.join(name);
        let mut bytes = Vec::new();
        append_record(&mut bytes, &Event::version().encode_to_vec());
        append_record(&mut bytes, &Event::start(step).encode_to_vec());
        write_atomic(&path, &bytes, Overwrite::Refuse)?;
        match OpenOptions::new().append(true).open(&path) {
            Ok(file) => Ok(Self { file, path }),
            Err(source) => Err(SystemError::Write { path, source }),
        }
    }

    /// Appends what is known of a step.
    ///
    /// # Errors
    /// [`SystemError::Write`], for instance because the disk is full.
    pub fn append(&mut self, step: u64, values: Vec<Value>) -> Result<(), SystemError> {
        let mut bytes = Vec::new();
        append_record(&mut bytes, &Event::summary(step, values).encode_to_vec());
        let written = self.file.write_all(&bytes);
        written.map_err(|source| SystemError::Write { path: self.path.clone(), source })
    }
}

/// Whether a file's name is that of an event file of ours.
pub fn is_event_file(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.starts_with(PREFIX) && name.ends_with(".gqn")
}
