use std::borrow::Borrow;

use gqn_formats::ModelConfig;
use tch::Tensor;
use tch::nn::Path;

use super::generation_core::SceneUpsample;
use super::layers::Downsample;
use super::lstm::{BoundCell, ConvLstmCell, LstmState};

/// One step of looking at the picture that is to be painted; only training has it.
#[derive(Debug)]
pub struct InferenceCore {
    downsample_x: Downsample,
    downsample_u: Downsample,
    scene: SceneUpsample,
    gates: ConvLstmCell,
}

/// An inference core bound to one rollout's query pictures, cameras and scenes.
#[derive(Debug)]
pub struct BoundInferenceCore<'a> {
    gates: BoundCell,
    downsample_u: &'a Downsample,
}

impl InferenceCore {
    /// A core with the config's sizes.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, config: &ModelConfig) -> Self {
        let path = path.borrow();
        let [h, u, r] =
            [config.hidden_channels, config.canvas_channels, config.representation_channels]
                .map(|channels| channels as i64);
        Self {
            downsample_x: Downsample::new(path / "downsample_x", 3, 4),
            downsample_u: Downsample::new(path / "downsample_u", u, 4),
            scene: SceneUpsample::new(path, config),
            gates: ConvLstmCell::new(
                path / "gates",
                h,
                2 * h + u,
                3 + config.pose_channels() as i64 + r,
            ),
        }
    }

    /// `x [B,3,S,S], v [B,7], r [B,R,1,1] or [B,R,h,h] ->` the core for a rollout with these
    pub fn bind(&self, x: &Tensor, v: &Tensor, r: &Tensor) -> BoundInferenceCore<'_> {
        let [v, r] = self.scene.forward(v, r);
        let fixed = Tensor::cat(&[self.downsample_x.forward(x), v, r], 1);
        BoundInferenceCore { gates: self.gates.bind(&fixed), downsample_u: &self.downsample_u }
    }
}

impl BoundInferenceCore<'_> {
    /// `state, hidden state of the generation core [B,H,h,h], canvas [B,U,S,S] -> the next state`
    pub fn step(&self, state: &LstmState, hidden: &Tensor, canvas: &Tensor) -> LstmState {
        self.gates.step(state, &[hidden, &self.downsample_u.forward(canvas)])
    }
}
