//! How good the pictures of held-out scenes are.

use std::collections::BTreeMap;

use gqn_datasets::{DataError, SceneSet};
use gqn_formats::Checkpoint;
use gqn_scenes::Split;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use crate::batch::{Choice, DeviceScenes, noise};
use crate::config::TrainConfig;
use crate::elbo::{Elbo, floor};
use crate::event::Event;
use crate::feed::{CONSTANT_SCENES, scenes_of};
use crate::model::{Gqn, Latents, Rollout};

/// Figures over held-out scenes; queries are never in the context. Errors are means over pixel values in \[0, 1\].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Scenes looked at.
    pub scenes: usize,
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
    /// Squared error of reconstructions, which see the query picture.
    pub mse_reconstructed: f64,
    /// Kullback–Leibler divergence over all DRAW steps, in nats.
    pub kl: f64,
    /// Evidence lower bound at `pixel_std_dev`, in nats.
    pub elbo: f64,
    /// −ELBO less its floor, in nats.
    pub excess: f64,
    /// σ of the bound.
    pub pixel_std_dev: f64,
    /// Training steps of the model.
    pub steps: u64,
    /// Seconds of training.
    pub seconds: f64,
}

impl Evaluation {
    /// The figures that go into a checkpoint's provenance, by name.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let figures = [
            ("mse_generated", self.mse_generated),
            ("mse_constant", self.mse_constant),
            ("mse_sampled", self.mse_sampled),
            ("psnr_generated", self.psnr_generated),
            ("mse_reconstructed", self.mse_reconstructed),
            ("kl", self.kl),
            ("elbo", self.elbo),
        ];
        figures.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What is compared: the held-out scenes, how many of their views are shown, and the best constant picture.
#[derive(Debug)]
pub struct TestSet<'a> {
    /// Held-out scenes.
    pub scenes: &'a SceneSet,
    /// Context views; the others are painted.
    pub context: usize,
    /// Mean of the training frames, `[3,S,S]`.
    pub constant: &'a [f32],
    /// σ of the bound.
    pub pixel_std_dev: f64,
    /// Seed of the noise.
    pub seed: u64,
}

/// Paints every view of the test set that is not in the context.
pub fn evaluate(
    model: &Gqn,
    test: &TestSet<'_>,
    steps: u64,
    seconds: f64,
    on_scene: &mut dyn FnMut(usize),
) -> Evaluation {
    const SCENES_AT_ONCE: usize = 8;
    let device = model.device();
    let frames = DeviceScenes::new(test.scenes, model.config().pose_encoding, device);
    let side = model.config().image_size as i64;
    let constant = Tensor::from_slice(test.constant).view([1, 3, side, side]).to_device(device);
    let context: Vec<usize> = (0..test.context).collect();
    let mut sums = Sums::default();
    tch::no_grad(|| {
        for first in (0..test.scenes.len()).step_by(SCENES_AT_ONCE) {
            let scenes = first..(first + SCENES_AT_ONCE).min(test.scenes.len());
            let mut r = None;
            for query in test.context..test.scenes.views() {
                let choices: Vec<Choice> = scenes
                    .clone()
                    .map(|scene| Choice { scene, context: context.clone(), query })
                    .collect();
                let batch = frames.batch(&choices);
                let r = r.get_or_insert_with(|| {
                    model.represent(&batch.context_frames, &batch.context_poses)
                });
                let (truth, v) = (&batch.query_frames, &batch.query_poses);
                let shape = model.noise_shape(choices.len() as i64);
                let noise =
                    noise(test.seed, (first * test.scenes.views() + query) as u64, &shape, device);
                let mean = model.generate(v, r, &noise.zeros_like());
                let sampled = model.generate(v, r, &noise);
                let rollout =
                    Rollout::new(model, v, r, Latents::Posterior { frames: truth, noise: &noise });
                let elbo = Elbo::new(&rollout, truth, test.pixel_std_dev);
                let squared = mean_over_picture(&(&mean - truth).square());
                sums.pictures += choices.len();
                sums.psnr += total(&(squared.clamp_min(1e-10).log10() * -10.0));
                sums.generated += total(&squared);
                sums.absolute += total(&mean_over_picture(&(&mean - truth).abs()));
                sums.sampled += total(&mean_over_picture(&(sampled - truth).square()));
                sums.reconstructed +=
                    total(&mean_over_picture(&(rollout.frames() - truth).square()));
                sums.constant += total(&mean_over_picture(&(&constant - truth).square()));
                sums.kl += total(&elbo.kl);
                sums.elbo += total(&elbo.bound());
            }
            on_scene(scenes.end);
        }
    });
    sums.evaluation(test, model.config().image_size, steps, seconds)
}

