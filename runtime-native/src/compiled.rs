//! Graphs as a provider has compiled them, kept between starts: ONNX files of `EPContext` nodes in a private folder. They hold
//! native code, so they are only read from there, and never from a package.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gqn_formats::{GraphPorts, external_locations, sha256_hex};
use gqn_system::{Overwrite, read_regular, write_atomic};
use serde::Serialize;

use crate::error::{OrtError, first_line};
use crate::graph::{OrtGraph, Setup, Source};
use crate::private_folder::private_folder;

/// ONNX files have no more bytes.
const MOST: u64 = 1 << 31;

/// What became of a graph's compiled model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CompiledModel {
    /// The graph's file.
    pub graph: &'static str,
    /// Whether it was loaded from the cache; otherwise the provider compiled the graph.
    pub is_loaded: bool,
    /// Why it was not loaded, or why it is not kept, in one line.
    pub note: Option<String>,
}

impl CompiledModel {
    /// Such as `generator.onnx loaded`.
    pub(crate) fn line(&self) -> String {
        let done = if self.is_loaded { "loaded" } else { "compiled" };
        match &self.note {
            Some(note) => format!("{} {done} ({note})", self.graph),
            None => format!("{} {done}", self.graph),
        }
    }
}

/// The place of one graph's compiled model.
#[derive(Debug)]
pub(crate) struct CompiledCache<'a> {
    folder: PathBuf,
    graph: &'static str,
    ports: &'a GraphPorts,
}

/// What lies there.
enum Found {
    Nothing,
    Model(Vec<u8>),
    /// Why it is not what was written.
    Damaged(String),
    /// Why the provider did not load what it had written.
    Refused(String),
}

impl<'a> CompiledCache<'a> {
    /// In a private folder of that graph, device, libraries and options ([`cache_folder`]).
    pub(crate) fn new(folder: PathBuf, graph: &'static str, ports: &'a GraphPorts) -> Self {
        Self { folder, graph, ports }
    }

    /// The graph as it was compiled at an earlier start, or else compiled now and kept for later ones. What cannot be
    /// loaded is compiled anew.
    ///
    /// # Errors
    /// As [`OrtGraph::open`].
    pub(crate) fn open(
        &self,
        setup: Setup<'_>,
        source: Source<'_>,
    ) -> Result<(OrtGraph, CompiledModel), OrtError> {
        let told = |is_loaded, note| CompiledModel { graph: self.graph, is_loaded, note };
        let before = match self.read() {
            Found::Nothing => None,
            Found::Model(bytes) => match self.load(setup, source, &bytes) {
                Ok(graph) => return Ok((graph, told(true, None))),
                Err(reason) => Some(format!("the cached model does not load: {reason}")),
            },
            Found::Damaged(reason) => Some(reason),
            Found::Refused(reason) => {
                let graph = OrtGraph::open(setup, source, None)?;
                return Ok((graph, told(false, Some(reason))));
            }
        };
        let fresh = tempfile::tempdir_in(&self.folder).ok();
        let Some(fresh) = fresh.as_ref().map(|folder| folder.path().join("compiled.onnx")) else {
            let note = format!("{} is not writable", self.folder.display());
            return Ok((OrtGraph::open(setup, source, None)?, told(false, Some(note))));
        };
        let graph = OrtGraph::open(setup, source, Some(&fresh))?;
        let kept = self.keep(setup, source, &fresh).err();
        let notes: Vec<String> = before.into_iter().chain(kept).collect();
        Ok((graph, told(false, (!notes.is_empty()).then(|| notes.join("; ")))))
    }

    /// Compares the checksum, so that damage is found before a provider takes the bytes for code.
    fn read(&self) -> Found {
        if let Ok(reason) = std::fs::read_to_string(self.file("refused")) {
            return Found::Refused(first_line(&reason));
        }
        let (model, sum) = (self.file("onnx"), self.file("sha256"));
        if !model.exists() && !sum.exists() {
            return Found::Nothing;
        }
        let read = |path: &Path| read_regular(path, MOST).map_err(|error| error.to_string());
        match (read(&model), read(&sum)) {
            (Ok(model), Ok(sum)) if sha256_hex(&model).as_bytes() == sum => Found::Model(model),
            (Ok(_), Ok(_)) => Found::Damaged("the cached model has another checksum".to_owned()),
            (Err(reason), _) | (_, Err(reason)) => Found::Damaged(first_line(&reason)),
        }
    }

