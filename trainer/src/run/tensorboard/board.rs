//! Events of a run as `TensorBoard`'s scalars, histograms and images.

use std::path::{Path, PathBuf};
use std::time::Instant;

use gqn_pictures::{PngSize, encode_png};
use gqn_system::SystemError;

use super::{EventFile, Value};
use crate::config::schedule::Phase;
use crate::evaluation::validation::{Example, Validation};
use crate::run::event::{Event, StepMetrics};

/// Where a run's event files lie in its folder.
pub const BOARD_FOLDER: &str = "tensorboard";

/// Pixels between the views of a context.
const GAP: usize = 2;

/// A listener for [`Event`]s that writes event files: figures of steps and of held-out scenes, their pictures, and how
/// the divergence spreads over the DRAW steps.
#[derive(Debug)]
pub struct Board {
    folder: PathBuf,
    file: Option<EventFile>,
    last: Option<(u64, Instant)>,
}

impl Board {
    /// A board in a run's folder. Nothing is written before training starts.
    pub fn new(run: &Path) -> Self {
        Self { folder: run.join(BOARD_FOLDER), file: None, last: None }
    }

    /// Writes down one event.
    ///
    /// # Errors
    /// [`SystemError::Write`], for instance because the disk is full.
    pub fn show(&mut self, event: &Event) -> Result<(), SystemError> {
        match event {
            Event::Started { step, .. } => {
                // Steps are counted as taken here: what an earlier file says of later ones is void.
                self.file = Some(EventFile::create(&self.folder, *step + 1)?);
                self.last = Some((*step, Instant::now()));
                Ok(())
            }
            Event::Step(metrics) => {
                let mut values = of_step(metrics);
                let now = Instant::now();
                if let Some((step, since)) = self.last.replace((metrics.step, now))
                    && metrics.step > step
                {
                    let seconds = (now - since).as_secs_f64().max(1e-9);
                    let rate = (metrics.step - step) as f64 / seconds;
                    values.push(Value::scalar("train/steps_per_sec", rate));
                }
                self.append(metrics.step + 1, values)
            }
            Event::Validation(held_out) => {
                let values = of_held_out(held_out);
                self.append(held_out.figures.step, values)
            }
            _ => Ok(()),
        }
    }

    fn append(&mut self, step: u64, values: Vec<Value>) -> Result<(), SystemError> {
        self.file.as_mut().map_or(Ok(()), |file| file.append(step, values))
    }
}

/// Every number of a line of the log, so that a new one needs no line here.
fn of_step(metrics: &StepMetrics) -> Vec<Value> {
    let mut values = numbers("train", metrics);
    let is_elbo = f64::from(u8::from(metrics.phase == Phase::Elbo));
    values.push(Value::scalar("train/is_elbo_phase", is_elbo));
    values
}

fn numbers(group: &str, figures: &impl serde::Serialize) -> Vec<Value> {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(figures) else {
        unreachable!("figures are a JSON object");
    };
    let numbers = fields.iter().filter(|(name, _)| *name != "step");
    numbers
        .filter_map(|(name, value)| Some(Value::scalar(format!("{group}/{name}"), value.as_f64()?)))
        .collect()
}

fn of_held_out(held_out: &Validation) -> Vec<Value> {
    let mut values = numbers("held_out", &held_out.figures);
    let known = held_out.kl_by_step.iter().enumerate().filter(|(_, kl)| !kl.is_empty());
    for (index, kl) in known {
        values.push(Value::histogram(format!("kl_by_step/{:02}", index + 1), kl));
    }
    for (index, example) in held_out.examples.iter().enumerate() {
        let Example { side, context, truth, reconstruction, generation, sample } = example;
        let rows = [
            ("context", context.iter().map(Vec::as_slice).collect::<Vec<_>>()),
            ("truth", vec![truth.as_slice()]),
            ("reconstruction", reconstruction.iter().map(Vec::as_slice).collect()),
            ("generation", vec![generation.as_slice()]),
            ("sample", vec![sample.as_slice()]),
        ];
        let rows = rows.into_iter().filter(|(_, pictures)| !pictures.is_empty());
        for (name, pictures) in rows {
            values.push(picture(format!("scene_{}/{name}", index + 1), *side, &pictures));
        }
    }
    values
}

/// RGB8 pictures beside one another.
fn picture(tag: String, side: usize, pictures: &[&[u8]]) -> Value {
    let width = pictures.len() * (side + GAP) - GAP;
    let mut rgb8 = vec![255; 3 * width * side];
    for (index, picture) in pictures.iter().enumerate() {
        for (row, line) in picture.chunks_exact(3 * side).enumerate() {
            let start = 3 * (row * width + index * (side + GAP));
            rgb8[start..start + 3 * side].copy_from_slice(line);
        }
    }
    let png = encode_png(width, side, &rgb8, PngSize::Quick);
    let png = png.expect("a picture of this size fits into memory as PNG");
    Value::picture(tag, width as u32, side as u32, png)
}
