//! How good the pictures of held-out scenes are.

use std::sync::atomic::{AtomicBool, Ordering};

use gqn_datasets::{DataError, SceneSet};
use gqn_formats::Checkpoint;
use serde::{Deserialize, Serialize};
use tch::{Device, Tensor};

use super::Progress;
use super::predictions::{Predictions, squared_error, squared_errors};
use crate::config::RunScenes;
use crate::config::schedule::Phase;
use crate::data::batch::{Choice, DeviceScenes, noise};
use crate::data::scenes::{CONSTANT_SCENES, SCENES_AT_ONCE, constant_picture};
use crate::data::test_scenes::TestScenes;
use crate::evaluation::quality::{Quality, QualitySum, total};
use crate::model::Gqn;
use crate::model::elbo::floor;

mod summary;
mod table;
mod test_plan;

pub use summary::NothingLearned;
pub use test_plan::TestPlan;

/// Figures over held-out scenes; queries are never in the context. Errors are means over pixel values in \[0, 1\].
///
/// The fields but the last are of the largest context. Weights of the generation phase have a posterior that was never
/// trained: reconstructions, divergence and bound are not measured then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// What the last step of training maximised.
    pub phase: Phase,
    /// Scenes looked at.
    pub scenes: usize,
    /// Scenes that were damaged and left out.
    pub damaged: usize,
    /// Context views of each.
    pub context: usize,
    /// Pictures painted.
    pub queries: usize,
    /// Squared error of generated mean pictures (zero noise).
    pub mse_generated: f64,
    /// Squared error of the best constant picture, the mean of the training frames.
    pub mse_constant: f64,
    /// `mse_generated / mse_constant`.
    pub ratio: f64,
    /// Squared error of pictures generated with sampled latents.
    pub mse_sampled: f64,
    /// Absolute error of generated mean pictures.
    pub mae_generated: f64,
    /// Mean over pictures of the peak signal-to-noise ratio of generated mean pictures, in decibels.
    pub psnr_generated: f64,
    /// Mean over pictures of the structural similarity of generated mean pictures.
    pub ssim_generated: f64,
    /// Squared error of reconstructions, which see the query picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mse_reconstructed: Option<f64>,
    /// Kullback–Leibler divergence over all DRAW steps, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// Evidence lower bound at `pixel_std_dev`, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elbo: Option<f64>,
    /// −ELBO less its floor, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<f64>,
    /// σ of the bound.
    pub pixel_std_dev: f64,
    /// Seed of the noise.
    pub seed: u64,
    /// Training steps of the model.
    pub steps: u64,
    /// Seconds of training.
    pub seconds: f64,
    /// By the number of context views; the same pictures are painted with each.
    pub by_context: Vec<ContextRow>,
}

/// Figures for one number of context views.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextRow {
    /// Context views.
    pub context: usize,
    /// Evidence lower bound in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elbo: Option<f64>,
    /// −ELBO less its floor, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<f64>,
    /// Kullback–Leibler divergence over all DRAW steps, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// Squared error of pictures generated with sampled latents.
    pub mse_sampled: f64,
    /// Squared error of the best of several samples of each picture; none of a single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mse_best_sample: Option<f64>,
    /// Root of the mean squared difference between two of these samples, in pixel values.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample_difference: Option<f64>,
    /// Generated mean pictures, which see the context alone.
    pub generated: Quality,
    /// Reconstructions, which see the query picture as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reconstructed: Option<Quality>,
}

/// What is known of a model before it is evaluated.
#[derive(Debug, Clone, Copy)]
pub struct Figures<'a> {
    /// Mean of the training frames, `[3,S,S]`.
    pub constant: &'a [f32],
    /// The phase of the last step of training.
    pub phase: Phase,
    /// Steps of training.
    pub steps: u64,
    /// Seconds of training.
    pub seconds: f64,
}