    /// Opens a compiled model and runs it once.
    fn load(&self, setup: Setup<'_>, source: Source<'_>, bytes: &[u8]) -> Result<OrtGraph, String> {
        let mut graph =
            OrtGraph::open_compiled(setup, source, bytes).map_err(|error| error.reason())?;
        if !graph.has_ports(self.ports) {
            return Err("it has other inputs or outputs than the graph".to_owned());
        }
        graph.warm_up().map_err(|error| OrtError::from(error).reason())?;
        Ok(graph)
    }

    /// Keeps what the provider wrote, if it loads. If it does not, later starts need not try.
    fn keep(&self, setup: Setup<'_>, source: Source<'_>, fresh: &Path) -> Result<(), String> {
        let bytes = match read_regular(fresh, MOST) {
            Ok(bytes) => bytes,
            Err(error) if fresh.exists() => return Err(first_line(&error.to_string())),
            Err(_) => return Err("the provider wrote no compiled model".to_owned()),
        };
        let write = |end: &str, bytes: &[u8]| {
            write_atomic(&self.file(end), bytes, Overwrite::Force)
                .map_err(|error| first_line(&error.to_string()))
        };
        if let Err(reason) = self.load(setup, source, &bytes) {
            let provider = setup.provider;
            let reason = format!("{provider} does not load what it compiled: {reason}");
            for end in ["onnx", "sha256"] {
                let _ = std::fs::remove_file(self.file(end));
            }
            write("refused", reason.as_bytes())?;
            return Err(reason);
        }
        write("onnx", &bytes)?;
        write("sha256", sha256_hex(&bytes).as_bytes())
    }

    fn file(&self, end: &str) -> PathBuf {
        self.folder.join(format!("{}.compiled.{end}", self.graph.trim_end_matches(".onnx")))
    }
}

/// A private folder below `cache` that only this graph with its weights, and what is said in `parts` (device, libraries,
/// options), has. Engines are native code, so nobody else may write there.
///
/// # Errors
/// [`OrtError::Cache`].
pub(crate) fn cache_folder(
    cache: &Path,
    provider: &str,
    source: Source<'_>,
    parts: &[&str],
) -> Result<PathBuf, OrtError> {
    let mut key = vec![sha256_hex(source.bytes)];
    key.extend(weights(source.bytes, source.external));
    key.extend(parts.iter().map(|&part| part.to_owned()));
    let folder = cache.join(format!("{provider}-{}", &sha256_hex(key.join("\n").as_bytes())[..32]));
    private_folder(cache)?;
    private_folder(&folder)?;
    Ok(folder)
}

/// The checksums of the files in which the graph keeps weights.
fn weights(bytes: &[u8], external: &BTreeMap<&str, &[u8]>) -> Vec<String> {
    let named = external_locations(bytes).unwrap_or_default();
    let content = |location: &String| external.get(location.as_str()).copied();
    named.iter().filter_map(content).map(sha256_hex).collect()
}

#[cfg(test)]
mod tests {
    use gqn_exporter::{ExportOptions, Graphs, build_graphs_with};
    use gqn_formats::{Checkpoint, ModelConfig, Preset, Provenance, Tensor, names, parameters};

    use super::*;
    use crate::{OnnxRuntime, OrtOptions, Provider};

    /// A small model of weights that are all alike.
    fn model(weight: f32, options: &ExportOptions) -> (ModelConfig, Graphs) {
        let config = ModelConfig {
            representation_channels: 16,
            hidden_channels: 8,
            canvas_channels: 8,
            steps: 1,
            ..Preset::TinyTower.config()
        };
        let tensor = |shape: &[usize]| Tensor::from_elem(shape.to_vec(), weight);
        let tensors = parameters(&config)
            .into_iter()
            .map(|parameter| (parameter.name, tensor(&parameter.shape)))
            .collect();
        let provenance = Provenance::default();
        let checkpoint = Checkpoint { config: config.clone(), step: 0, provenance, tensors };
        (config, build_graphs_with(&checkpoint, options))
    }