/// Renders or reads the scenes that a run's configuration names and evaluates a checkpoint on them.
///
/// # Errors
/// [`DataError`]: the scenes' files cannot be read.
pub fn evaluate_run(
    checkpoint: &Checkpoint,
    config: &TrainConfig,
    device: Device,
    on_event: &mut dyn FnMut(Event),
) -> Result<Evaluation, DataError> {
    let model = Gqn::from_checkpoint(checkpoint, device);
    let scenes = config.scenes.min(CONSTANT_SCENES);
    let constant = scenes_of(config, Split::Train, scenes, &mut |done, scenes| {
        on_event(Event::Rendering { done, scenes });
    })?
    .mean_frame();
    evaluate_held_out(
        &model,
        config,
        &constant,
        checkpoint.step,
        checkpoint.provenance.seconds,
        on_event,
    )
}

/// Evaluates a model on the held-out scenes of a run's configuration, against a constant picture `[3,S,S]`.
pub(crate) fn evaluate_held_out(
    model: &Gqn,
    config: &TrainConfig,
    constant: &[f32],
    steps: u64,
    seconds: f64,
    on_event: &mut dyn FnMut(Event),
) -> Result<Evaluation, DataError> {
    let scenes = scenes_of(config, Split::Test, config.test_scenes, &mut |_, _| {})?;
    let count = scenes.len() as u64;
    let test = TestSet {
        scenes: &scenes,
        context: config.max_context,
        constant,
        pixel_std_dev: config.pixel_std_dev_at(config.steps),
        seed: config.seed,
    };
    Ok(evaluate(model, &test, steps, seconds, &mut |done| {
        on_event(Event::Evaluating { done: done as u64, scenes: count });
    }))
}

#[derive(Debug, Default)]
struct Sums {
    pictures: usize,
    generated: f64,
    absolute: f64,
    sampled: f64,
    reconstructed: f64,
    constant: f64,
    psnr: f64,
    kl: f64,
    elbo: f64,
}

impl Sums {
    fn evaluation(&self, test: &TestSet<'_>, side: usize, steps: u64, seconds: f64) -> Evaluation {
        let mean = |sum: f64| sum / self.pictures.max(1) as f64;
        Evaluation {
            scenes: test.scenes.len(),
            context: test.context,
            queries: self.pictures,
            mse_generated: mean(self.generated),
            mse_constant: mean(self.constant),
            ratio: self.generated / self.constant,
            mse_sampled: mean(self.sampled),
            mae_generated: mean(self.absolute),
            psnr_generated: mean(self.psnr),
            mse_reconstructed: mean(self.reconstructed),
            kl: mean(self.kl),
            elbo: mean(self.elbo),
            excess: -mean(self.elbo) - floor(3 * side * side, test.pixel_std_dev),
            pixel_std_dev: test.pixel_std_dev,
            steps,
            seconds,
        }
    }
}

/// `x [B,3,S,S] -> [B]`
fn mean_over_picture(x: &Tensor) -> Tensor {
    x.mean_dim([1, 2, 3].as_slice(), false, None)
}

fn total(x: &Tensor) -> f64 {
    x.sum(Kind::Double).double_value(&[])
}
