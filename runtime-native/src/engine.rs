//! `Engine` on ONNX Runtime.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use gqn_formats::{FormatError, Manifest, Package, Tensor, names};
use gqn_runtime::{Engine, EngineError};

use crate::batch::BatchSizes;
use crate::error::OrtError;
use crate::graph::{OrtGraph, Setup, Source};
use crate::library::OnnxRuntime;
use crate::opening::{Opened, Opening, needs_warm_up};
use crate::options::OrtOptions;
use crate::placement::Placement;
use crate::provider::Provider;
use crate::report::{EngineReport, Skipped};
use crate::scenes::ResidentScenes;

/// Runs a package's graphs with ONNX Runtime.
#[derive(Debug)]
pub struct OrtEngine {
    representation: OrtGraph,
    generator: OrtGraph,
    drawing: Option<OrtGraph>,
    scenes: ResidentScenes,
    batch: BatchSizes,
    report: EngineReport,
    warm_up: Option<Duration>,
}

impl OrtEngine {
    /// An engine for the package. What runs are the bytes whose checksums were compared, not the files again.
    ///
    /// # Errors
    /// [`OrtError::Provider`] if a provider that was asked for does not run here, [`OrtError::Engine`] if a graph
    /// does not load, [`OrtError::Format`] if it was made for other cameras than the manifest says, or keeps numbers in a
    /// file that is not given here.
    pub fn new(
        runtime: &OnnxRuntime,
        package: &Package,
        options: &OrtOptions,
    ) -> Result<Self, OrtError> {
        let files: BTreeMap<&str, &[u8]> = package.files().collect();
        let content =
            |name: &'static str| package.file(name).map_err(|error| EngineError::load(name, error));
        let (representation, generator) =
            (content(names::REPRESENTATION_FILE)?, content(names::GENERATOR_FILE)?);
        let manifest = Some(&package.manifest);
        let engine = Self::open(runtime, [representation, generator], &files, options, manifest)?;
        engine.check_metadata(&package.manifest)?;
        Ok(engine)
    }

    /// The same with the drawing graph, if the package has one: then [`Engine::draw`] runs it. Most programs never ask for it.
    ///
    /// # Errors
    /// [`OrtError::Engine`] if the graph does not load, [`OrtError::Format`] if it is another model's.
    pub fn with_drawing(
        mut self,
        runtime: &OnnxRuntime,
        package: &Package,
        options: &OrtOptions,
    ) -> Result<Self, OrtError> {
        if package.manifest.drawing.is_some() {
            let name = names::DRAWING_FILE;
            let bytes = package.file(name).map_err(|error| EngineError::load(name, error))?;
            let external = package.files().collect();
            let setup = Setup { runtime, provider: self.report.provider, options, plan: None };
            let graph = OrtGraph::open(setup, Source { name, bytes, external: &external }, None)?;
            package.manifest.check_graph(name, |key| graph.metadata(key))?;
            self.drawing = Some(graph);
        }
        Ok(self)
    }

    fn check_metadata(&self, manifest: &Manifest) -> Result<(), FormatError> {
        let graphs = [
            (names::REPRESENTATION_FILE, &self.representation),
            (names::GENERATOR_FILE, &self.generator),
        ];
        graphs
            .into_iter()
            .try_for_each(|(name, graph)| manifest.check_graph(name, |key| graph.metadata(key)))
    }

    /// An engine for two graphs; `external` are the files, by name, that hold weights outside of them.
    ///
    /// # Errors
    /// As [`OrtEngine::new`].
    pub fn from_graphs(
        runtime: &OnnxRuntime,
        representation: &[u8],
        generator: &[u8],
        external: &BTreeMap<&str, &[u8]>,
        options: &OrtOptions,
    ) -> Result<Self, OrtError> {
        Self::open(runtime, [representation, generator], external, options, None)
    }

    fn open(
        runtime: &OnnxRuntime,
        graphs: [&[u8]; 2],
        external: &BTreeMap<&str, &[u8]>,
        options: &OrtOptions,
        manifest: Option<&Manifest>,
    ) -> Result<Self, OrtError> {
        let mut skipped = Vec::new();
        for &provider in options.provider.candidates() {
            let has_limit = matches!(provider, Provider::Cuda | Provider::TensorRt);
            let asked = options.provider == provider;
            if options.device_memory.is_some() && asked && !has_limit {
                return Err(OrtError::NoMemoryLimit { provider });
            }
            let opened = Opening { runtime, external, options, manifest, provider }.open(graphs);
            match opened {
                Ok(Opened { representation, generator, warm_up, compiled }) => {
                    let batch = BatchSizes::new(provider, options.batch);
                    let mut report = report(runtime, provider, options, skipped);
                    report.compiled = compiled;
                    let scenes = ResidentScenes::default();
                    let drawing = None;
                    let mut engine =
                        Self { representation, generator, drawing, scenes, batch, report, warm_up };
                    engine.place(options);
                    return Ok(engine);
                }
                Err(error) if options.provider == Provider::Auto && provider != Provider::Cpu => {
                    skipped.push(Skipped { provider, reason: error.reason() });
                }
                Err(error) => return Err(error),
            }
        }
        let reasons: Vec<String> = skipped.into_iter().map(|skipped| skipped.reason).collect();
        Err(OrtError::Provider { provider: options.provider, reason: reasons.join("; ") })
    }

