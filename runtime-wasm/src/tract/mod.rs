//! `Engine` on tract: a general engine for ONNX graphs in pure Rust, to hold our own against. It builds wherever that one
//! does; in the browser it is ten times the download and slower, so the page does not have it (`docs/browser.md`).
//!
//! | file | holds |
//! |---|---|
//! | `graph.rs` | one graph: parsed once, optimised for every choice of its free axes |
//! | `external.rs` | weights beside a graph |

mod external;
mod graph;

use std::collections::BTreeMap;

use gqn_formats::{Package, Tensor, names};
use gqn_runtime::{Engine, EngineError};

use crate::engine::length;
use graph::Graph;

/// Runs a package's graphs with tract, on one thread.
#[derive(Debug)]
pub struct TractEngine {
    representation: Graph,
    generator: Graph,
    drawing: Option<Graph>,
}

impl TractEngine {
    /// An engine for the package.
    ///
    /// # Errors
    /// [`EngineError::Load`] if tract cannot read a graph.
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
    /// [`EngineError::Load`] if tract cannot read a graph.
    pub fn from_graphs(
        representation: &[u8],
        generator: &[u8],
        external: &BTreeMap<&str, &[u8]>,
    ) -> Result<Self, EngineError> {
        let representation = Graph::parse(
            names::REPRESENTATION_FILE,
            representation,
            external,
            &[names::FRAMES, names::POSES],
            names::SCENE,
        )?;
        let generator = Graph::parse(
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
        let graph = Graph::parse(names::DRAWING_FILE, bytes, &files, &inputs, names::FRAMES)?;
        self.drawing = Some(graph);
        Ok(())
    }

    /// Makes both graphs ready for one view and so many queries with one noise, before the first of them comes.
    ///
    /// # Errors
    /// [`EngineError::Load`] if tract cannot optimise a graph.
    pub fn prepare(&mut self, queries: usize) -> Result<(), EngineError> {
        self.representation.prepare(&[(names::VIEWS, 1)])?;
        self.generator.prepare(&[(names::QUERIES, queries), (names::NOISES, 1)])
    }
}

impl Engine for TractEngine {
    fn describe(&self) -> String {
        format!("tract {TRACT_VERSION}, one thread")
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

/// The version that the workspace's `Cargo.toml` asks for; a test holds them together.
const TRACT_VERSION: &str = "0.23.9";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_workspaces() {
        let manifest = include_str!("../../../Cargo.toml");
        let line = manifest.lines().find(|line| line.starts_with("tract-onnx "));
        let line = line.expect("a dependency");
        assert!(line.contains(&format!("\"={TRACT_VERSION}\"")), "{line}");
    }

    #[test]
    fn damaged_graphs_are_errors() {
        let nothing = BTreeMap::new();
        for bytes in [&b"no graph"[..], &[], &[0xff; 40]] {
            let error = TractEngine::from_graphs(bytes, bytes, &nothing).expect_err("no graph");
            assert!(
                matches!(error, EngineError::Load { graph: names::REPRESENTATION_FILE, .. }),
                "{error}"
            );
        }
    }
}
