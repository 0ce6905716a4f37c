//! What runs the graphs.

use std::error::Error;
use std::sync::Arc;

use gqn_formats::Tensor;
use thiserror::Error;

/// Runs the graphs of one package: representation and generator, and the drawing graph if the package has one and the engine
/// runs it ([`Engine::draw`]). Every tensor is row-major `f32`; shapes are those of the manifest's ports.
pub trait Engine {
    /// Human-readable: engine, version, provider, where it was found.
    fn describe(&self) -> String;

    /// frames `[views,3,S,S]`, poses `[views,7]` → scene, summed over views.
    ///
    /// # Errors
    /// [`EngineError`] if the engine refuses the tensors or fails on the way.
    fn represent(&mut self, frames: &Tensor, poses: &Tensor) -> Result<Tensor, EngineError>;

    /// scene, poses `[queries,7]`, noise `[queries or 1,L,Z,h,h]` → frames `[queries,3,S,S]` in \[0, 1\].
    ///
    /// # Errors
    /// [`EngineError`] if the engine refuses the tensors or fails on the way.
    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError>;

    /// As [`Engine::generate`], of a scene that further queries are likely to ask for: an engine whose device has memory of its
    /// own copies the scene there once, for as long as the `Arc` is alive.
    ///
    /// # Errors
    /// As [`Engine::generate`].
    fn generate_resident(
        &mut self,
        scene: &Arc<Tensor>,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        self.generate(scene, poses, noise)
    }

    /// scene, pose `[1,7]`, noise `[1,L,Z,h,h]` → frames `[L,3,S,S]` in \[0, 1\]: one query's picture after every step.
    /// None if there is no such graph, or this engine does not run it.
    ///
    /// # Errors
    /// [`EngineError`] if the engine refuses the tensors or fails on the way.
    fn draw(
        &mut self,
        _scene: &Tensor,
        _pose: &Tensor,
        _noise: &Tensor,
    ) -> Result<Option<Tensor>, EngineError> {
        Ok(None)
    }
}

impl<E: Engine + ?Sized> Engine for Box<E> {
    fn describe(&self) -> String {
        (**self).describe()
    }

    fn represent(&mut self, frames: &Tensor, poses: &Tensor) -> Result<Tensor, EngineError> {
        (**self).represent(frames, poses)
    }

    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        (**self).generate(scene, poses, noise)
    }

    fn generate_resident(
        &mut self,
        scene: &Arc<Tensor>,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        (**self).generate_resident(scene, poses, noise)
    }

    fn draw(
        &mut self,
        scene: &Tensor,
        pose: &Tensor,
        noise: &Tensor,
    ) -> Result<Option<Tensor>, EngineError> {
        (**self).draw(scene, pose, noise)
    }
}

/// Why an engine did not run a graph.
#[derive(Debug, Error)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the messages say what each field is")]
pub enum EngineError {
    #[error("could not load {graph}")]
    Load { graph: &'static str, source: Box<dyn Error + Send + Sync> },
    #[error("could not run {graph}")]
    Run { graph: &'static str, source: Box<dyn Error + Send + Sync> },
    #[error("`{port}` of {graph} has shape {found:?}, expected {expected:?}")]
    Shape { graph: &'static str, port: &'static str, found: Vec<usize>, expected: Vec<usize> },
}

impl EngineError {
    /// A graph that does not load, and why.
    pub fn load(graph: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Load { graph, source: source.into() }
    }

    /// A graph that does not run, and why.
    pub fn run(graph: &'static str, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Run { graph, source: source.into() }
    }

    /// Passes a tensor on if it has the expected shape.
    ///
    /// # Errors
    /// [`EngineError::Shape`].
    pub fn check_shape(
        graph: &'static str,
        port: &'static str,
        tensor: Tensor,
        expected: &[usize],
    ) -> Result<Tensor, Self> {
        if tensor.shape() == expected {
            return Ok(tensor);
        }
        Err(Self::Shape {
            graph,
            port,
            found: tensor.shape().to_vec(),
            expected: expected.to_vec(),
        })
    }
}
