//! Whether a sample belongs to a checkpoint.

use gqn_formats::{ModelConfig, TensorFile, names};

use crate::error::ExportError;

/// Checks that a sample was computed from the checkpoint file with that SHA-256, and that its tensors fit the config.
///
/// # Errors
/// [`ExportError::SampleOrigin`] or [`ExportError::SampleOfAnother`] if it does not belong to the checkpoint;
/// [`ExportError::Format`] names the first tensor that is missing or of another shape.
pub fn check_sample(
    sample: &TensorFile,
    config: &ModelConfig,
    checkpoint_sha256: &str,
) -> Result<(), ExportError> {
    let found = sample.metadata.get(names::SAMPLE_CHECKPOINT).ok_or(ExportError::SampleOrigin)?;
    if found != checkpoint_sha256 {
        let (found, expected) = (found.clone(), checkpoint_sha256.to_owned());
        return Err(ExportError::SampleOfAnother { found, expected });
    }
    let items =
        |name: &str| sample.tensors.get(name).and_then(|tensor| tensor.shape().first().copied());
    let views = items(names::SAMPLE_CONTEXT_FRAMES).unwrap_or(1).max(1);
    let queries = items(names::SAMPLE_QUERY_POSES).unwrap_or(1).max(1);
    let (side, size, pose) = (config.image_size, config.hidden_size(), config.pose_channels());
    for (name, shape) in [
        (names::SAMPLE_CONTEXT_FRAMES, vec![views, 3, side, side]),
        (names::SAMPLE_CONTEXT_POSES, vec![views, pose]),
        (names::SAMPLE_QUERY_POSES, vec![queries, pose]),
        (names::SAMPLE_NOISE, vec![queries, config.steps, config.latent_channels, size, size]),
        (names::SAMPLE_FRAMES, vec![queries, 3, side, side]),
        (names::SAMPLE_MEAN_FRAMES, vec![queries, 3, side, side]),
        (names::SAMPLE_TRUE_FRAMES, vec![queries, 3, side, side]),
    ] {
        sample.get("the sample", name, &shape)?;
    }
    Ok(())
}
