//! What the exporter may choose, and which choices fit one another.

use gqn_formats::{ModelConfig, Precision, Variant};

use crate::error::ExportError;
use crate::optimise::{Tile, WinogradTiles};

/// Weights beyond this many bytes leave the model's file, which protobuf limits to 2 GB. The unshared paper preset
/// (1.1 GB) stays in one file.
const EXTERNAL_DATA_LIMIT: u64 = 1_500_000_000;

/// Whether the recurrent convolution is Winograd's, which takes fewer multiplications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Winograd {
    /// Where it pays: on CPUs, for models that are not too small.
    #[default]
    Auto,
    /// Always: F(4×4, 5×5), 6.25 times fewer.
    On,
    /// Always, in smaller tiles: F(2×2, 5×5), 2.8 times fewer, with about 40 % of the rounding errors.
    Fine,
    /// Never.
    Off,
}

impl Winograd {
    const ALL: [Self; 4] = [Self::Auto, Self::On, Self::Fine, Self::Off];

    /// The name used in flags and in graphs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::On => "on",
            Self::Fine => "fine",
            Self::Off => "off",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|choice| choice.name() == name)
    }
}

/// What the graphs are to run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// ONNX Runtime on a CPU.
    Cpu,
    /// The built-in engine in a browser.
    Wasm,
    /// ONNX Runtime on CUDA, whose direct convolutions are fast.
    Cuda,
    /// ONNX Runtime on `TensorRT`.
    TensorRt,
    /// Anything, in doubt a CPU.
    #[default]
    All,
}

impl Target {
    const ALL: [Self; 5] = [Self::Cpu, Self::Wasm, Self::Cuda, Self::TensorRt, Self::All];

    /// The name used in flags and in graphs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Wasm => "wasm",
            Self::Cuda => "cuda",
            Self::TensorRt => "tensorrt",
            Self::All => "all",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|target| target.name() == name)
    }

    pub(crate) fn has_slow_convolutions(self) -> bool {
        !self.computes_in_half()
    }

    /// Whether its arithmetic in half precision is faster than that in single precision.
    pub(crate) fn computes_in_half(self) -> bool {
        matches!(self, Self::Cuda | Self::TensorRt)
    }
}

/// What the exporter may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportOptions {
    /// Which graph to write.
    pub variant: Variant,
    /// Whether the optimised variant's recurrent convolution is Winograd's.
    pub winograd: Winograd,
    /// Where the graphs are to run.
    pub target: Target,
    /// How numbers are stored, and computed where the target does.
    pub precision: Precision,
    /// With half precision in storage: each weight is rounded to a multiple of a power of two, near the weights' standard
    /// deviation divided by this. Fewer bits are told then, and the package compresses better.
    pub grain: Option<u16>,
    /// Bytes of weights above which a graph keeps them in a file beside it; at most 1.9e9.
    pub external_data_limit: u64,
}

impl ExportOptions {
    /// The direct translation of the trained graph.
    pub const REFERENCE: Self = Self {
        variant: Variant::Reference,
        winograd: Winograd::Auto,
        target: Target::All,
        precision: Precision::Fp32,
        grain: None,
        external_data_limit: EXTERNAL_DATA_LIMIT,
    };

    /// The same function with less arithmetic.
    pub const OPTIMISED: Self = Self { variant: Variant::Optimised, ..Self::REFERENCE };
}

impl ExportOptions {
    /// Whether these choices fit one another and the model.
    ///
    /// # Errors
    /// [`ExportError::Tiles`] if Winograd is asked for and its tiles do not cover the state;
    /// [`ExportError::Precision`] if it is asked for in half precision, eight bits of the reference, or a grain
    /// where weights are not stored in half precision.
    pub fn check(&self, config: &ModelConfig) -> Result<(), ExportError> {
        let refused = |because, hint| {
            Err(ExportError::Precision { precision: self.precision.name(), because, hint })
        };
        let half = self.precision == Precision::Fp16 && self.target.computes_in_half();
        if self.precision == Precision::Int8 && self.variant == Variant::Reference {
            return refused("the reference variant is not quantised", "leave out `--variant`");
        }
        if self.precision == Precision::Int8 && self.target == Target::Wasm {
            let because = "the engine in a browser has no eight-bit arithmetic";
            return refused(because, "`--precision fp16` halves the package there");
        }
        if self.grain.is_some() && (self.precision != Precision::Fp16 || half) {
            let because = "only weights that are stored in half precision and computed with in single are rounded";
            return refused(
                because,
                "`--grain` goes with `--precision fp16`, for another target than a GPU",
            );
        }
        let tile = match self.winograd {
            Winograd::On => Tile::F4,
            Winograd::Fine => Tile::F2,
            Winograd::Auto | Winograd::Off => return Ok(()),
        };
        if half {
            let because = "Winograd's transforms take more bits than it has";
            return refused(because, "leave out `--winograd`");
        }
        if !WinogradTiles::fit(config, tile) {
            return Err(ExportError::Tiles { side: config.hidden_size(), tile: tile.side() });
        }
        Ok(())
    }
}

impl Default for ExportOptions {
    fn default() -> Self {
        Self::OPTIMISED
    }
}
