//! The model of the first K DRAW steps, and its sample.

use gqn_formats::{Checkpoint, ModelConfig, Tensor, TensorFile, names, parameters};
use gqn_runtime::{Engine, VERIFY_TOLERANCE};
use gqn_runtime_native::OnnxRuntime;
use ndarray::Axis;

use crate::engine::graphs_on_cpu;
use crate::error::ExportError;
use crate::graphs::build_graphs_with;
use crate::options::ExportOptions;

/// The sample's note of how many steps its pictures took, where they are not all.
const STEPS_KEY: &str = "steps";

/// The model of the first K of L steps.
///
/// The canvas is a sum over the steps, and a step reads only the steps before it: so the picture of K steps is that of the
/// same weights in a model of K steps, exactly. Cores that are not shared and come later are left out.
///
/// # Errors
/// [`ExportError::Steps`] if there are not so many.
pub fn shortened(checkpoint: &Checkpoint, steps: usize) -> Result<Checkpoint, ExportError> {
    let trained = checkpoint.config.steps;
    if !(1..=trained).contains(&steps) {
        return Err(ExportError::Steps { found: steps, trained });
    }
    let config = ModelConfig { steps, ..checkpoint.config.clone() };
    let tensors = parameters(&config)
        .into_iter()
        .filter_map(|parameter| checkpoint.tensors.get_key_value(&parameter.name))
        .map(|(name, tensor)| (name.clone(), tensor.clone()))
        .collect();
    Ok(Checkpoint { config, tensors, ..checkpoint.clone() })
}

/// The sample of the shortened model.
///
/// Its inputs are the trainer's, with the noise of the first steps. The trainer's pictures are of all steps, so those of
/// the first steps are computed here: by the reference variant of the shortened model on ONNX Runtime, after the reference
/// variant of the whole model gave the trainer's pictures on the same engine.
///
/// # Errors
/// [`ExportError::SampleDiffers`] if it did not; otherwise the engine's errors.
pub fn shortened_sample(
    runtime: &OnnxRuntime,
    whole: &Checkpoint,
    short: &Checkpoint,
    sample: &TensorFile,
) -> Result<TensorFile, ExportError> {
    let expected = [names::SAMPLE_FRAMES, names::SAMPLE_MEAN_FRAMES];
    for (name, found) in expected.iter().zip(pictures(runtime, whole, sample)?) {
        let difference = largest_difference(&found, &sample.tensors[*name]);
        if difference.is_nan() || difference > VERIFY_TOLERANCE {
            return Err(ExportError::SampleDiffers { name, difference, allowed: VERIFY_TOLERANCE });
        }
    }
    let mut short_sample = sample.clone();
    let noise = &sample.tensors[names::SAMPLE_NOISE];
    let noise = noise.slice_axis(Axis(1), (..short.config.steps).into()).to_owned();
    short_sample.tensors.insert(names::SAMPLE_NOISE.to_owned(), noise);
    for (name, found) in expected.iter().zip(pictures(runtime, short, &short_sample)?) {
        short_sample.tensors.insert((*name).to_owned(), found);
    }
    short_sample.metadata.insert(STEPS_KEY.to_owned(), short.config.steps.to_string());
    Ok(short_sample)
}

/// The sample's pictures by the reference variant: with noise, and mean pictures.
fn pictures(
    runtime: &OnnxRuntime,
    checkpoint: &Checkpoint,
    sample: &TensorFile,
) -> Result<[Tensor; 2], ExportError> {
    let graphs = build_graphs_with(checkpoint, &ExportOptions::REFERENCE);
    let mut engine = graphs_on_cpu(runtime, &graphs)?;
    let input = |name: &str| &sample.tensors[name];
    let scene = engine
        .represent(input(names::SAMPLE_CONTEXT_FRAMES), input(names::SAMPLE_CONTEXT_POSES))?;
    let (poses, noise) = (input(names::SAMPLE_QUERY_POSES), input(names::SAMPLE_NOISE));
    let frames = engine.generate(&scene, poses, noise)?;
    let mean_frames = engine.generate(&scene, poses, &Tensor::zeros(noise.shape()))?;
    Ok([frames, mean_frames])
}

fn largest_difference(found: &Tensor, expected: &Tensor) -> f32 {
    let differences = found.iter().zip(expected).map(|(found, expected)| (found - expected).abs());
    // What is no number stays none, whatever follows.
    differences.fold(
        0.0,
        |largest: f32, next| {
            if largest.is_nan() || next <= largest { largest } else { next }
        },
    )
}
