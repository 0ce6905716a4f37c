//! What a graph runs on.

use std::fmt;
use std::str::FromStr;

use ort::ep::{self, ExecutionProvider, ExecutionProviderDispatch};

/// An execution provider of ONNX Runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provider {
    /// CUDA if it runs here, otherwise the CPU; the engine says which, and why not the other.
    #[default]
    Auto,
    /// The CPU.
    Cpu,
    /// CUDA, or an error.
    Cuda,
    /// `TensorRT`, with CUDA for what it does not take, or an error. It builds an engine for every new number of
    /// views and queries, which takes minutes.
    TensorRt,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Auto, Self::Cpu, Self::Cuda, Self::TensorRt];

    /// The name in flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
        }
    }

    /// What to try, in this order.
    pub(crate) fn candidates(self) -> &'static [Self] {
        match self {
            Self::Auto => &[Self::Cuda, Self::Cpu],
            Self::Cpu => &[Self::Cpu],
            Self::Cuda => &[Self::Cuda],
            Self::TensorRt => &[Self::TensorRt],
        }
    }

    /// What to register. None falls back silently: a provider that fails is an error.
    pub(crate) fn dispatches(self) -> Vec<ExecutionProviderDispatch> {
        // TensorFloat-32 keeps ten bits of a number, too few for the sample's tolerance.
        let cuda = || ep::CUDA::default().with_tf32(false).build().error_on_failure();
        match self {
            Self::Auto | Self::Cpu => Vec::new(),
            Self::Cuda => vec![cuda()],
            Self::TensorRt => vec![ep::TensorRT::default().build().error_on_failure(), cuda()],
        }
    }

    /// Why the loaded library cannot have this provider at all. That it is compiled in does not yet mean that it
    /// runs: only registering it tells.
    pub(crate) fn missing_from_build(self) -> Option<String> {
        let available = match self {
            Self::Auto | Self::Cpu => Ok(true),
            Self::Cuda => ep::CUDA::is_available(),
            Self::TensorRt => ep::TensorRT::is_available(),
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
                 build's CUDA and cuDNN libraries in the loader's path; `--provider cpu` runs without"
            }
            Self::TensorRt => {
                "it needs ONNX Runtime's GPU build (libonnxruntime_providers_tensorrt.so beside the library), and \
                 TensorRT (libnvinfer.so.10, libnvonnxparser.so.10), CUDA and cuDNN in the loader's path; \
                 `--provider cpu` runs without"
            }
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Provider {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let expected =
            || format!("unknown provider `{name}`, expected one of: auto, cpu, cuda, tensorrt");
        Self::ALL.into_iter().find(|provider| provider.name() == name).ok_or_else(expected)
    }
}
