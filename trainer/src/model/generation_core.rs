//! The generation core: from the latent of a DRAW step to the canvas.

use std::borrow::Borrow;

use gqn_formats::ModelConfig;
use tch::Tensor;
use tch::nn::Path;

use super::layers::{Upsample, tile};
use super::lstm::{ConvLstmCell, LstmState};

/// One DRAW step: latent in, canvas out (Eslami et al. 2018, section S3.2).
#[derive(Debug)]
pub struct GenerationCore {
    pub(super) scene: SceneUpsample,
    pub(super) gates: ConvLstmCell,
    pub(super) upsample_h: Upsample,
}

impl GenerationCore {
    /// A core with the config's sizes.
    pub fn new<'a>(path: impl Borrow<Path<'a>>, config: &ModelConfig) -> Self {
        let path = path.borrow();
        let [h, u, input] =
            [config.hidden_channels, config.canvas_channels, config.generation_channels()]
                .map(|channels| channels as i64);
        Self {
            scene: SceneUpsample::new(path, config),
            gates: ConvLstmCell::new(path / "gates", h, input),
            upsample_h: Upsample::new(path / "upsample_h", h, u, 4),
        }
    }

    /// `state, z [B,Z,h,h], v [B,7], r [B,R,1,1] or [B,R,h,h] -> the next state`
    pub fn step(&self, state: &LstmState, z: &Tensor, v: &Tensor, r: &Tensor) -> LstmState {
        let [v, r] = self.scene.forward(v, r);
        self.gates.step(state, &[z, &v, &r])
    }

    /// `hidden [B,H,h,h] -> what this step adds to the canvas [B,U,S,S]`
    pub fn canvas_update(&self, hidden: &Tensor) -> Tensor {
        self.upsample_h.forward(hidden)
    }
}

/// Brings a camera and a representation to the size of the cores.
#[derive(Debug)]
pub(crate) struct SceneUpsample {
    /// None in voxel models, whose cores read ray maps.
    upsample_v: Option<Upsample>,
    upsample_r: Option<Upsample>,
    side: i64,
}

impl SceneUpsample {
    pub(crate) fn new(path: &Path<'_>, config: &ModelConfig) -> Self {
        let (v, r) = (config.pose_channels() as i64, config.representation_channels as i64);
        let side = config.hidden_size() as i64;
        Self {
            upsample_v: config
                .learns_upsample_v()
                .then(|| Upsample::new(path / "upsample_v", v, v, side)),
            upsample_r: config
                .learns_upsample_r()
                .then(|| Upsample::new(path / "upsample_r", r, r, side)),
            side,
        }
    }

    /// [`SceneUpsample::forward`] as products of matrices.
    pub(super) fn once(&self, v: &Tensor, r: &Tensor) -> [Tensor; 2] {
        let v = match &self.upsample_v {
            Some(upsample) => upsample.enlarge_point(&tile(v, 1)),
            None => v.shallow_clone(),
        };
        let r = match &self.upsample_r {
            Some(upsample) => upsample.enlarge_point(r),
            None => r.expand([-1, -1, self.side, self.side], false),
        };
        [v, r]
    }

    /// `v [B,7], r [B,R,1,1] or [B,R,h,h] -> [B,7,h,h], [B,R,h,h]`; ray maps and rendered features pass as they are
    pub(crate) fn forward(&self, v: &Tensor, r: &Tensor) -> [Tensor; 2] {
        let v = match &self.upsample_v {
            Some(upsample) => upsample.forward(&tile(v, 1)),
            None => v.shallow_clone(),
        };
        let r = match &self.upsample_r {
            Some(upsample) => upsample.forward(r),
            None => r.expand([-1, -1, self.side, self.side], false),
        };
        [v, r]
    }
}
