//! The reference variant of the step, as in the paper.

use tch::Tensor;

use super::conditioning::Conditioning;
use super::gqn::Gqn;
use super::inference_core::InferenceInputs;
use super::lstm::LstmState;
use super::rollout::{State, Step};

/// A rollout as it is written in the paper, see [`StepVariant::Reference`](super::StepVariant::Reference).
#[derive(Debug)]
pub(crate) struct Reference<'a> {
    model: &'a Gqn,
    v: Tensor,
    r: Tensor,
    colours: Option<Tensor>,
    x: Option<Tensor>,
}

impl<'a> Reference<'a> {
    pub(super) fn new(model: &'a Gqn, conditioning: Conditioning, x: Option<&Tensor>) -> Self {
        let Conditioning { camera, scene, colours } = conditioning;
        Self { model, v: camera, r: scene, colours, x: x.map(Tensor::shallow_clone) }
    }

    pub(super) fn start(&self) -> State {
        let config = self.model.config();
        let (batch, like) = (self.v.size()[0], (self.v.kind(), self.v.device()));
        let [h, side, u, picture] = [
            config.hidden_channels,
            config.hidden_size(),
            config.canvas_channels,
            config.image_size,
        ]
        .map(|size| size as i64);
        let state = || Some(LstmState::zeros(batch, h, side, like));
        let canvas = Tensor::zeros([batch, u, picture, picture], like);
        State { inference: state(), generation: state(), canvas: Some(canvas), picture: None }
    }

    pub(super) fn step(&self, l: usize, state: &State, noise: &Tensor) -> (State, Step) {
        let State {
            inference: Some(inference), generation: Some(old), canvas: Some(canvas), ..
        } = state
        else {
            panic!("the reference variant writes zeros out");
        };
        let (model, v, r) = (self.model, &self.v, &self.r);
        let prior = model.prior.forward(&old.hidden);
        let (inference, posterior) = match &self.x {
            Some(x) => {
                let core = at(&model.inference_core, l);
                let inputs = InferenceInputs { hidden: &old.hidden, canvas, x, v, r };
                let inference = core.step(inference, inputs);
                let posterior = model.posterior.forward(&inference.hidden);
                (inference, Some(posterior))
            }
            None => (inference.shallow_clone(), None),
        };
        let z = posterior.as_ref().unwrap_or(&prior).sample(noise);
        let core = at(&model.generation_core, l);
        let generation = core.step(old, &z, v, r);
        // Not in place: the backward pass needs the canvas that the inference core has read.
        let canvas = canvas + core.canvas_update(&generation.hidden);
        let state = State {
            inference: Some(inference),
            generation: Some(generation),
            canvas: Some(canvas),
            picture: None,
        };
        (state, Step { prior, posterior })
    }

    pub(super) fn finish(&self, state: &State) -> Tensor {
        let canvas = state.canvas.as_ref().expect("the reference variant has a canvas");
        Conditioning::finish(self.colours.as_ref(), self.model.observation.forward(canvas))
    }

    pub(super) fn map(&self, change: &mut dyn FnMut(&Tensor) -> Tensor) -> Self {
        Self {
            model: self.model,
            v: self.v.shallow_clone(),
            r: change(&self.r),
            colours: self.colours.as_ref().map(&mut *change),
            x: self.x.as_ref().map(Tensor::shallow_clone),
        }
    }
}

/// What belongs to step `l`: of a list with one entry, that one.
pub(super) fn at<T>(list: &[T], l: usize) -> &T {
    &list[l.min(list.len() - 1)]
}
