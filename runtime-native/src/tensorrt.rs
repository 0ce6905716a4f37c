//! What `TensorRT` is told: the shapes that will come, and where its engines are kept.

use std::path::{Path, PathBuf};

use gqn_formats::{Dim, GraphPorts};
use ort::ep::{self, ArbitrarilyConfigurableExecutionProvider};

use crate::compiled::cache_folder;
use crate::cuda::{CudaDevice, tensorrt_version};
use crate::error::OrtError;
use crate::graph::Source;

/// The last release of `TensorRT` whose builder has a flag for half precision; later ones follow the graph's types.
const LAST_WITH_HALF_FLAG: u32 = 10;

/// How a graph's engine is built.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TensorRtPlan {
    /// Shapes of every dynamic input: the smallest, and the largest, for which the engine is tuned.
    shapes: Option<[String; 2]>,
    /// Whether the graph's weights are in half precision.
    half: bool,
    /// Folder and prefix of its engines.
    cache: Option<(PathBuf, String)>,
}

impl TensorRtPlan {
    /// For runs of 1 to `batch` views or queries. A profile has to name every dynamic input of the graph.
    pub(crate) fn new(ports: &GraphPorts, batch: usize, half: bool) -> Self {
        let shapes = [1, batch].map(|rows| {
            let is_dynamic = |dim: &Dim| matches!(dim, Dim::Named(_));
            let dynamic = ports.inputs.iter().filter(|port| port.shape.iter().any(is_dynamic));
            let text = |dim: &Dim| match dim {
                Dim::Fixed(length) => length.to_string(),
                Dim::Named(_) => rows.to_string(),
            };
            let port = |port: &gqn_formats::Port| {
                let lengths: Vec<String> = port.shape.iter().map(text).collect();
                format!("{}:{}", port.name, lengths.join("x"))
            };
            dynamic.map(port).collect::<Vec<_>>().join(",")
        });
        Self { shapes: Some(shapes), half, cache: None }
    }

    /// The same, with engines and timings kept in a folder below `cache` that only this graph, with these options, on this
    /// device and with these libraries, reads.
    ///
    /// # Errors
    /// [`OrtError::Cache`].
    pub(crate) fn cached_in(
        self,
        cache: &Path,
        onnxruntime: &str,
        source: Source<'_>,
    ) -> Result<Self, OrtError> {
        let device = match CudaDevice::first() {
            Ok(device) => format!("{device:?}"),
            Err(reason) => reason,
        };
        let tensorrt = tensorrt_version().unwrap_or(0).to_string();
        let shapes = format!("{:?} {}", self.shapes, self.half);
        let parts = [shapes.as_str(), onnxruntime, &tensorrt, &device];
        let folder = cache_folder(cache, "tensorrt", source, &parts)?;
        let prefix = source.name.trim_end_matches(".onnx").to_owned();
        Ok(Self { cache: Some((folder, prefix)), ..self })
    }

    /// Where engines are kept.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.cache.as_ref().map(|(folder, _)| folder.as_path())
    }

    /// The provider with these options. It writes a graph with its engine into the file `dump`.
    pub(crate) fn provider(&self, memory: Option<usize>, dump: Option<&Path>) -> ep::TensorRT {
        let mut provider = ep::TensorRT::default();
        if let Some(bytes) = memory {
            provider = provider.with_max_workspace_size(bytes);
        }
        if let Some([smallest, largest]) = &self.shapes {
            provider = provider
                .with_profile_min_shapes(smallest)
                .with_profile_opt_shapes(largest)
                .with_profile_max_shapes(largest);
        }
        if self.half && tensorrt_version().is_some_and(|release| release <= LAST_WITH_HALF_FLAG) {
            provider = provider.with_fp16(true);
        }
        if let Some((folder, prefix)) = &self.cache {
            let folder = folder.display().to_string();
            provider = provider
                .with_engine_cache(true)
                .with_engine_cache_path(&folder)
                .with_engine_cache_prefix(prefix)
                .with_timing_cache(true)
                .with_timing_cache_path(&folder);
        }
        if let Some(file) = dump {
            provider = provider
                .with_dump_ep_context_model(true)
                .with_ep_context_file_path(file.display())
                .with_ep_context_embed_mode(1);
        }
        // TensorFloat-32 is off as with CUDA: its ten bits are too few for the sample's tolerance.
        provider.with_arbitrary_config("trt_tf32_enable", "0")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use gqn_formats::Preset;

    use super::*;

    #[test]
    fn profiles_name_every_dynamic_input() {
        let config = Preset::TinyTower.config();
        let generator = GraphPorts::generator(&config, &config.scene_shape());
        let plan = TensorRtPlan::new(&generator, 8, false);
        let [smallest, largest] = plan.shapes.expect("shapes");
        let noise = format!("{}x{}x8x8", config.steps, config.latent_channels);
        assert_eq!(smallest, format!("poses:1x7,noise:1x{noise}"));
        assert_eq!(largest, format!("poses:8x7,noise:8x{noise}"));
        let representation = GraphPorts::representation(&config, &config.scene_shape());
        let plan = TensorRtPlan::new(&representation, 2, false);
        assert_eq!(plan.shapes.expect("shapes")[1], "frames:2x3x32x32,poses:2x7");
    }

    #[test]
    fn what_builds_another_engine_has_another_folder() {
        let config = Preset::TinyTower.config();
        let ports = GraphPorts::generator(&config, &config.scene_shape());
        let root = tempfile::tempdir().expect("a folder");
        let cache = root.path().join("cache");
        let nothing = BTreeMap::new();
        let folder = |batch, half, version: &str, bytes: &[u8]| {
            let plan = TensorRtPlan::new(&ports, batch, half);
            let source = Source { name: "generator.onnx", bytes, external: &nothing };
            let plan = plan.cached_in(&cache, version, source).expect("a folder");
            plan.cache.expect("a cache").0
        };
        let first = folder(8, false, "1.32.0", b"a");
        assert_eq!(folder(8, false, "1.32.0", b"a"), first);
        let others = [
            folder(4, false, "1.32.0", b"a"),
            folder(8, true, "1.32.0", b"a"),
            folder(8, false, "1.31.0", b"a"),
            folder(8, false, "1.32.0", b"b"),
        ];
        assert!(others.iter().all(|other| *other != first && other.is_dir()), "{others:?}");
    }
}
