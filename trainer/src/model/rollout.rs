//! The rollout: the loop over the DRAW steps, with and without gradients.

use tch::Tensor;

use super::compute::{Compute, StepVariant};
use super::fused::Fused;
use super::gaussian::DiagonalGaussian;
use super::gqn::Gqn;
use super::lstm::LstmState;
use super::reference::Reference;

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

/// A model bound to the query cameras and scenes of one rollout, in either variant. In a step the prior reads the *old*
/// hidden state of the generation core, the posterior the *new* one of the inference core.
#[derive(Debug)]
pub(crate) enum RolloutBackend<'a> {
    Reference(Reference<'a>),
    Fused(Box<Fused<'a>>),
}

/// What passes from one step to the next. Nothing stands for zeros.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(super) inference: Option<LstmState>,
    pub(super) generation: Option<LstmState>,
    /// What the inference cores see of the canvas: the canvas itself, or what the coming steps' cores make of it.
    pub(super) canvas: Option<Tensor>,
    /// The picture so far, where there is no canvas: `[B,48,h,h]`, 4×4 pixels at every spatial position.
    pub(super) picture: Option<Tensor>,
}

impl<'a> Latents<'a> {
    /// The noise of step `l`, `[B,Z,h,h]`.
    pub(super) fn noise(self, l: usize) -> Tensor {
        let (Self::Posterior { noise, .. } | Self::Prior { noise }) = self;
        noise.select(1, l as i64)
    }

    /// Query pictures, if the posterior sees them.
    pub(super) fn frames(self) -> Option<&'a Tensor> {
        match self {
            Self::Posterior { frames, .. } => Some(frames),
            Self::Prior { .. } => None,
        }
    }
}

impl Rollout {
    /// `v [B,7], r` as [`Gqn::represent`] gives it `->` L steps of painting (Eslami et al. 2018, section S3.2) in 32 bits,
    /// without gradients
    pub fn new(model: &Gqn, v: &Tensor, r: &Tensor, latents: Latents<'_>) -> Self {
        Self::computed(model, v, r, latents, Compute::default())
    }

    /// [`Rollout::new`], computed in a way that can be chosen.
    pub fn computed(
        model: &Gqn,
        v: &Tensor,
        r: &Tensor,
        latents: Latents<'_>,
        compute: Compute,
    ) -> Self {
        tch::no_grad(|| Self::of_graph(model, v, r, latents, compute))
    }

    /// A part of the graph of autograd, if that is on.
    fn of_graph(
        model: &Gqn,
        v: &Tensor,
        r: &Tensor,
        latents: Latents<'_>,
        compute: Compute,
    ) -> Self {
        let backend = RolloutBackend::new(model, v, r, latents, compute);
        let mut state = backend.start();
        let mut steps = Vec::with_capacity(model.config().steps);
        for l in 0..model.config().steps {
            let (next, step) = backend.step(l, &state, latents);
            state = next;
            steps.push(step);
        }
        let observation = backend.finish(&state);
        let state = state.generation.expect("there is a step at least");
        Self { steps, state, observation }
    }

    /// The pictures `[B,3,S,S]`: the mean of the observation in \[0, 1\], never a sample of the pixel noise.
    pub fn frames(&self) -> Tensor {
        self.observation.clamp(0.0, 1.0)
    }

    /// The same numbers without a graph.
    #[must_use]
    pub fn detached(&self) -> Self {
        let detach = |distribution: &DiagonalGaussian| {
            let [mean, log_variance] = [distribution.mean(), distribution.log_variance()];
            DiagonalGaussian::new(mean.detach(), log_variance.detach())
        };
        let step = |step: &Step| Step {
            prior: detach(&step.prior),
            posterior: step.posterior.as_ref().map(detach),
        };
        let LstmState { hidden, cell } = &self.state;
        Self {
            steps: self.steps.iter().map(step).collect(),
            state: LstmState { hidden: hidden.detach(), cell: cell.detach() },
            observation: self.observation.detach(),
        }
    }
}

