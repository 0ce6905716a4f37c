//! `Engine` on ONNX Runtime.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use gqn_formats::{FormatError, Manifest, Package, Tensor, external_locations, names};
use gqn_runtime::{Engine, EngineError};
use ndarray::Axis;
use ort::session::{Session, SessionInputValue};
use ort::value::TensorRef;

use crate::error::{OrtError, first_line};
use crate::library::OnnxRuntime;
use crate::provider::Provider;

/// Queries of one run on the CPU. Of two to five at once a large model paints each in the shortest time, because they share
/// the reading of its weights; with more, their values no longer stay in the processor's caches.
const AT_ONCE: usize = 4;

/// How to run the graphs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OrtOptions {
    /// What to run them on.
    pub provider: Provider,
    /// Threads of one run on the CPU, at most [`OrtOptions::MOST_THREADS`]; as many as there are cores if none is given.
    pub threads: Option<NonZeroUsize>,
}

impl OrtOptions {
    /// ONNX Runtime counts them in 32 bits, and starts each.
    pub const MOST_THREADS: usize = 4096;
}

/// Runs a package's graphs with ONNX Runtime.
#[derive(Debug)]
pub struct OrtEngine {
    representation: Session,
    generator: Session,
    description: String,
    provider: Provider,
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
        let engine = Self::from_graphs(runtime, representation, generator, &files, options)?;
        engine.check_metadata(&package.manifest)?;
        Ok(engine)
    }

    fn check_metadata(&self, manifest: &Manifest) -> Result<(), FormatError> {
        let graphs = [
            (names::REPRESENTATION_FILE, &self.representation),
            (names::GENERATOR_FILE, &self.generator),
        ];
        graphs.into_iter().try_for_each(|(name, graph)| {
            let metadata = graph.metadata().ok();
            manifest
                .check_graph(name, |key| metadata.as_ref().and_then(|entries| entries.custom(key)))
        })
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
        let graph = |name: &'static str, bytes, provider| {
            open(runtime, Source { name, bytes, external }, provider, options.threads)
        };
        let mut skipped = Vec::new();
        for &provider in options.provider.candidates() {
            let sessions = graph(names::REPRESENTATION_FILE, representation, provider)
                .and_then(|first| Ok((first, graph(names::GENERATOR_FILE, generator, provider)?)));
            match sessions {
                Ok((representation, generator)) => {
                    let description = describe(runtime, provider, options, &skipped);
                    return Ok(Self { representation, generator, description, provider });
                }
                Err(error) if options.provider == Provider::Auto && provider != Provider::Cpu => {
                    skipped.push(format!("{provider}: {}", reason(error)));
                }
                Err(error) => return Err(error),
            }
        }
        let reason = skipped.join("; ");
        Err(OrtError::Provider { provider: options.provider, reason })
    }

    /// The provider that runs; never [`Provider::Auto`].
    pub fn provider(&self) -> Provider {
        self.provider
    }
}

impl Engine for OrtEngine {
    fn describe(&self) -> String {
        self.description.clone()
    }

    fn represent(&mut self, frames: &Tensor, poses: &Tensor) -> Result<Tensor, EngineError> {
        let inputs = [(names::FRAMES, frames), (names::POSES, poses)];
        run(&mut self.representation, names::REPRESENTATION_FILE, &inputs, names::SCENE)
    }

    fn generate(
        &mut self,
        scene: &Tensor,
        poses: &Tensor,
        noise: &Tensor,
    ) -> Result<Tensor, EngineError> {
        let mut run = |poses: &Tensor, noise: &Tensor| {
            let inputs = [(names::SCENE, scene), (names::POSES, poses), (names::NOISE, noise)];
            run(&mut self.generator, names::GENERATOR_FILE, &inputs, names::FRAMES)
        };
        let [queries, noises] = [poses, noise].map(|x| x.shape().first().copied().unwrap_or(0));
        // Other numbers of noises are ONNX Runtime's to refuse.
        let splits = queries > AT_ONCE && (noises == 1 || noises == queries);
        if self.provider != Provider::Cpu || !splits {
            return run(poses, noise);
        }
        let parts = (0..queries).step_by(AT_ONCE).map(|start| {
            let part = |x: &Tensor| {
                let end = queries.min(start + AT_ONCE);
                x.slice_axis(Axis(0), (start..end).into()).to_owned()
            };
            if noises == 1 { run(&part(poses), noise) } else { run(&part(poses), &part(noise)) }
        });
        let parts: Vec<Tensor> = parts.collect::<Result<_, _>>()?;
        let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
        Ok(ndarray::concatenate(Axis(0), &views).expect("pictures are of one size"))
    }
}