    /// The CPU's provider compiles nothing, so the graph itself stands for what it compiled: all but the provider's part.
    #[test]
    fn what_was_kept_is_loaded_and_what_is_damaged_is_compiled_anew() {
        let (config, graphs) = model(0.01, &ExportOptions::REFERENCE);
        let ports = GraphPorts::representation(&config, &config.scene_shape());
        let (nothing, root) = (BTreeMap::new(), tempfile::tempdir().expect("a folder"));
        let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup`");
        let options = OrtOptions::default();
        let setup = Setup { runtime, provider: Provider::Cpu, options: &options, plan: None };
        let name = names::REPRESENTATION_FILE;
        let source = Source { name, bytes: &graphs.representation, external: &nothing };
        let folder = cache_folder(&root.path().join("gqn"), "cpu", source, &[]).expect("a folder");
        let cache = CompiledCache::new(folder.clone(), name, &ports);
        let open = || {
            let (mut graph, told) = cache.open(setup, source).expect("a graph");
            graph.warm_up().expect("a run");
            assert!(graph.metadata("gqn_config").is_some());
            (told.is_loaded, told.line())
        };
        let anew = "representation.onnx compiled (the provider wrote no compiled model)";
        assert_eq!(open(), (false, anew.to_owned()));
        let fresh = root.path().join("fresh.onnx");
        std::fs::write(&fresh, &graphs.representation).expect("a file");
        cache.keep(setup, source, &fresh).expect("it loads");
        assert_eq!(open(), (true, "representation.onnx loaded".to_owned()));
        // One bit, half the file, no checksum.
        let kept = std::fs::read(cache.file("onnx")).expect("a file");
        let mut flipped = kept.clone();
        flipped[kept.len() / 2] ^= 1;
        for damaged in [&flipped[..], &kept[..kept.len() / 2], &[]] {
            std::fs::write(cache.file("onnx"), damaged).expect("a file");
            let (is_loaded, line) = open();
            assert!(!is_loaded && line.contains("another checksum"), "{line}");
        }
        std::fs::write(cache.file("onnx"), &kept).expect("a file");
        assert!(open().0);
        std::fs::remove_file(cache.file("sha256")).expect("a file");
        assert!(!open().0);
        // Stale: it was kept whole, and does not load any more.
        let stale = b"of another release";
        std::fs::write(cache.file("onnx"), stale).expect("a file");
        std::fs::write(cache.file("sha256"), sha256_hex(stale)).expect("a file");
        let (is_loaded, line) = open();
        assert!(!is_loaded && line.contains("the cached model does not load"), "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
    }

    #[test]
    fn what_does_not_load_is_not_kept_and_not_tried_again() {
        let (config, graphs) = model(0.01, &ExportOptions::REFERENCE);
        let ports = GraphPorts::generator(&config, &config.scene_shape());
        let (nothing, root) = (BTreeMap::new(), tempfile::tempdir().expect("a folder"));
        let runtime = OnnxRuntime::load(None).expect("ONNX Runtime; `cargo xtask setup`");
        let options = OrtOptions::default();
        let setup = Setup { runtime, provider: Provider::Cpu, options: &options, plan: None };
        let name = names::GENERATOR_FILE;
        let source = Source { name, bytes: &graphs.generator, external: &nothing };
        let fresh = root.path().join("fresh.onnx");
        // No model, and one of other ports.
        for bytes in [&b"no model"[..], &graphs.representation] {
            let folder = cache_folder(&root.path().join("gqn"), "cpu", source, &[]).expect("one");
            let cache = CompiledCache::new(folder.clone(), name, &ports);
            std::fs::write(&fresh, bytes).expect("a file");
            let reason = cache.keep(setup, source, &fresh).expect_err("it does not load");
            assert!(reason.starts_with("cpu does not load what it compiled: "), "{reason}");
            assert!(!cache.file("onnx").exists());
            let (_, told) = cache.open(setup, source).expect("a graph");
            assert_eq!(told.note.as_deref(), Some(reason.as_str()));
            std::fs::remove_dir_all(folder).expect("a folder");
        }
    }

    #[test]
    fn other_weights_or_libraries_have_another_folder() {
        let (_, graphs) = model(0.01, &ExportOptions::REFERENCE);
        let options = ExportOptions { external_data_limit: 0, ..ExportOptions::REFERENCE };
        let (_, beside) = model(0.01, &options);
        let root = tempfile::tempdir().expect("a folder");
        let folder = |bytes: &[u8], external: &BTreeMap<&str, &[u8]>, part: &str| {
            let source = Source { name: names::GENERATOR_FILE, bytes, external };
            cache_folder(&root.path().join("gqn"), "openvino", source, &[part]).expect("a folder")
        };
        let mut files: BTreeMap<&str, &[u8]> =
            beside.external_data.iter().map(|(name, data)| (name.as_str(), &data[..])).collect();
        let first = folder(&beside.generator, &files, "1.24.1");
        assert_eq!(folder(&beside.generator, &files, "1.24.1"), first);
        assert_ne!(folder(&beside.generator, &files, "1.24.2"), first);
        assert_ne!(folder(&graphs.generator, &files, "1.24.1"), first);
        for content in files.values_mut() {
            *content = b"other weights";
        }
        assert_ne!(folder(&beside.generator, &files, "1.24.1"), first);
    }
}