/// Evaluates a checkpoint, whose last training step was of `phase`, on held-out scenes of a run.
///
/// # Errors
/// [`DataError`]: the scenes' files cannot be read.
pub fn evaluate_run(
    checkpoint: &Checkpoint,
    phase: Phase,
    run: &RunScenes,
    plan: &TestPlan,
    device: Device,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Option<Evaluation>, DataError> {
    let model = Gqn::from_checkpoint(checkpoint, device);
    let scenes = run.data.scenes.min(CONSTANT_SCENES);
    let constant = constant_picture(run, scenes, &mut |done, scenes| {
        on_progress(Progress::Rendering { done, scenes });
    })?;
    let (steps, seconds) = (checkpoint.step, checkpoint.provenance.seconds);
    let figures = Figures { constant: &constant, phase, steps, seconds };
    evaluate(&model, run, plan, figures, &AtomicBool::new(false), on_progress)
}

/// Evaluates a model on held-out scenes; `None` if `interrupted` becomes true.
///
/// # Errors
/// [`DataError`]: the scenes' files cannot be read.
pub(crate) fn evaluate(
    model: &Gqn,
    run: &RunScenes,
    plan: &TestPlan,
    known: Figures<'_>,
    interrupted: &AtomicBool,
    on_progress: &mut dyn FnMut(Progress),
) -> Result<Option<Evaluation>, DataError> {
    let scenes = TestScenes::open(run, plan.scenes)?;
    let count = scenes.len() as u64;
    let side = model.config().image_size as i64;
    let constant = Tensor::from_slice(known.constant).view([1, 3, side, side]);
    let mut evaluator = Evaluator {
        model,
        plan,
        phase: known.phase,
        constant: constant.to_device(model.device()),
        scenes: 0,
        constant_error: 0.0,
        rows: plan.contexts.iter().map(|_| Sums::default()).collect(),
    };
    for part in scenes.parts() {
        let part = part?;
        let stays = evaluator.evaluate(&part, interrupted, &mut |done| {
            on_progress(Progress::Evaluating { done: done as u64, scenes: count });
        });
        if !stays {
            return Ok(None);
        }
    }
    if evaluator.scenes == 0
        && let Some(error) = scenes.none_sound()
    {
        return Err(error);
    }
    if evaluator.scenes < scenes.len() {
        on_progress(Progress::Evaluating { done: count, scenes: count });
    }
    Ok(Some(evaluator.evaluation(scenes.len(), known)))
}

/// Paints scenes and sums up how well.
struct Evaluator<'a> {
    model: &'a Gqn,
    plan: &'a TestPlan,
    phase: Phase,
    constant: Tensor,
    scenes: usize,
    constant_error: f64,
    /// One entry a number of context views.
    rows: Vec<Sums>,
}

#[derive(Debug, Default)]
struct Sums {
    pictures: usize,
    kl: f64,
    elbo: f64,
    sampled: f64,
    best_sample: f64,
    difference: f64,
    generated: QualitySum,
    reconstructed: QualitySum,
}

