use tch::Tensor;

use super::gaussian::DiagonalGaussian;
use super::gqn::Gqn;
use super::layers::zeros_for;
use super::lstm::LstmState;

/// Where the latents of a rollout come from. Noise is `[B,L,Z,h,h]`, standard normal; zeros give the means.
#[derive(Debug, Clone, Copy)]
pub enum Latents<'a> {
    /// From the posterior, which sees the query pictures: training and reconstruction.
    Posterior {
        /// Query pictures `[B,3,S,S]`.
        frames: &'a Tensor,
        /// Noise of the samples.
        noise: &'a Tensor,
    },
    /// From the prior: generation.
    Prior {
        /// Noise of the samples.
        noise: &'a Tensor,
    },
}

/// What a rollout leaves behind.
#[derive(Debug)]
pub struct Rollout {
    /// One entry a DRAW step.
    pub steps: Vec<Step>,
    /// State of the generation core after the last step.
    pub state: LstmState,
    /// Mean of the picture `[B,3,S,S]`, not clamped.
    pub observation: Tensor,
}

/// The distributions of one step's latent.
#[derive(Debug)]
pub struct Step {
    /// From what was painted so far.
    pub prior: DiagonalGaussian,
    /// From the query picture as well; absent when generating.
    pub posterior: Option<DiagonalGaussian>,
}

impl Rollout {
    /// `v [B,7], r [B,R,1,1] or [B,R,h,h] ->` L steps of painting (Eslami et al. 2018, section S3.2)
    ///
    /// In a step the prior reads the *old* hidden state of the generation core, the posterior the *new* one of the
    /// inference core.
    pub fn new(model: &Gqn, v: &Tensor, r: &Tensor, latents: Latents<'_>) -> Self {
        let config = model.config();
        let [channels, side] =
            [config.hidden_channels, config.hidden_size()].map(|size| size as i64);
        let generation: Vec<_> = model.generation_core.iter().map(|core| core.bind(v, r)).collect();
        let inference: Vec<_> = match latents {
            Latents::Posterior { frames, .. } => {
                model.inference_core.iter().map(|core| core.bind(frames, v, r)).collect()
            }
            Latents::Prior { .. } => Vec::new(),
        };
        let state = || LstmState::zeros(v.size()[0], channels, side, v.device());
        let (mut inference_state, mut generation_state) = (state(), state());
        let mut canvas = zeros_for(v, config.canvas_channels as i64, config.image_size as i64);
        let mut steps = Vec::with_capacity(config.steps);
        for l in 0..config.steps {
            let core = if config.shared_core { 0 } else { l };
            let prior = model.prior.forward(&generation_state.hidden);
            let (z, posterior) = match latents {
                Latents::Prior { noise } => (prior.sample(&noise.select(1, l as i64)), None),
                Latents::Posterior { noise, .. } => {
                    inference_state =
                        inference[core].step(&inference_state, &generation_state.hidden, &canvas);
                    let posterior = model.posterior.forward(&inference_state.hidden);
                    (posterior.sample(&noise.select(1, l as i64)), Some(posterior))
                }
            };
            generation_state = generation[core].step(&generation_state, &z);
            // Not in place: the backward pass needs the canvas that the inference core has read.
            canvas = &canvas + generation[core].paint(&generation_state.hidden);
            steps.push(Step { prior, posterior });
        }
        let observation = model.observation.forward(&canvas);
        Self { steps, state: generation_state, observation }
    }

    /// The pictures `[B,3,S,S]`: the mean of the observation in \[0, 1\], never a sample of the pixel noise.
    pub fn frames(&self) -> Tensor {
        self.observation.clamp(0.0, 1.0)
    }
}
