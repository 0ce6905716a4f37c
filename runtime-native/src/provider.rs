//! What a graph runs on.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};
use serde::{Serialize, Serializer};

use crate::options::OrtOptions;
use crate::tensorrt::TensorRtPlan;

/// An execution provider of ONNX Runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provider {
    /// The first that runs here of CUDA, `OpenVINO`, WebGPU and the CPU; the engine says which, and why not the others.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA, or an error.
    Cuda,
    /// `TensorRT`, with CUDA for what it does not take, or an error. It builds an engine for each graph, which takes minutes
    /// unless a cache holds it.
    TensorRt,
    /// `OpenVINO` on the CPU, or an error.
    OpenVino,
    /// WebGPU (Vulkan, Direct3D 12 or Metal), or an error.
    WebGpu,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 6] =
        [Self::Auto, Self::Cpu, Self::Cuda, Self::TensorRt, Self::OpenVino, Self::WebGpu];

    /// The name in flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::OpenVino => "openvino",
            Self::WebGpu => "webgpu",
        }
    }

    /// Queries of one run, at most, unless the options say otherwise. Of two to five at once a large model renders each in the
    /// shortest time on a CPU, because they share the reading of its weights; with more, their values no longer stay in the
    /// processor's caches.
    pub fn default_batch(self) -> usize {
        match self {
            Self::Cpu => 4,
            _ => 8,
        }
    }

    /// Whether it computes in memory that is not the processor's, so that what it reads is copied there first.
    pub(crate) fn has_device_memory(self) -> bool {
        matches!(self, Self::Cuda | Self::TensorRt | Self::WebGpu)
    }

    /// What to try, in this order.
    pub(crate) fn candidates(self) -> &'static [Self] {
        match self {
            Self::Auto => &[Self::Cuda, Self::OpenVino, Self::WebGpu, Self::Cpu],
            Self::Cpu => &[Self::Cpu],
            Self::Cuda => &[Self::Cuda],
            Self::TensorRt => &[Self::TensorRt],
            Self::OpenVino => &[Self::OpenVino],
            Self::WebGpu => &[Self::WebGpu],
        }
    }

    /// The session's options by which it writes what it compiled into one file; `TensorRT` has options of its own.
    pub(crate) fn context_entries(self, dump: Option<&Path>) -> Vec<(&'static str, String)> {
        match (self, dump) {
            (Self::OpenVino, Some(file)) => vec![
                ("ep.context_enable", "1".to_owned()),
                ("ep.context_file_path", file.display().to_string()),
                ("ep.context_embed_mode", "1".to_owned()),
            ],
            _ => Vec::new(),
        }
    }

    /// What to register. None falls back silently: a provider that fails is an error.
    pub(crate) fn dispatches(
        self,
        options: &OrtOptions,
        plan: Option<&TensorRtPlan>,
        dump: Option<&Path>,
    ) -> Vec<ExecutionProviderDispatch> {
        let memory = options.device_memory.map(|bytes| bytes.get() as usize);
        let cuda = || {
            // TensorFloat-32 keeps ten bits of a number, too few for the sample's tolerance.
            let cuda = ep::CUDA::default().with_tf32(false);
            let cuda = match memory {
                Some(bytes) => cuda.with_memory_limit(bytes),
                None => cuda,
            };
            cuda.build().error_on_failure()
        };
        match self {
            Self::Auto | Self::Cpu => Vec::new(),
            Self::Cuda => vec![cuda()],
            Self::TensorRt => {
                let tensorrt = plan.cloned().unwrap_or_default().provider(memory, dump);
                vec![tensorrt.build().error_on_failure(), cuda()]
            }
            Self::OpenVino => {
                // Half precision, which some processors have and it prefers, is too coarse for the sample's tolerance.
                let openvino =
                    ep::OpenVINO::default().with_device_type("CPU").with_precision("FP32");
                let openvino = match options.threads {
                    Some(threads) => openvino.with_num_threads(threads.get()),
                    None => openvino,
                };
                vec![openvino.build().error_on_failure()]
            }
            Self::WebGpu => vec![ep::WebGPU::default().build().error_on_failure()],
        }
    }

    /// Why the loaded library cannot have this provider at all. That it is compiled in does not yet mean that it
    /// runs: only registering it tells.
    pub(crate) fn missing_from_build(self) -> Option<String> {
        let available = match self {
            Self::Auto | Self::Cpu => Ok(true),
            Self::Cuda => ep::CUDA::is_available(),
            Self::TensorRt => ep::TensorRT::is_available(),
            Self::OpenVino => ep::OpenVINO::is_available(),
            Self::WebGpu => ep::WebGPU::is_available(),
        };
        match available {
            Ok(true) => None,
            Ok(false) => Some("this ONNX Runtime was built without it".to_owned()),
            Err(error) => Some(error.message().to_owned()),
        }
    }

    pub(crate) fn hint(self) -> &'static str {
        match self {
            Self::Auto | Self::Cpu => {
                "`--threads 1` and another ONNX Runtime (`--ort`) are worth a try"
            }
            Self::Cuda => {
                "it needs ONNX Runtime's GPU build (libonnxruntime_providers_cuda.so beside the library), and that \
                 build's CUDA and cuDNN libraries in the loader's path; `gqn-run doctor` lists what is missing, `--provider cpu` runs without"
            }
            Self::TensorRt => {
                "it needs ONNX Runtime's GPU build (libonnxruntime_providers_tensorrt.so beside the library), and \
                 TensorRT (libnvinfer, libnvonnxparser), CUDA and cuDNN in the loader's path; \
                 `gqn-run doctor` lists what is missing, `--provider cpu` runs without"
            }
            Self::OpenVino => {
                "it needs ONNX Runtime's OpenVINO build (libonnxruntime_providers_openvino.so and OpenVINO's libraries beside the \
                 library); `gqn-run doctor` lists what is missing, ORT_LOG=error prints ONNX Runtime's own reason, `--provider cpu` runs without"
            }
            Self::WebGpu => {
                "it needs ONNX Runtime's WebGPU build and a driver for Vulkan (libvulkan.so.1); \
                 `gqn-run doctor` lists what is missing, `--provider cpu` runs without"
            }
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Provider {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let expected = || {
            let names = Self::ALL.map(Self::name).join(", ");
            format!("unknown provider `{name}`, expected one of: {names}")
        };
        Self::ALL.into_iter().find(|provider| provider.name() == name).ok_or_else(expected)
    }
}
