//! `Engine` over the graphs of a package, whatever runs one graph.

use std::collections::BTreeMap;

use gqn_formats::{Package, Tensor, names};
use gqn_runtime::{Engine, EngineError};

use crate::graph::PortableGraph;

/// Runs a package's graphs in this crate's own arithmetic, on one thread.
pub type PortableEngine = GraphEngine<PortableGraph>;

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

    /// What the file says about itself under that key.
    fn metadata(&self, key: &str) -> Option<String>;

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
    /// [`EngineError::Load`] if a graph cannot be read, or was made for other cameras than the manifest says.
    pub fn new(package: &Package) -> Result<Self, EngineError> {
        let files: BTreeMap<&str, &[u8]> = package.files().collect();
        let content =
            |name: &'static str| package.file(name).map_err(|error| EngineError::load(name, error));
        let (representation, generator) =
            (content(names::REPRESENTATION_FILE)?, content(names::GENERATOR_FILE)?);
        let engine = Self::from_graphs(representation, generator, &files)?;
        check_metadata(package, names::REPRESENTATION_FILE, &engine.representation)?;
        check_metadata(package, names::GENERATOR_FILE, &engine.generator)?;
        Ok(engine)
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
    /// [`EngineError::Load`] if it cannot be read, or was made for other cameras than the manifest says.
    pub fn open_drawing(&mut self, package: &Package) -> Result<(), EngineError> {
        let bytes = package.files().find(|(name, _)| *name == names::DRAWING_FILE);
        let (None, Some((_, bytes))) = (&self.drawing, bytes) else { return Ok(()) };
        let files: BTreeMap<&str, &[u8]> = package.files().collect();
        let inputs = [names::SCENE, names::POSES, names::NOISE];
        let graph = G::parse(names::DRAWING_FILE, bytes, &files, &inputs, names::FRAMES)?;
        check_metadata(package, names::DRAWING_FILE, &graph)?;
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

fn check_metadata<G: RunGraph>(
    package: &Package,
    name: &'static str,
    graph: &G,
) -> Result<(), EngineError> {
    let checked = package.manifest.check_graph(name, |key| graph.metadata(key));
    checked.map_err(|error| EngineError::load(name, error))
}

/// Length of a tensor's first axis, the one that callers choose.
fn length(tensor: &Tensor) -> usize {
    tensor.shape().first().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use gqn_formats::{
        FileEntry, GraphPorts, MANIFEST_FORMAT, Manifest, ModelConfig, Precision, Preset,
        Provenance, Variant,
    };
    use prost::Message;

    use super::*;
    use crate::lower::onnx;

    /// A graph with those ports that says so much about itself and computes nothing.
    fn onnx_graph(inputs: &[&str], output: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
        let port = |name: &&str| onnx::ValueInfo {
            name: (*name).to_owned(),
            kind: Some(onnx::Kind {
                tensor: Some(onnx::TensorKind { shape: Some(onnx::Shape::default()) }),
            }),
        };
        let entry = |(key, value): &(&str, &str)| onnx::Entry {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
        };
        let graph = onnx::GraphProto {
            input: inputs.iter().map(port).collect(),
            output: vec![port(&output)],
            ..onnx::GraphProto::default()
        };
        let metadata = metadata.iter().map(entry).collect();
        onnx::Model { graph: Some(graph), metadata }.encode_to_vec()
    }

    /// A package of that model whose graphs say that they are for that geometry.
    fn package(config: ModelConfig, metadata: &[(&str, &str)]) -> Package {
        let queries = [names::SCENE, names::POSES, names::NOISE];
        let views = [names::FRAMES, names::POSES];
        let mut files = BTreeMap::from([
            (names::REPRESENTATION_FILE.to_owned(), onnx_graph(&views, names::SCENE, metadata)),
            (names::GENERATOR_FILE.to_owned(), onnx_graph(&queries, names::FRAMES, metadata)),
            (names::DRAWING_FILE.to_owned(), onnx_graph(&queries, names::FRAMES, &[])),
            (names::SAMPLE_FILE.to_owned(), Vec::new()),
        ]);
        let entry = |(name, content): (&String, &Vec<u8>)| (name.clone(), FileEntry::of(content));
        let scene = config.scene_shape();
        let manifest = Manifest {
            format_version: MANIFEST_FORMAT,
            pose_encoding: config.pose_encoding,
            variant: Variant::Reference,
            precision: Precision::Fp32,
            precision_error: None,
            trained_steps: None,
            opset: 17,
            representation: GraphPorts::representation(&config, &scene),
            generator: GraphPorts::generator(&config, &scene),
            drawing: Some(GraphPorts::drawing(&config, &scene)),
            config,
            files: files.iter().map(entry).collect(),
            step: 0,
            provenance: Provenance::default(),
        };
        files.insert(names::MANIFEST_FILE.to_owned(), manifest.to_json());
        Package::from_files(files).expect("a package")
    }

    #[track_caller]
    fn check_refused(result: Result<impl Sized, EngineError>, name: &str, parts: &[&str]) {
        let error = result.err().expect("a graph of another model");
        let report = gqn_messages::error_report(&error);
        for part in [&[name], parts].concat() {
            assert!(report.contains(part), "`{part}` is not in: {report}");
        }
    }

    #[test]
    fn graphs_for_other_cameras_than_the_manifests_are_refused() {
        let config = Preset::Tiny.config();
        let mut voxel = config.voxel.clone().expect("a voxel model");
        let own = serde_json::to_string(&voxel).expect("JSON");
        voxel.near = 0.2;
        let other = serde_json::to_string(&voxel).expect("JSON");
        let new =
            |metadata: &[(&str, &str)]| PortableEngine::new(&package(config.clone(), metadata));
        let first = names::REPRESENTATION_FILE;
        check_refused(new(&[]), first, &["has no `gqn_voxel`", "hint:"]);
        check_refused(new(&[("gqn_voxel", &other)]), first, &["\"near\":0.2", "hint:"]);
        let encoding = [("gqn_voxel", &*own), ("gqn_pose_encoding", "xyz-sin-cos")];
        check_refused(new(&encoding), first, &["xyz-sin-cos", "hint:"]);
        let mut engine = new(&[("gqn_voxel", &own)]).expect("the manifest's own geometry");
        let opened = engine.open_drawing(&package(config.clone(), &[("gqn_voxel", &own)]));
        check_refused(opened, names::DRAWING_FILE, &["has no `gqn_voxel`"]);
    }

    #[test]
    fn damaged_graphs_are_errors() {
        let nothing = BTreeMap::new();
        for bytes in [&b"no graph"[..], &[], &[0xff; 40]] {
            let error = PortableEngine::from_graphs(bytes, bytes, &nothing).expect_err("no graph");
            assert!(
                matches!(error, EngineError::Load { graph: names::REPRESENTATION_FILE, .. }),
                "{error}"
            );
        }
    }
}
