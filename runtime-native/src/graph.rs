//! One graph in a session of ONNX Runtime.

use std::collections::BTreeMap;
use std::f32::consts::FRAC_1_SQRT_2;
use std::sync::Arc;

use gqn_formats::{FormatError, Tensor, external_locations, names};
use gqn_runtime::EngineError;
use gqn_system::read_regular;
use ort::session::{Session, SessionInputValue};
use ort::value::{TensorRef, ValueType};
use tempfile::TempDir;

use crate::error::{OrtError, first_line};
use crate::library::OnnxRuntime;
use crate::options::{OrtOptions, Spin};
use crate::placement::{MOST_PROFILE, Placement};
use crate::provider::Provider;
use crate::tensorrt::TensorRtPlan;

/// A graph's bytes and the files beside it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a> {
    pub(crate) name: &'static str,
    pub(crate) bytes: &'a [u8],
    pub(crate) external: &'a BTreeMap<&'a str, &'a [u8]>,
}

/// A graph that is loaded.
#[derive(Debug)]
pub(crate) struct Graph {
    name: &'static str,
    session: Session,
    /// Where the profile of its first run goes.
    profile: Option<TempDir>,
}

impl Graph {
    pub(crate) fn open(
        runtime: &OnnxRuntime,
        source: Source<'_>,
        provider: Provider,
        options: &OrtOptions,
        plan: Option<&TensorRtPlan>,
    ) -> Result<Self, OrtError> {
        if let Some(reason) = provider.missing_from_build() {
            return Err(OrtError::Provider { provider, reason });
        }
        let name = source.name;
        let failed = |error: ort::Error| EngineError::load(name, first_line(error.message()));
        let mut builder = Session::builder(&runtime.environment).map_err(failed)?;
        if let Some(threads) = options.threads {
            let threads = threads.get().min(OrtOptions::MOST_THREADS);
            builder = builder.with_intra_threads(threads).map_err(|error| failed(error.into()))?;
        }
        if options.spin == Spin::Off {
            builder =
                builder.with_intra_op_spinning(false).map_err(|error| failed(error.into()))?;
        }
        let profiled = options.measure_placement || provider != Provider::Cpu;
        // Without a folder for it there is no profile, which `Graph::place` says.
        let profile = if profiled { tempfile::tempdir().ok() } else { None };
        if let Some(folder) = &profile {
            let prefix = folder.path().join("profile");
            builder = builder.with_profiling(prefix).map_err(|error| failed(error.into()))?;
        }
        builder = builder.with_execution_providers(provider.dispatches(options, plan)).map_err(
            |error| OrtError::Provider { provider, reason: first_line(error.message()) },
        )?;
        // A file that is not handed over here would be looked for in the current folder.
        let unreadable = |reason| FormatError::Graph { graph: name.to_owned(), reason };
        for location in external_locations(source.bytes).map_err(unreadable)? {
            let Some(content) = source.external.get(location.as_str()) else {
                return Err(FormatError::ExternalData { graph: name.to_owned(), location }.into());
            };
            builder = builder
                .with_external_initializer_file_in_memory(location, Arc::from(*content))
                .map_err(|error| failed(error.into()))?;
        }
        let session = builder.commit_from_memory(source.bytes).map_err(failed)?;
        Ok(Self { name, session, profile })
    }

    /// A value of the graph's metadata.
    pub(crate) fn metadata(&self, key: &str) -> Option<String> {
        self.session.metadata().ok()?.custom(key)
    }

    /// inputs by name → the output of that name.
    pub(crate) fn run(
        &mut self,
        inputs: &[(&str, &Tensor)],
        output: &str,
    ) -> Result<Tensor, EngineError> {
        let name = self.name;
        let failed = |error: ort::Error| EngineError::run(name, first_line(error.message()));
        let contiguous: Vec<_> =
            inputs.iter().map(|(_, tensor)| tensor.as_standard_layout()).collect();
        let mut values: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.len());
        for ((port, _), tensor) in inputs.iter().zip(&contiguous) {
            let data = tensor.as_slice().expect("standard layout is contiguous");
            let value = TensorRef::from_array_view((tensor.shape(), data)).map_err(failed)?;
            values.push((port, value.into()));
        }
        let outputs = self.session.run(values).map_err(failed)?;
        let value = outputs
            .get(output)
            .ok_or_else(|| EngineError::run(name, format!("it has no output `{output}`")))?;
        let (shape, data) = value.try_extract_tensor::<f32>().map_err(failed)?;
        let shape: Vec<usize> = shape.iter().map(|length| *length as usize).collect();
        Ok(Tensor::from_shape_vec(shape, data.to_vec())
            .expect("ONNX Runtime's data fits its shape"))
    }

    /// Runs the graph once, on one row: a camera that looks up by 45 degrees, and zeros.
    pub(crate) fn warm_up(&mut self) -> Result<(), EngineError> {
        // Sines and cosines of zero are of no camera, and a voxel model's rays are then of no direction.
        let value = |name: &str| if name == names::POSES { FRAC_1_SQRT_2 } else { 0.0 };
        let of_one_row = |name: &str, kind: &ValueType| match kind {
            ValueType::Tensor { shape, .. } => {
                let lengths = shape.iter().map(|&length| usize::try_from(length).unwrap_or(1));
                Some(Tensor::from_elem(lengths.collect::<Vec<_>>(), value(name)))
            }
            _ => None,
        };
        let inputs: Option<Vec<(String, Tensor)>> = self
            .session
            .inputs()
            .iter()
            .map(|port| Some((port.name().to_owned(), of_one_row(port.name(), port.dtype())?)))
            .collect();
        let output = self.session.outputs().first().map(|port| port.name().to_owned());
        let (Some(inputs), Some(output)) = (inputs, output) else {
            return Err(EngineError::run(self.name, "its ports are no tensors"));
        };
        let inputs: Vec<(&str, &Tensor)> =
            inputs.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        self.run(&inputs, &output).map(drop)
    }

    /// Where the nodes of the runs so far ran. Ends the profile; there is one only once.
    ///
    /// # Errors
    /// Why that is not known, in one line.
    pub(crate) fn place(&mut self, provider: Provider) -> Result<Placement, String> {
        let folder = self.profile.take().ok_or("profile: there is no folder for it")?;
        let path = self.session.end_profiling().map_err(|error| first_line(error.message()))?;
        let profile = read_regular(std::path::Path::new(&path), MOST_PROFILE)
            .map_err(|error| format!("profile: {error}"))?;
        drop(folder);
        Placement::from_profile(self.name, &profile, provider)
    }
}
