//! One graph in a session of ONNX Runtime.

use std::collections::{BTreeMap, BTreeSet};
use std::f32::consts::FRAC_1_SQRT_2;
use std::path::Path;
use std::sync::Arc;

use gqn_formats::{
    FormatError, GraphPorts, Port, Tensor, external_locations, names, onnx_metadata,
};
use gqn_runtime::EngineError;
use gqn_system::read_regular;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::builder::SessionBuilder;
use ort::session::{IoBinding, Session, SessionInputValue, SessionOutputs};
use ort::value::{Outlet, TensorRef, ValueType};
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

/// What a session is opened with.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) runtime: &'a OnnxRuntime,
    pub(crate) provider: Provider,
    pub(crate) options: &'a OrtOptions,
    pub(crate) plan: Option<&'a TensorRtPlan>,
}

/// A graph that is loaded.
#[derive(Debug)]
pub(crate) struct OrtGraph {
    name: &'static str,
    session: Session,
    /// Of a graph that was loaded compiled: what the graph itself says.
    metadata: Option<BTreeMap<String, String>>,
    /// Where the profile of its first run goes.
    profile: Option<TempDir>,
}

impl OrtGraph {
    /// Loads a graph. A provider that can writes what it compiled into the file `dump`, as a graph of `EPContext` nodes.
    pub(crate) fn open(
        setup: Setup<'_>,
        source: Source<'_>,
        dump: Option<&Path>,
    ) -> Result<Self, OrtError> {
        let name = source.name;
        let failed = |error: ort::Error| EngineError::load(name, first_line(error.message()));
        let (mut builder, profile) = setup.builder(name, dump)?;
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
        Ok(Self { name, session, metadata: None, profile })
    }

    /// Loads what [`OrtGraph::open`] wrote for that graph, which nobody else may have written.
    pub(crate) fn open_compiled(
        setup: Setup<'_>,
        source: Source<'_>,
        compiled: &[u8],
    ) -> Result<Self, OrtError> {
        let name = source.name;
        let unreadable = |reason| FormatError::Graph { graph: name.to_owned(), reason };
        let metadata = Some(onnx_metadata(source.bytes).map_err(unreadable)?);
        let (mut builder, profile) = setup.builder(name, None)?;
        let session = builder
            .commit_from_memory(compiled)
            .map_err(|error| EngineError::load(name, first_line(error.message())))?;
        Ok(Self { name, session, metadata, profile })
    }

    /// Whether its inputs and outputs are those.
    pub(crate) fn has_ports(&self, ports: &GraphPorts) -> bool {
        let same = |found: &[Outlet], expected: &[Port]| {
            let found: BTreeSet<&str> = found.iter().map(Outlet::name).collect();
            found == expected.iter().map(|port| port.name.as_str()).collect()
        };
        same(self.session.inputs(), &ports.inputs) && same(self.session.outputs(), &ports.outputs)
    }

    /// A value of the graph's metadata.
    pub(crate) fn metadata(&self, key: &str) -> Option<String> {
        match &self.metadata {
            Some(metadata) => metadata.get(key).cloned(),
            None => self.session.metadata().ok()?.custom(key),
        }
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
        tensor_of(name, &outputs, output)
    }

    /// A binding that holds a tensor for all runs with it, in the memory where the graph reads it.
    pub(crate) fn bind(&self, port: &str, tensor: &Tensor) -> Result<IoBinding, EngineError> {
        let failed = |error: ort::Error| EngineError::run(self.name, first_line(error.message()));
        let mut binding = self.session.create_binding().map_err(failed)?;
        binding.bind_input(port, &owned(tensor).map_err(failed)?).map_err(failed)?;
        Ok(binding)
    }

    /// The other inputs by name → the output of that name.
    pub(crate) fn run_bound(
        &mut self,
        binding: &mut IoBinding,
        inputs: &[(&str, &Tensor)],
        output: &str,
    ) -> Result<Tensor, EngineError> {
        let name = self.name;
        let failed = |error: ort::Error| EngineError::run(name, first_line(error.message()));
        for &(port, tensor) in inputs {
            binding.bind_input(port, &owned(tensor).map_err(failed)?).map_err(failed)?;
        }
        let (device, kind) = (AllocationDevice::CPU, MemoryType::CPUOutput);
        let memory = MemoryInfo::new(device, 0, AllocatorType::Device, kind).map_err(failed)?;
        // Anew for each run: what the last one wrote is of another shape if it had other rows.
        binding.bind_output_to_device(output, &memory).map_err(failed)?;
        binding.synchronize_inputs().map_err(failed)?;
        let outputs = self.session.run_binding(binding).map_err(failed)?;
        tensor_of(name, &outputs, output)
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
        let profile = read_regular(Path::new(&path), MOST_PROFILE)
            .map_err(|error| format!("profile: {error}"))?;
        drop(folder);
        Placement::from_profile(self.name, &profile, provider)
    }
}

impl Setup<'_> {
    /// Everything but the graph, and the folder for its profile.
    fn builder(
        &self,
        name: &'static str,
        dump: Option<&Path>,
    ) -> Result<(SessionBuilder, Option<TempDir>), OrtError> {
        let Self { runtime, provider, options, plan } = *self;
        if let Some(reason) = provider.missing_from_build() {
            return Err(OrtError::Provider { provider, reason });
        }
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
        for (key, value) in provider.context_entries(dump) {
            builder =
                builder.with_config_entry(key, value).map_err(|error| failed(error.into()))?;
        }
        let profiled = options.measure_placement || provider != Provider::Cpu;
        // Without a folder for it there is no profile, which `OrtGraph::place` says.
        let profile = if profiled { tempfile::tempdir().ok() } else { None };
        if let Some(folder) = &profile {
            let prefix = folder.path().join("profile");
            builder = builder.with_profiling(prefix).map_err(|error| failed(error.into()))?;
        }
        let builder =
            builder.with_execution_providers(provider.dispatches(options, plan, dump)).map_err(
                |error| OrtError::Provider { provider, reason: first_line(error.message()) },
            )?;
        Ok((builder, profile))
    }
}

/// The numbers of an output.
fn tensor_of(
    name: &'static str,
    outputs: &SessionOutputs<'_>,
    output: &str,
) -> Result<Tensor, EngineError> {
    let value = outputs
        .get(output)
        .ok_or_else(|| EngineError::run(name, format!("it has no output `{output}`")))?;
    let (shape, data) = value
        .try_extract_tensor::<f32>()
        .map_err(|error| EngineError::run(name, first_line(error.message())))?;
    let shape: Vec<usize> = shape.iter().map(|length| *length as usize).collect();
    Ok(Tensor::from_shape_vec(shape, data.to_vec()).expect("ONNX Runtime's data fits its shape"))
}

/// A copy that a binding may keep.
fn owned(tensor: &Tensor) -> ort::Result<ort::value::Tensor<f32>> {
    let data: Vec<f32> = tensor.iter().copied().collect();
    ort::value::Tensor::from_array((tensor.shape(), data))
}