    /// Reads the profiles of the warm-up.
    fn place(&mut self, options: &OrtOptions) {
        if self.warm_up.is_none() || !needs_warm_up(self.report.provider, options) {
            return;
        }
        let provider = self.report.provider;
        let graphs = [&mut self.representation, &mut self.generator];
        let placed: Result<Vec<Placement>, String> =
            graphs.into_iter().map(|graph| graph.place(provider)).collect();
        match placed {
            Ok(placement) => self.report.placement = placement,
            Err(reason) => self.report.placement_error = Some(reason),
        }
    }

    /// The provider that runs; never [`Provider::Auto`].
    pub fn provider(&self) -> Provider {
        self.report.provider
    }

    /// What was asked for, what runs, and why not something else.
    pub fn report(&self) -> &EngineReport {
        &self.report
    }

    /// Where the nodes ran in the warm-up; empty if that was not measured.
    pub fn placement(&self) -> &[Placement] {
        &self.report.placement
    }

    /// How long the warm-up took, if there was one.
    pub fn warm_up(&self) -> Option<Duration> {
        self.warm_up
    }

    /// Scenes that are in the provider's memory, those included that were given up since the last query.
    pub fn resident_scenes(&self) -> usize {
        self.scenes.count()
    }

    /// Queries of one run, at most.
    pub fn batch(&self) -> usize {
        self.batch.most()
    }

    /// Whether all nodes ran on the provider that was asked for.
    ///
    /// # Errors
    /// [`OrtError::Fallback`] names those that did not; [`OrtError::NoPlacement`] if it is not known,
    /// [`OrtError::StrictAuto`] if no provider was asked for.
    pub fn check_strict(&self) -> Result<(), OrtError> {
        if self.report.asked == Provider::Auto {
            return Err(OrtError::StrictAuto);
        }
        if self.report.placement.is_empty() {
            let reason = self.report.placement_error.clone();
            let reason = reason.unwrap_or_else(|| "it was not measured".to_owned());
            return Err(OrtError::NoPlacement { reason });
        }
        let nodes = self.report.fallback();
        if nodes.is_empty() {
            return Ok(());
        }
        Err(OrtError::Fallback { provider: self.report.provider, nodes })
    }
}

impl Engine for OrtEngine {
    fn describe(&self) -> String {
        self.report.line()
    }

    fn represent(&mut self, frames: &Tensor, poses: &Tensor) -> Result<Tensor, EngineError> {
        self.representation.run(&[(names::FRAMES, frames), (names::POSES, poses)], names::SCENE)
    }

    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        let generator = &mut self.generator;
        self.batch.generate(poses, noise, |poses, noise| {
            let inputs = [(names::SCENE, scene), (names::POSES, poses), (names::NOISE, noise)];
            generator.run(&inputs, names::FRAMES)
        })
    }

    fn generate_resident(
        &mut self,
        scene: &Arc<Tensor>,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        if !self.report.io_binding {
            return self.generate(scene, poses, noise);
        }
        let generator = &mut self.generator;
        let binding = self.scenes.binding(generator, scene)?;
        self.batch.generate(poses, noise, |poses, noise| {
            let inputs = [(names::POSES, poses), (names::NOISE, noise)];
            generator.run_bound(binding, &inputs, names::FRAMES)
        })
    }

    fn draw(
        &mut self,
        scene: &Tensor,
        pose: &Tensor,
        noise: &Tensor,
    ) -> Result<Option<Tensor>, EngineError> {
        let inputs = [(names::SCENE, scene), (names::POSES, pose), (names::NOISE, noise)];
        self.drawing.as_mut().map(|graph| graph.run(&inputs, names::FRAMES)).transpose()
    }
}

fn report(
    runtime: &OnnxRuntime,
    provider: Provider,
    options: &OrtOptions,
    skipped: Vec<Skipped>,
) -> EngineReport {
    EngineReport {
        onnxruntime: runtime.version().to_owned(),
        library: runtime.path().display().to_string(),
        found: runtime.how_found(),
        available: runtime.available_providers(),
        asked: options.provider,
        provider,
        skipped,
        threads: options.threads.map(std::num::NonZeroUsize::get),
        spin: options.spin.name(),
        io_binding: options.io_binding.is_used(provider),
        placement: Vec::new(),
        placement_error: None,
        cache: options.cache.as_ref().map(|cache| cache.display().to_string()),
        compiled: Vec::new(),
    }
}
