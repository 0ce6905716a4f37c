//! The generation core: from the latent of a DRAW step to the canvas.

use gqn_formats::ModelConfig;

use super::layers::{Path, Upsample, tile};
use super::lstm::{ConvLstmCell, LstmState};
use crate::graph::{Graph, Value};

/// One DRAW step: latent in, canvas out (Eslami et al. 2018, section S3.2).
#[derive(Debug)]
pub(crate) struct GenerationCore {
    scene: SceneUpsample,
    gates: ConvLstmCell,
    upsample_h: Upsample,
}

impl GenerationCore {
    pub(crate) fn new(path: &Path, config: &ModelConfig) -> Self {
        Self {
            scene: SceneUpsample::new(path, config),
            gates: ConvLstmCell::new(path / "gates"),
            upsample_h: Upsample::new(path / "upsample_h"),
        }
    }

    /// `state, z [B,Z,h,h], v [B,7,1,1] or [B,6,h,h], r [B,R,1,1] or [B,R,h,h] -> the next state`
    pub(crate) fn step(
        &self,
        graph: &mut Graph,
        state: &LstmState,
        z: &Value,
        [v, r]: [&Value; 2],
    ) -> LstmState {
        let [v, r] = self.scene.forward(graph, v, r);
        self.gates.step(graph, state, &[z, &v, &r])
    }

    /// `hidden [B,H,h,h] -> what this step adds to the canvas [B,U,S,S]`
    pub(crate) fn canvas_update(&self, graph: &mut Graph, hidden: &Value) -> Value {
        self.upsample_h.forward(graph, hidden)
    }
}

/// Brings a camera and a representation to the size of the cores.
#[derive(Debug)]
struct SceneUpsample {
    /// None where the camera is a ray map.
    upsample_v: Option<Upsample>,
    upsample_r: Option<Upsample>,
    side: usize,
}

impl SceneUpsample {
    fn new(path: &Path, config: &ModelConfig) -> Self {
        Self {
            upsample_v: config.learns_upsample_v().then(|| Upsample::new(path / "upsample_v")),
            upsample_r: config.learns_upsample_r().then(|| Upsample::new(path / "upsample_r")),
            side: config.hidden_size(),
        }
    }

    /// `v [B,7,1,1] or [B,6,h,h], r [B,R,1,1] or [B,R,h,h] -> [B,·,h,h] each`
    fn forward(&self, graph: &mut Graph, v: &Value, r: &Value) -> [Value; 2] {
        let v = match &self.upsample_v {
            Some(upsample) => upsample.forward(graph, v),
            None => v.clone(),
        };
        let r = match &self.upsample_r {
            Some(upsample) => upsample.forward(graph, r),
            None if r.fixed(2) == self.side => r.clone(),
            None => tile(graph, "tile_r", r, self.side),
        };
        [v, r]
    }
}
