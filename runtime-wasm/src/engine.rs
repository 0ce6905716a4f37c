//! `Engine` over the graphs of a package, whatever runs one graph.

use std::collections::BTreeMap;

use gqn_formats::{Package, Tensor, names};
use gqn_runtime::{Engine, EngineError};

use crate::graph::Graph;

/// Runs a package's graphs in this crate's own arithmetic, on one thread.
pub type WasmEngine = GraphEngine<Graph>;

/// Runs a package's graphs, on one thread.
#[derive(Debug)]
pub struct GraphEngine<G> {
    representation: G,
    generator: G,
    drawing: Option<G>,
}

/// One graph: read once, and made ready for every choice of its free axes.
pub trait RunGraph: Sized {
    /// What runs it.
    fn describe() -> String;

    /// Reads a graph whose inputs and output must be those, in that order; `external` are the files, by name, that hold
    /// weights outside of it.
    ///
    /// # Errors
    /// [`EngineError::Load`] if it cannot be read.
    fn parse(
        name: &'static str,
        bytes: &[u8],
        external: &BTreeMap<&str, &[u8]>,
        inputs: &[&str],
        output: &str,
    ) -> Result<Self, EngineError>;

    /// Makes the graph ready for those axes, unless it is already.
    ///
    /// # Errors
    /// [`EngineError::Load`] if it cannot be made ready.
    fn prepare(&mut self, axes: &[(&str, usize)]) -> Result<(), EngineError>;

    /// Runs the graph with its free axes as long as said.
    ///
    /// # Errors
    /// [`EngineError`] if it cannot be made ready, or does not take the inputs.
    fn run(&mut self, axes: &[(&str, usize)], inputs: &[&Tensor]) -> Result<Tensor, EngineError>;
}

impl<G: RunGraph> GraphEngine<G> {
    /// An engine for the package.
    ///
    /// # Errors
    /// [`EngineError::Load`] if a graph cannot be read.
    pub fn new(package: &Package) -> Result<Self, EngineError> {
        let files: BTreeMap<&str, &[u8]> = package.files().collect();
        let content =
            |name: &'static str| package.file(name).map_err(|error| EngineError::load(name, error));
        Self::from_graphs(
            content(names::REPRESENTATION_FILE)?,
            content(names::GENERATOR_FILE)?,
            &files,
        )
    }

    /// An engine for two graphs; `external` are the files, by name, that hold weights outside of them.
    ///
    /// # Errors
    /// [`EngineError::Load`] if a graph cannot be read.
    pub fn from_graphs(
        representation: &[u8],
        generator: &[u8],
        external: &BTreeMap<&str, &[u8]>,
    ) -> Result<Self, EngineError> {
        let representation = G::parse(
            names::REPRESENTATION_FILE,
            representation,
            external,
            &[names::FRAMES, names::POSES],
            names::SCENE,
        )?;
        let generator = G::parse(
            names::GENERATOR_FILE,
            generator,
            external,
            &[names::SCENE, names::POSES, names::NOISE],
            names::FRAMES,
        )?;
        Ok(Self { representation, generator, drawing: None })
    }

    /// Reads the graph that draws step by step, of a package that has it: only now, because most who look never ask.
    ///
    /// # Errors
    /// [`EngineError::Load`] if it cannot be read.
    pub fn open_drawing(&mut self, package: &Package) -> Result<(), EngineError> {
        let bytes = package.files().find(|(name, _)| *name == names::DRAWING_FILE);
        let (None, Some((_, bytes))) = (&self.drawing, bytes) else { return Ok(()) };
        let files: BTreeMap<&str, &[u8]> = package.files().collect();
        let inputs = [names::SCENE, names::POSES, names::NOISE];
        let graph = G::parse(names::DRAWING_FILE, bytes, &files, &inputs, names::FRAMES)?;
        self.drawing = Some(graph);
        Ok(())
    }

    /// Makes both graphs ready for one view and so many queries with one noise, before the first of them comes.
    ///
    /// # Errors
    /// [`EngineError::Load`] if a graph cannot be made ready.
    pub fn prepare(&mut self, queries: usize) -> Result<(), EngineError> {
        self.representation.prepare(&[(names::VIEWS, 1)])?;
        self.generator.prepare(&[(names::QUERIES, queries), (names::NOISES, 1)])
    }
}

impl<G: RunGraph> Engine for GraphEngine<G> {
    fn describe(&self) -> String {
        G::describe()
    }

    fn represent(&mut self, frames: &Tensor, poses: &Tensor) -> Result<Tensor, EngineError> {
        let axes = [(names::VIEWS, length(frames))];
        self.representation.run(&axes, &[frames, poses])
    }

    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        let axes = [(names::QUERIES, length(poses)), (names::NOISES, length(noise))];
        self.generator.run(&axes, &[scene, poses, noise])
    }

    fn draw(
        &mut self,
        scene: &Tensor,
        pose: &Tensor,
        noise: &Tensor,
    ) -> Result<Option<Tensor>, EngineError> {
        let graph = self.drawing.as_mut();
        graph.map(|graph| graph.run(&[], &[scene, pose, noise])).transpose()
    }
}

/// Length of a tensor's first axis, the one that callers choose.
fn length(tensor: &Tensor) -> usize {
    tensor.shape().first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn damaged_graphs_are_errors() {
        let nothing = BTreeMap::new();
        for bytes in [&b"no graph"[..], &[], &[0xff; 40]] {
            let error = WasmEngine::from_graphs(bytes, bytes, &nothing).expect_err("no graph");
            assert!(
                matches!(error, EngineError::Load { graph: names::REPRESENTATION_FILE, .. }),
                "{error}"
            );
        }
    }
}
