//! Validation: a few held-out scenes during training, which tell the figures of training batches do not.

use std::collections::BTreeMap;

use gqn_datasets::DataError;
use gqn_scenes::Split;
use serde::{Deserialize, Serialize};
use tch::{Device, Kind, Tensor};

use super::predictions::{Predictions, squared_error};
use crate::config::schedule::Phase;
use crate::config::{RunScenes, ScheduleConfig};
use crate::data::batch::{Batch, Choice, DeviceScenes, noise};
use crate::data::scenes::scenes_of;
use crate::model::Gqn;
use crate::model::elbo::{Elbo, floor};

/// Scenes of a validation, one picture of each; their errors' mean moves by a few percent with other scenes, not with time.
const SCENES: u64 = 32;
/// Scenes that go through the network at once.
const AT_ONCE: usize = 16;
/// Scenes whose pictures are kept.
const EXAMPLES: usize = 3;
/// Noises of a validation count down from the last step that there can be, so that no step of training has them.
const LAST_NOISE: u64 = u64::MAX;

/// The scenes of all validations of a run: the first of the held-out ones, each with as large a context as in training.
#[derive(Debug)]
pub struct ValidationSet {
    scenes: DeviceScenes,
    choices: Vec<Choice>,
    /// Of the noise.
    seed: u64,
}

/// What a validation found.
#[derive(Debug, Clone)]
pub struct Validation {
    /// Means over the pictures.
    pub figures: ValidationFigures,
    /// For each DRAW step the divergence of every picture, in nats; of none without a posterior.
    pub kl_by_step: Vec<Vec<f64>>,
    /// The pictures of a few scenes.
    pub examples: Vec<Example>,
}

/// One line of `held_out.jsonl`: means over one picture of each held-out scene. The queries are not in the context.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ValidationFigures {
    /// Steps taken.
    pub step: u64,
    /// What the last of them maximised. In the generation phase inference cores and posterior still have their fresh
    /// weights, and nothing is said of them.
    pub phase: Phase,
    /// Squared error a pixel value of generated mean pictures (zero noise). Decides which checkpoint is the best.
    pub mse_generated: f64,
    /// Squared error of pictures that were generated with a sample of the latents.
    pub mse_sampled: f64,
    /// Squared error of reconstructions, which see the query picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mse_reconstructed: Option<f64>,
    /// Root of the mean squared difference between two samples of the same view, in pixel values.
    pub sample_difference: f64,
    /// Divergence over all DRAW steps, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kl: Option<f64>,
    /// Evidence lower bound in nats, at the σ of this step of training.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub elbo: Option<f64>,
    /// −ELBO less its floor, in nats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub excess: Option<f64>,
    /// That σ.
    pub pixel_std_dev: f64,
}

impl ValidationFigures {
    /// Of a model that is well, for tests.
    #[cfg(test)]
    pub(crate) const WELL: Self = Self {
        step: 10,
        phase: Phase::Elbo,
        mse_generated: 0.02,
        mse_sampled: 0.025,
        mse_reconstructed: Some(0.01),
        sample_difference: 0.05,
        kl: Some(12.0),
        elbo: Some(-7000.0),
        excess: Some(50.0),
        pixel_std_dev: 0.7,
    };

    /// The figures that go into a checkpoint's provenance, by name.
    pub fn metrics(&self) -> BTreeMap<String, f64> {
        let (phase, value) = self.phase.metric();
        let figures = [
            (phase, Some(value)),
            ("mse_generated", Some(self.mse_generated)),
            ("mse_sampled", Some(self.mse_sampled)),
            ("mse_reconstructed", self.mse_reconstructed),
            ("kl", self.kl),
            ("elbo", self.elbo),
        ];
        figures.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }
}

/// Pictures of one held-out scene, RGB8.
#[derive(Debug, Clone)]
pub struct Example {
    /// Width and height.
    pub side: usize,
    /// What was shown.
    pub context: Vec<Vec<u8>>,
    /// What was to be painted.
    pub truth: Vec<u8>,
    /// With latents of the posterior, which sees the truth; none in the generation phase.
    pub reconstruction: Option<Vec<u8>>,
    /// From the context alone: the mean picture.
    pub generation: Vec<u8>,
    /// From the context alone: a sample.
    pub sample: Vec<u8>,
}

impl ValidationSet {
    /// Renders or reads the scenes.
    ///
    /// # Errors
    /// [`DataError`]: the scenes' files cannot be read.
    pub fn open(run: &RunScenes, device: Device) -> Result<Self, DataError> {
        let wanted = SCENES.min(run.data.test_scenes);
        let scenes = scenes_of(run, Split::Test, wanted, &mut |_, _| {})?;
        let choice = |scene| Choice {
            scene,
            context: (0..run.data.max_context).collect(),
            query: run.data.max_context,
        };
        let choices = (0..scenes.len()).map(choice).collect();
        let scenes = DeviceScenes::new(&scenes, run.pose_encoding, device);
        Ok(Self { scenes, choices, seed: run.seed })
    }