/// A graph and the files beside it.
#[derive(Clone, Copy)]
struct Source<'a> {
    name: &'static str,
    bytes: &'a [u8],
    external: &'a BTreeMap<&'a str, &'a [u8]>,
}

fn open(
    runtime: &OnnxRuntime,
    graph: Source<'_>,
    provider: Provider,
    threads: Option<NonZeroUsize>,
) -> Result<Session, OrtError> {
    if let Some(reason) = provider.missing_from_build() {
        return Err(OrtError::Provider { provider, reason });
    }
    let failed = |error: ort::Error| EngineError::load(graph.name, first_line(error.message()));
    let mut builder = Session::builder(&runtime.environment).map_err(failed)?;
    if let Some(threads) = threads {
        let threads = threads.get().min(OrtOptions::MOST_THREADS);
        builder = builder.with_intra_threads(threads).map_err(|error| failed(error.into()))?;
    }
    builder = builder
        .with_execution_providers(provider.dispatches())
        .map_err(|error| OrtError::Provider { provider, reason: first_line(error.message()) })?;
    // A file that is not handed over here would be looked for in the current folder.
    let unreadable = |reason| FormatError::Graph { graph: graph.name.to_owned(), reason };
    for location in external_locations(graph.bytes).map_err(unreadable)? {
        let Some(content) = graph.external.get(location.as_str()) else {
            return Err(FormatError::ExternalData { graph: graph.name.to_owned(), location }.into());
        };
        builder = builder
            .with_external_initializer_file_in_memory(location, Arc::from(*content))
            .map_err(|error| failed(error.into()))?;
    }
    Ok(builder.commit_from_memory(graph.bytes).map_err(failed)?)
}

fn run(
    session: &mut Session,
    graph: &'static str,
    inputs: &[(&'static str, &Tensor)],
    output: &'static str,
) -> Result<Tensor, EngineError> {
    let failed = |error: ort::Error| EngineError::run(graph, first_line(error.message()));
    let contiguous: Vec<_> = inputs.iter().map(|(_, tensor)| tensor.as_standard_layout()).collect();
    let mut values: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
    for ((name, _), tensor) in inputs.iter().zip(&contiguous) {
        let data = tensor.as_slice().expect("standard layout is contiguous");
        let value = TensorRef::from_array_view((tensor.shape(), data)).map_err(failed)?;
        values.push((name, value.into()));
    }
    let outputs = session.run(values).map_err(failed)?;
    let value = outputs
        .get(output)
        .ok_or_else(|| EngineError::run(graph, format!("it has no output `{output}`")))?;
    let (shape, data) = value.try_extract_tensor::<f32>().map_err(failed)?;
    let shape: Vec<usize> = shape.iter().map(|length| *length as usize).collect();
    Ok(Tensor::from_shape_vec(shape, data.to_vec()).expect("ONNX Runtime's data fits its shape"))
}

fn describe(
    runtime: &OnnxRuntime,
    provider: Provider,
    options: &OrtOptions,
    skipped: &[String],
) -> String {
    let mut text = format!("{}, provider {provider}", runtime.describe());
    if options.provider != provider {
        let asked = format!("asked for {}", options.provider);
        let asked = [&[asked], skipped].concat().join("; ");
        text = format!("{text} ({asked})");
    }
    if let Some(threads) = options.threads {
        text = format!("{text}, threads {threads}");
    }
    text
}

/// Why a provider was passed over, in one line.
fn reason(error: OrtError) -> String {
    match error {
        OrtError::Provider { reason, .. } => reason,
        OrtError::Engine(EngineError::Load { source, .. }) => source.to_string(),
        error => first_line(&error.to_string()),
    }
}
