//! One try to open a package's graphs on a provider.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use gqn_formats::{GraphPorts, Manifest, Precision, names, sha256_hex};

use crate::batch::BatchSizes;
use crate::compiled::{CompiledCache, CompiledModel, cache_folder};
use crate::error::OrtError;
use crate::graph::{OrtGraph, Setup, Source};
use crate::library::OnnxRuntime;
use crate::options::OrtOptions;
use crate::provider::Provider;
use crate::tensorrt::TensorRtPlan;

/// One try to open the graphs.
pub(crate) struct Opening<'a> {
    pub(crate) runtime: &'a OnnxRuntime,
    pub(crate) external: &'a BTreeMap<&'a str, &'a [u8]>,
    pub(crate) options: &'a OrtOptions,
    pub(crate) manifest: Option<&'a Manifest>,
    pub(crate) provider: Provider,
}

/// Both graphs.
pub(crate) struct Opened {
    pub(crate) representation: OrtGraph,
    pub(crate) generator: OrtGraph,
    /// How long opening and first runs took, if there were any.
    pub(crate) warm_up: Option<Duration>,
    pub(crate) compiled: Vec<CompiledModel>,
}

impl<'a> Opening<'a> {
    /// Both graphs. A provider that registers and fails at its first run fails here.
    pub(crate) fn open(&self, graphs: [&'a [u8]; 2]) -> Result<Opened, OrtError> {
        let [representation, generator] = graphs;
        let start = Instant::now();
        let mut compiled = Vec::new();
        let mut representation =
            self.graph(names::REPRESENTATION_FILE, representation, &mut compiled)?;
        let mut generator = self.graph(names::GENERATOR_FILE, generator, &mut compiled)?;
        let mut warm_up = None;
        if needs_warm_up(self.provider, self.options) {
            for graph in [&mut representation, &mut generator] {
                graph.warm_up()?;
            }
            warm_up = Some(start.elapsed());
        }
        Ok(Opened { representation, generator, warm_up, compiled })
    }

    fn graph(
        &self,
        name: &'static str,
        bytes: &'a [u8],
        compiled: &mut Vec<CompiledModel>,
    ) -> Result<OrtGraph, OrtError> {
        let source = Source { name, bytes, external: self.external };
        let ports = self.manifest.map(|manifest| match name {
            names::GENERATOR_FILE => &manifest.generator,
            _ => &manifest.representation,
        });
        let plan = self.plan(source, ports)?;
        let Self { runtime, options, provider, .. } = *self;
        let setup = Setup { runtime, provider, options, plan: plan.as_ref() };
        let folder = match &plan {
            Some(plan) => plan.folder().map(Path::to_owned),
            None => self.openvino_folder(source)?,
        };
        // Without a manifest nothing says which ports a compiled model is to have.
        let (Some(folder), Some(ports)) = (folder, ports) else {
            return OrtGraph::open(setup, source, None);
        };
        let (graph, told) = CompiledCache::new(folder, name, ports).open(setup, source)?;
        compiled.push(told);
        Ok(graph)
    }

    /// What `TensorRT` is told of the graph; nothing of graphs without a manifest, whose shapes nobody names.
    fn plan(
        &self,
        source: Source<'_>,
        ports: Option<&GraphPorts>,
    ) -> Result<Option<TensorRtPlan>, OrtError> {
        let (Provider::TensorRt, Some(manifest), Some(ports)) =
            (self.provider, self.manifest, ports)
        else {
            return Ok(None);
        };
        let batch = BatchSizes::new(self.provider, self.options.batch).most();
        let half = manifest.precision == Precision::Fp16;
        let plan = TensorRtPlan::new(ports, batch, half);
        match &self.options.cache {
            Some(cache) => plan.cached_in(cache, self.runtime.version(), source).map(Some),
            None => Ok(Some(plan)),
        }
    }

    /// Where `OpenVINO`'s compiled models are kept.
    fn openvino_folder(&self, source: Source<'_>) -> Result<Option<PathBuf>, OrtError> {
        let (Provider::OpenVino, Some(cache)) = (self.provider, &self.options.cache) else {
            return Ok(None);
        };
        let parts = [
            self.runtime.version().to_owned(),
            libraries(self.runtime.path()),
            processor(),
            format!("{:?}", self.options.threads),
        ];
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        cache_folder(cache, self.provider.name(), source, &parts).map(Some)
    }
}

/// Names and sizes of the libraries beside ONNX Runtime's: another release of `OpenVINO` has others.
fn libraries(onnxruntime: &Path) -> String {
    let entries = onnxruntime.parent().and_then(|folder| std::fs::read_dir(folder).ok());
    let mut found: Vec<String> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| {
            let entry = entry.ok()?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let length = entry.metadata().ok()?.len();
            name.contains("openvino").then(|| format!("{name} {length}"))
        })
        .collect();
    found.sort();
    found.join(", ")
}

/// Which processor code is compiled for; its frequencies change from one moment to the next.
fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let says = |line: &&str| {
        ["model name", "flags", "CPU part", "Features"].iter().any(|name| line.starts_with(name))
    };
    let mut kinds: Vec<&str> = text.lines().filter(says).collect();
    kinds.sort_unstable();
    kinds.dedup();
    format!("{} {}", std::env::consts::ARCH, sha256_hex(kinds.join("\n").as_bytes()))
}

/// Accelerators prepare themselves in their first run, and may only then fail.
pub(crate) fn needs_warm_up(provider: Provider, options: &OrtOptions) -> bool {
    provider != Provider::Cpu || options.measure_placement
}