impl Evaluator<'_> {
    /// Whether it came to the end of the scenes.
    fn evaluate(
        &mut self,
        scenes: &SceneSet,
        interrupted: &AtomicBool,
        on_scene: &mut dyn FnMut(usize),
    ) -> bool {
        let (plan, model) = (self.plan, self.model);
        let frames = DeviceScenes::new(scenes, model.config().pose_encoding, model.device());
        let queries = plan.query_views(scenes.views());
        let before = self.scenes;
        for first in (0..scenes.len()).step_by(SCENES_AT_ONCE) {
            let some = first..(first + SCENES_AT_ONCE).min(scenes.len());
            for (row, &context) in plan.contexts.iter().enumerate() {
                let mut r = None;
                for &query in &queries {
                    if interrupted.load(Ordering::Relaxed) {
                        return false;
                    }
                    let choice = |scene| Choice { scene, context: (0..context).collect(), query };
                    let choices: Vec<Choice> = some.clone().map(choice).collect();
                    // The same for every number of context views, so that only the context differs.
                    let place = ((before + first) * scenes.views() + query) as u64;
                    self.picture(row, &frames, &choices, place, &mut r);
                }
            }
            self.scenes += some.len();
            on_scene(self.scenes);
        }
        true
    }

    /// One view of some scenes; `r` is kept from one view to the next.
    fn picture(
        &mut self,
        row: usize,
        frames: &DeviceScenes,
        choices: &[Choice],
        place: u64,
        r: &mut Option<Tensor>,
    ) {
        let (model, plan) = (self.model, self.plan);
        tch::no_grad(|| {
            let batch = frames.batch(choices);
            let r = r.get_or_insert_with(|| {
                model.represent(&batch.context_frames, &batch.context_poses)
            });
            let truth = &batch.query_frames;
            let shape = model.noise_shape(choices.len() as i64);
            let noises: Vec<Tensor> = (0..plan.samples as u64)
                .map(|which| noise(plan.seed, which << 48 | place, &shape, model.device()))
                .collect();
            let sigma = (self.phase == Phase::Elbo).then_some(plan.pixel_std_dev);
            let Predictions { mean, samples, reconstruction } =
                Predictions::new(model, &batch, r, &noises, sigma);
            let sums = &mut self.rows[row];
            sums.pictures += choices.len();
            let errors: Vec<Tensor> =
                samples.iter().map(|sample| squared_errors(sample, truth)).collect();
            sums.sampled += total(&errors[0]);
            sums.best_sample += total(&Tensor::stack(&errors, 0).amin([0].as_slice(), false));
            if let [first, second, ..] = samples.as_slice() {
                sums.difference += squared_error(first, second);
            }
            sums.generated.add(&mean, truth);
            if let Some((frames, elbo)) = reconstruction {
                sums.kl += total(&elbo.kl);
                sums.elbo += total(&elbo.bound());
                sums.reconstructed.add(&frames, truth);
            }
            if row + 1 == plan.contexts.len() {
                self.constant_error += squared_error(&self.constant, truth);
            }
        });
    }

    fn evaluation(&self, scenes: usize, known: Figures<'_>) -> Evaluation {
        let side = self.model.config().image_size;
        let floor = floor(3 * side * side, self.plan.pixel_std_dev);
        let has_posterior = self.phase == Phase::Elbo;
        let has_several = self.plan.samples > 1;
        let row = |(sums, &context): (&Sums, &usize)| {
            let mean = |sum: f64| sum / sums.pictures.max(1) as f64;
            let of_posterior = |figure: f64| has_posterior.then_some(figure);
            ContextRow {
                context,
                elbo: of_posterior(mean(sums.elbo)),
                excess: of_posterior(-mean(sums.elbo) - floor),
                kl: of_posterior(mean(sums.kl)),
                mse_sampled: mean(sums.sampled),
                mse_best_sample: has_several.then(|| mean(sums.best_sample)),
                sample_difference: has_several.then(|| mean(sums.difference).sqrt()),
                generated: sums.generated.mean(),
                reconstructed: has_posterior.then(|| sums.reconstructed.mean()),
            }
        };
        let by_context: Vec<ContextRow> =
            self.rows.iter().zip(&self.plan.contexts).map(row).collect();
        let last = by_context.last().expect("a plan has a number of context views");
        let queries = self.rows[self.rows.len() - 1].pictures;
        let mse_constant = self.constant_error / queries.max(1) as f64;
        Evaluation {
            phase: self.phase,
            scenes: self.scenes,
            damaged: scenes - self.scenes,
            context: last.context,
            queries,
            mse_generated: last.generated.mse,
            mse_constant,
            ratio: last.generated.mse / mse_constant,
            mse_sampled: last.mse_sampled,
            mae_generated: last.generated.mae,
            psnr_generated: last.generated.psnr,
            ssim_generated: last.generated.ssim,
            mse_reconstructed: last.reconstructed.map(|quality| quality.mse),
            kl: last.kl,
            elbo: last.elbo,
            excess: last.excess,
            pixel_std_dev: self.plan.pixel_std_dev,
            seed: self.plan.seed,
            steps: known.steps,
            seconds: known.seconds,
            by_context,
        }
    }
}