/// A rollout that gradients are wanted of.
///
/// Autograd does not compute the gradients of all kernels: those of Winograd's algorithm are added after the backward
/// pass. So a loss is no tensor that one could call `backward` on, but a function handed to
/// [`Differentiable::backward`], which does both.
///
/// ```compile_fail
/// # fn gradients(rollout: gqn_trainer::model::Differentiable<'_>) {
/// rollout.observation.mean(tch::Kind::Float).backward();
/// # }
/// ```
#[derive(Debug)]
#[must_use = "without `backward` there are no gradients"]
pub struct Differentiable<'a> {
    model: &'a Gqn,
    rollout: Rollout,
}

impl<'a> Differentiable<'a> {
    /// As [`Rollout::computed`], with the graph that gradients need.
    pub fn new(
        model: &'a Gqn,
        v: &Tensor,
        r: &Tensor,
        latents: Latents<'_>,
        compute: Compute,
    ) -> Self {
        Self { model, rollout: Rollout::of_graph(model, v, r, latents, compute) }
    }

    /// Adds the gradients of the number that `loss` makes of the rollout, those of every kernel, to the gradients of the
    /// model's parameters; returns what else `loss` gives.
    pub fn backward<T>(self, loss: impl FnOnce(&Rollout) -> (Tensor, T)) -> T {
        let (loss, other) = loss(&self.rollout);
        self.model.backward(&loss);
        other
    }
}

impl<'a> RolloutBackend<'a> {
    pub(crate) fn new(
        model: &'a Gqn,
        v: &Tensor,
        r: &Tensor,
        latents: Latents<'_>,
        compute: Compute,
    ) -> Self {
        let conditioning = model.conditioning(v, r);
        match compute.variant {
            StepVariant::Reference => {
                Self::Reference(Reference::new(model, conditioning, latents.frames()))
            }
            StepVariant::Fused => {
                Self::Fused(Box::new(Fused::new(model, conditioning, latents.frames(), compute)))
            }
        }
    }

    /// The state before the first step.
    pub(crate) fn start(&self) -> State {
        match self {
            Self::Reference(reference) => reference.start(),
            Self::Fused(_) => State::default(),
        }
    }

    /// Step `l` from 0, with the latents that the painter was made for.
    pub(crate) fn step(&self, l: usize, state: &State, latents: Latents<'_>) -> (State, Step) {
        match self {
            Self::Reference(reference) => reference.step(l, state, &latents.noise(l)),
            Self::Fused(fused) => fused.step(l, state, &latents.noise(l)),
        }
    }

    /// Mean of the picture, `[B,3,S,S]`, not clamped.
    pub(crate) fn finish(&self, state: &State) -> Tensor {
        match self {
            Self::Reference(reference) => reference.finish(state),
            Self::Fused(fused) => fused.finish(state),
        }
    }

    /// The same painter with other tensors where it has computed some; weights stay the model's.
    pub(crate) fn map(&self, change: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        match self {
            Self::Reference(reference) => Self::Reference(reference.map(change)),
            Self::Fused(fused) => Self::Fused(Box::new(fused.map(change))),
        }
    }
}

impl State {
    /// The same state with other tensors.
    pub(crate) fn map(&self, mut change: impl FnMut(&Tensor) -> Tensor) -> Self {
        let mut lstm = |state: &Option<LstmState>| {
            state.as_ref().map(|LstmState { hidden, cell }| LstmState {
                hidden: change(hidden),
                cell: change(cell),
            })
        };
        let (inference, generation) = (lstm(&self.inference), lstm(&self.generation));
        let [canvas, picture] =
            [&self.canvas, &self.picture].map(|tensor| tensor.as_ref().map(&mut change));
        Self { inference, generation, canvas, picture }
    }

    /// Its tensors, in an order that follows from which there are.
    pub(crate) fn tensors(&self) -> Vec<Tensor> {
        let mut tensors = Vec::new();
        let _ = self.map(|tensor| {
            tensors.push(tensor.shallow_clone());
            tensor.shallow_clone()
        });
        tensors
    }
}
