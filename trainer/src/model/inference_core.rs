//! The inference core: what the posterior knows of the query picture.

use std::borrow::Borrow;

use gqn_formats::ModelConfig;
use tch::Tensor;
use tch::nn::Path;

use super::generation_core::SceneUpsample;
use super::layers::Downsample;
use super::lstm::{ConvLstmCell, LstmState};

/// One step of looking at the picture that is to be painted; only training has it.
#[derive(Debug)]
pub struct InferenceCore {
    pub(super) downsample_x: Downsample,
    pub(super) downsample_u: Downsample,
    pub(super) scene: SceneUpsample,
    pub(super) gates: ConvLstmCell,
}

/// What an inference core reads beside its own state.
#[derive(Debug, Clone, Copy)]
pub struct InferenceInputs<'a> {
    /// Hidden state of the generation core, `[B,H,h,h]`.
    pub hidden: &'a Tensor,
    /// Canvas, `[B,U,S,S]`.
    pub canvas: &'a Tensor,
    /// Query pictures, `[B,3,S,S]`.
    pub x: &'a Tensor,
    /// Query cameras, `[B,7]`.
    pub v: &'a Tensor,
    /// Scenes, `[B,R,1,1]` or `[B,R,h,h]`.
    pub r: &'a Tensor,
}

impl InferenceCore {
    /// A core with the config's sizes.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, config: &ModelConfig) -> Self {
        let path = path.borrow();
        let [h, u, input] =
            [config.hidden_channels, config.canvas_channels, config.inference_channels()]
                .map(|channels| channels as i64);
        Self {
            downsample_x: Downsample::new(path / "downsample_x", 3, 4),
            downsample_u: Downsample::new(path / "downsample_u", u, 4),
            scene: SceneUpsample::new(path, config),
            gates: ConvLstmCell::new(path / "gates", h, input),
        }
    }

    /// `state, what it sees -> the next state`
    pub fn step(&self, state: &LstmState, inputs: InferenceInputs<'_>) -> LstmState {
        let InferenceInputs { hidden, canvas, x, v, r } = inputs;
        let [v, r] = self.scene.forward(v, r);
        let (u, x) = (self.downsample_u.forward(canvas), self.downsample_x.forward(x));
        self.gates.step(state, &[hidden, &u, &x, &v, &r])
    }
}