    /// Paints one view of every scene. The same weights at the same step give the same figures.
    pub fn validate(&self, model: &Gqn, schedules: &ScheduleConfig, step: u64) -> Validation {
        let sigma = schedules.pixel_std_dev_at(step);
        let phase = schedules.phase_at(step.saturating_sub(1));
        let (mut sums, mut pictures) = ([0.0; 6], 0);
        let draw_steps = model.config().steps;
        let mut kl_by_step = vec![Vec::new(); draw_steps];
        let mut examples = Vec::new();
        for (index, choices) in self.choices.chunks(AT_ONCE).enumerate() {
            let batch = self.scenes.batch(choices);
            let shape = model.noise_shape(choices.len() as i64);
            let noises = [0, 1].map(|which| {
                let position = LAST_NOISE - 2 * index as u64 - which;
                noise(self.seed, position, &shape, model.device())
            });
            let r = tch::no_grad(|| model.represent(&batch.context_frames, &batch.context_poses));
            let of_bound = (phase == Phase::Elbo).then_some(sigma);
            let painted = Predictions::new(model, &batch, &r, &noises, of_bound);
            for (sum, value) in sums.iter_mut().zip(painted.sums(&batch.query_frames)) {
                *sum += value;
            }
            pictures += choices.len();
            for (at, value) in painted.divergences().iter().enumerate() {
                kl_by_step[at % draw_steps].push(*value);
            }
            let wanted = EXAMPLES.saturating_sub(examples.len()).min(choices.len());
            examples.extend((0..wanted).map(|scene| painted.example(&batch, scene as i64)));
        }
        let [generated, sampled, reconstructed, difference, kl, elbo] =
            sums.map(|sum| sum / f64::from(pictures.max(1) as u32));
        let side = model.config().image_size;
        let of_posterior = |figure: f64| (phase == Phase::Elbo).then_some(figure);
        let figures = ValidationFigures {
            step,
            phase,
            mse_generated: generated,
            mse_sampled: sampled,
            mse_reconstructed: of_posterior(reconstructed),
            sample_difference: difference.sqrt(),
            kl: of_posterior(kl),
            elbo: of_posterior(elbo),
            excess: of_posterior(-elbo - floor(3 * side * side, sigma)),
            pixel_std_dev: sigma,
        };
        Validation { figures, kl_by_step, examples }
    }
}

impl Predictions {
    /// Of each picture, DRAW step by DRAW step, in nats.
    fn divergences(&self) -> Vec<f64> {
        let flat = |elbo: &Elbo| elbo.kl.to_kind(Kind::Double).view([-1]);
        self.reconstruction.as_ref().map_or_else(Vec::new, |(_, elbo)| {
            Vec::try_from(flat(elbo)).expect("a flat tensor is a vector")
        })
    }

    /// Sums over the batch, in the order in which [`ValidationSet::validate`] takes them apart.
    fn sums(&self, truth: &Tensor) -> [f64; 6] {
        let (first, second) = (&self.samples[0], &self.samples[1]);
        let all = |tensor: &Tensor| tensor.sum(Kind::Double).double_value(&[]);
        let [reconstructed, kl, bound] =
            self.reconstruction.as_ref().map_or([0.0; 3], |(frames, elbo)| {
                [squared_error(frames, truth), all(&elbo.kl), all(&elbo.bound())]
            });
        [
            squared_error(&self.mean, truth),
            squared_error(first, truth),
            reconstructed,
            squared_error(first, second),
            kl,
            bound,
        ]
    }

    fn example(&self, batch: &Batch, scene: i64) -> Example {
        let one = |frames: &Tensor| rgb8(&frames.select(0, scene));
        let context = batch.context_frames.select(0, scene);
        Example {
            side: batch.query_frames.size()[2] as usize,
            context: (0..context.size()[0]).map(|view| rgb8(&context.select(0, view))).collect(),
            truth: one(&batch.query_frames),
            reconstruction: self.reconstruction.as_ref().map(|(frames, _)| one(frames)),
            generation: one(&self.mean),
            sample: one(&self.samples[0]),
        }
    }
}

/// `picture [3,S,S] in [0, 1] -> bytes [S,S,3]`
fn rgb8(picture: &Tensor) -> Vec<u8> {
    let levels = (picture.permute([1, 2, 0]) * 255.0).round().clamp(0.0, 255.0);
    let levels = levels.to_kind(Kind::Uint8).to_device(Device::Cpu).contiguous().view([-1]);
    Vec::try_from(levels).expect("a flat tensor of bytes is a vector")
}
