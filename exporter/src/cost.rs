//! The cost model: which way to compute the recurrent convolution is the fastest for a model and a target.

use gqn_formats::{ModelConfig, Precision};

use crate::optimise::{Convolution, Gates, Tile, WinogradTiles};
use crate::options::{ExportOptions, Target, Winograd};

/// Hidden channels from which on Winograd pays on a CPU.
const WINOGRAD_CHANNELS: usize = 32;

/// Bytes of what a processor's core keeps at hand, in its second cache.
const CACHE_BYTES: usize = 1 << 20;

impl ExportOptions {
    /// How the recurrent convolution is computed.
    ///
    /// # Panics
    /// If Winograd is asked for and tiles do not cover the state; [`ExportOptions::check`] refuses it first.
    pub(crate) fn convolution(&self, config: &ModelConfig) -> Convolution {
        let pays =
            config.hidden_channels >= WINOGRAD_CHANNELS && WinogradTiles::fit(config, Tile::F4);
        let tile = match self.winograd {
            Winograd::On => Some(Tile::F4),
            Winograd::Fine => Some(Tile::F2),
            Winograd::Auto => (pays && self.target.has_slow_convolutions()).then_some(Tile::F4),
            Winograd::Off => None,
        };
        match (self.precision, tile) {
            (Precision::Int8, Some(tile)) => Convolution::QuantisedRowWinograd(tile),
            (Precision::Int8, None) => Convolution::Quantised,
            (_, Some(tile)) => Convolution::Winograd(tile, self.gates(config, tile)),
            (_, None) => Convolution::Direct,
        }
    }

    /// Whether the gates are computed apart: where all products of a step together would leave the cache. For ONNX Runtime
    /// alone it pays earlier; for tract every operator costs more.
    fn gates(&self, config: &ModelConfig, tile: Tile) -> Gates {
        let bytes = WinogradTiles::product_bytes(config, tile);
        let cache = if self.target == Target::Cpu { CACHE_BYTES / 2 } else { CACHE_BYTES };
        if bytes > cache { Gates::Apart } else { Gates::Together }
    }
}
