//! The error of a precision, and the quality of fewer DRAW steps, on held-out views.

use std::collections::BTreeMap;

use gqn_formats::{Checkpoint, ModelConfig, Precision, PrecisionError, Tensor};
use gqn_pictures::FrameMetrics;
use gqn_runtime::{Engine, Noise};
use gqn_runtime_native::OnnxRuntime;
use gqn_scenes::Split;
use ndarray::Axis;

use crate::engine::{graphs_on_cpu, on_cpu};
use crate::error::ExportError;
use crate::graphs::{Graphs, build_graphs_with, drawing_graphs, encode_alone};
use crate::options::ExportOptions;
use crate::scenes::{SceneSource, SceneViews};
use crate::summary::summarize;

/// Equal pictures have no distance; so many decibels stand for it.
const EQUAL: f64 = 200.0;

/// How good the pictures of the first steps are, on held-out views.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StepQuality {
    /// K.
    pub steps: usize,
    /// Mean squared error of the mean picture from the truth.
    pub mse: f64,
    /// Peak signal-to-noise ratio of that error, in decibels.
    pub psnr: f64,
    /// That against the picture after all steps.
    pub psnr_of_all_steps: f64,
    /// Multiply-adds for one query of the generator that is exported.
    pub multiply_adds: u64,
}

/// How near the graphs of a precision are to those of single precision: held-out views, each with a noise of its own,
/// through both on ONNX Runtime's CPU.
///
/// # Errors
/// [`ExportError`]: no scenes, or the engine fails.
pub fn measure_precision_error(
    runtime: &OnnxRuntime,
    checkpoint: &Checkpoint,
    graphs: &Graphs,
    options: &ExportOptions,
    scenes: &SceneSource,
    views: usize,
) -> Result<PrecisionError, ExportError> {
    let single = ExportOptions { precision: Precision::Fp32, ..options.clone() };
    let mut expected = graphs_on_cpu(runtime, &build_graphs_with(checkpoint, &single))?;
    let mut found = graphs_on_cpu(runtime, graphs)?;
    let config = &checkpoint.config;
    let mut metrics = Vec::new();
    for scene in scenes.each(config, Split::Test, views)? {
        let scene = scene?;
        let [expected_scene, found_scene] = [&mut expected, &mut found]
            .map(|engine| engine.represent(&scene.context_frames, &scene.context_poses));
        let (expected_scene, found_scene) = (expected_scene?, found_scene?);
        for query in 0..scene.queries().min(views - metrics.len()) {
            let noise = Noise::new(metrics.len() as u64, 1.0).tensor(config, 1);
            let pose = pose(&scene, query);
            let expected = expected.generate(&expected_scene, &pose, &noise)?;
            let found = found.generate(&found_scene, &pose, &noise)?;
            metrics.push(compare(config, &found, &expected));
        }
    }
    let smallest = metrics.iter().map(|metrics| metrics.psnr).fold(EQUAL, f64::min);
    let mean = FrameMetrics::mean(&metrics).ok_or(ExportError::NoViews)?;
    Ok(PrecisionError { views: metrics.len(), psnr: mean.psnr.min(EQUAL), smallest_psnr: smallest })
}

/// How good the mean pictures after the first step are, after two, and so on, on held-out views; and what graphs of so many
/// steps cost with those options.
///
/// # Errors
/// As [`measure_precision_error`].
pub fn measure_steps(
    runtime: &OnnxRuntime,
    checkpoint: &Checkpoint,
    options: &ExportOptions,
    scenes: &SceneSource,
    views: usize,
) -> Result<Vec<StepQuality>, ExportError> {
    let config = &checkpoint.config;
    let [representation, drawing] =
        drawing_graphs(config).map(|graph| encode_alone(&graph, checkpoint));
    let mut engine = on_cpu(runtime, &representation, &drawing, &BTreeMap::new())?;
    let noise = Noise::mean().tensor(config, 1);
    let mut from_truth = vec![Vec::new(); config.steps];
    let mut from_all = from_truth.clone();
    for scene in scenes.each(config, Split::Test, views)? {
        let scene = scene?;
        let r = engine.represent(&scene.context_frames, &scene.context_poses)?;
        for query in 0..scene.queries().min(views - from_all[0].len()) {
            let pictures = engine.generate(&r, &pose(&scene, query), &noise)?;
            let picture = |step: usize| pictures.index_axis(Axis(0), step).to_owned();
            let truth = scene.true_frames.index_axis(Axis(0), query).to_owned();
            let last = picture(config.steps - 1);
            for step in 0..config.steps {
                from_truth[step].push(compare(config, &picture(step), &truth));
                from_all[step].push(compare(config, &picture(step), &last));
            }
        }
    }
    let quality = |step: usize| {
        let mean =
            |metrics: &[FrameMetrics]| FrameMetrics::mean(metrics).ok_or(ExportError::NoViews);
        let (truth, all) = (mean(&from_truth[step])?, mean(&from_all[step])?);
        let shorter = ModelConfig { steps: step + 1, ..config.clone() };
        let [_, generator] = summarize(&shorter, options);
        Ok(StepQuality {
            steps: step + 1,
            mse: truth.mse,
            psnr: truth.psnr.min(EQUAL),
            psnr_of_all_steps: all.psnr.min(EQUAL),
            multiply_adds: generator.multiply_adds,
        })
    };
    (0..config.steps).map(quality).collect()
}

fn pose(scene: &SceneViews, query: usize) -> Tensor {
    scene.query_poses.slice_axis(Axis(0), (query..=query).into()).to_owned()
}

fn compare(config: &ModelConfig, found: &Tensor, expected: &Tensor) -> FrameMetrics {
    let [found, expected] =
        [found, expected].map(|picture| picture.iter().copied().collect::<Vec<f32>>());
    FrameMetrics::compare(config.image_size, &found, &expected)
}
