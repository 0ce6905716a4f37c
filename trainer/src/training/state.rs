//! Between a training in memory and its files: what is saved, and what training continues from.

use gqn_formats::{FormatError, Provenance};

use super::step::Trainer;
use crate::convert::{to_array, to_tensor};
use crate::run::folder::{CHECKPOINT_FILE, RunFolder};
use crate::run::state::TrainingState;

/// Writes the state, then the checkpoint, unless a number is not finite; returns the checkpoint's sha256. The state
/// alone decides where a resumed run goes on, so being killed between the two loses nothing.
///
/// # Errors
/// [`FormatError::NotFinite`], otherwise as [`write_atomic`](gqn_system::write_atomic).
pub(crate) fn save(
    folder: &RunFolder,
    trainer: &Trainer,
    provenance: &Provenance,
) -> Result<String, FormatError> {
    let steps = trainer.adam.steps();
    let moments = trainer.adam.moments();
    let average = trainer.ema.iter().flat_map(super::ema::Ema::weights);
    folder.save_state(TrainingState {
        checkpoint: trainer.model.checkpoint(steps, provenance.clone()),
        moments: moments.map(|(name, pair)| (name.to_owned(), pair.map(to_array))).collect(),
        average: average.map(|(name, weight)| (name.clone(), to_array(weight))).collect(),
    })?;
    trainer
        .with_ema_weights(|model| folder.save_checkpoint(CHECKPOINT_FILE, model, steps, provenance))
}

/// Puts model, optimiser and average back to where [`save`] found them; returns the provenance.
///
/// # Errors
/// [`FormatError`]: no state, a damaged one, or one of another model.
pub(crate) fn restore(
    folder: &RunFolder,
    trainer: &mut Trainer,
) -> Result<Provenance, FormatError> {
    let is_averaged = trainer.ema.is_some();
    let TrainingState { checkpoint, moments, average } =
        folder.read_state(trainer.model.config(), is_averaged)?;
    trainer.model.load(&checkpoint.tensors);
    trainer.adam.restore(checkpoint.step, |name| moments[name].each_ref().map(to_tensor));
    if let Some(own) = &mut trainer.ema {
        own.restore(|name| to_tensor(&average[name]));
    }
    Ok(checkpoint.provenance)
}
