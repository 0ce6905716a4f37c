//! rten as an engine.

use gqn_bench_rten::Peer;
use gqn_formats::Tensor;
use gqn_runtime::{Engine, EngineError};

const GENERATOR: &str = "generator.onnx";

/// A generator on rten.
#[derive(Debug)]
pub(crate) struct RtenEngine(Peer);

impl RtenEngine {
    pub(crate) fn new(generator: &[u8], threads: usize) -> Result<Self, EngineError> {
        let peer = Peer::load(generator.to_vec(), threads);
        peer.map(Self).map_err(|error| EngineError::load(GENERATOR, error))
    }
}

impl Engine for RtenEngine {
    fn describe(&self) -> String {
        "rten".to_owned()
    }

    fn represent(&mut self, _: &Tensor, _: &Tensor) -> Result<Tensor, EngineError> {
        Err(EngineError::run("representation.onnx", "only generators are timed"))
    }

    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        let failed = |error: String| EngineError::run(GENERATOR, error);
        let inputs = [scene, poses, noise].map(|tensor| {
            (tensor.shape(), tensor.as_slice().expect("inputs of the scoreboard are contiguous"))
        });
        let (shape, numbers) = self.0.run(&inputs).map_err(failed)?;
        Tensor::from_shape_vec(shape, numbers).map_err(|error| failed(error.to_string()))
    }
}
