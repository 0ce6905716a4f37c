//! Seeded noise for the latents.

use std::f64::consts::TAU;

use gqn_formats::{ModelConfig, Tensor};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// What the latents of a query are drawn with. The same noise gives the same numbers on every target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Noise {
    /// Seed of the stream.
    pub seed: u64,
    /// Factor on the standard normal numbers: 1 samples the model, 0 asks for the mean picture.
    pub temperature: f32,
    /// Who shares a noise.
    pub sharing: NoiseSharing,
}

/// How many noises a query of several cameras draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseSharing {
    /// One for all cameras: what the model makes up stays the same along a path instead of flickering.
    Path,
    /// One for each camera; the first equals that of [`NoiseSharing::Path`].
    Camera,
}

impl Noise {
    /// One sample, the same along a whole path.
    pub fn new(seed: u64, temperature: f32) -> Self {
        Self { seed, temperature, sharing: NoiseSharing::Path }
    }

    /// The mean picture.
    pub fn mean() -> Self {
        Self::new(0, 0.0)
    }

    /// The same seed and temperature with another noise for every camera.
    #[must_use]
    pub fn per_camera(self) -> Self {
        Self { sharing: NoiseSharing::Camera, ..self }
    }

    /// → noise `[noises,L,Z,h,h]`; noises is `queries`, or 1 when the noise is shared or zero.
    ///
    /// Noise `i` is stream `i` of `ChaCha8` with the seed as its key (little-endian, then zeros). Two words give two
    /// numbers by the Box-Muller transform, computed by `libm` so that all targets agree.
    pub fn tensor(&self, config: &ModelConfig, queries: usize) -> Tensor {
        let size = config.hidden_size();
        let zero = self.temperature == 0.0;
        let noises = if zero || self.sharing == NoiseSharing::Path { 1 } else { queries };
        let shape = [noises, config.steps, config.latent_channels, size, size];
        if zero {
            return Tensor::zeros(shape.as_slice());
        }
        let length: usize = shape[1..].iter().product();
        let mut data = Vec::with_capacity(noises * length);
        for stream in 0..noises {
            let pairs = normal_pairs(self.seed, stream as u64);
            data.extend(pairs.flatten().take(length).map(|value| value * self.temperature));
        }
        Tensor::from_shape_vec(shape.as_slice(), data).expect("the noise was drawn for its shape")
    }
}

/// Pairs of independent standard normal numbers (Box and Muller 1958), without end.
fn normal_pairs(seed: u64, stream: u64) -> impl Iterator<Item = [f32; 2]> {
    const UNIT: f64 = 1.0 / 4_294_967_296.0;
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut words = ChaCha8Rng::from_seed(key);
    words.set_stream(stream);
    std::iter::repeat_with(move || {
        // In (0, 1], so that the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log((f64::from(words.next_u32()) + 1.0) * UNIT));
        let angle = TAU * (f64::from(words.next_u32()) * UNIT);
        [(radius * libm::cos(angle)) as f32, (radius * libm::sin(angle)) as f32]
    })
}

#[cfg(test)]
mod tests {
    use gqn_formats::Preset;

    use super::*;

    /// Half a unit in the last place of numbers up to 4: the oracle prints seven digits.
    const TOLERANCE: f32 = 5e-7;

    #[test]
    fn golden_numbers() {
        // From a ChaCha8 and a Box-Muller transform in double precision, written for this test in another language.
        let golden = [
            (0, [0.165_863_3, -1.866_091_9, -0.408_151_5, 0.088_711_3]),
            (1, [1.759_436_6, -0.769_711_6, -0.175_484_9, 0.871_571_8]),
        ];
        for (stream, expected) in golden {
            let found: Vec<f32> = normal_pairs(7, stream).flatten().take(4).collect();
            for (found, expected) in found.iter().zip(expected) {
                assert!(
                    (found - expected).abs() < TOLERANCE,
                    "stream {stream}: {found} is not {expected}"
                );
            }
        }
    }

    #[test]
    fn moments_are_those_of_the_standard_normal() {
        // 2e5 numbers: the standard error of the mean is 0.0022, of the variance 0.0032; five of them are allowed.
        let numbers: Vec<f64> = normal_pairs(1, 0).flatten().take(200_000).map(f64::from).collect();
        let mean = numbers.iter().sum::<f64>() / numbers.len() as f64;
        let variance =
            numbers.iter().map(|value| value * value).sum::<f64>() / numbers.len() as f64;
        assert!(
            mean.abs() < 0.011 && (variance - 1.0).abs() < 0.016,
            "mean {mean}, variance {variance}"
        );
    }

    #[test]
    fn temperature_scales_and_zero_is_the_mean() {
        let config = Preset::TinyTower.config();
        let one = Noise::new(3, 1.0).tensor(&config, 4);
        assert_eq!(one.shape(), [1, config.steps, config.latent_channels, 8, 8]);
        assert_eq!(Noise::new(3, 0.5).tensor(&config, 4), one * 0.5);
        let mean = Noise::new(3, 0.0).per_camera().tensor(&config, 4);
        assert_eq!(mean.shape()[0], 1);
        assert!(mean.iter().all(|value| value.to_bits() == 0));
    }

    #[test]
    fn noises_of_cameras_differ_and_begin_with_that_of_the_path() {
        let config = Preset::TinyTower.config();
        let path = Noise::new(3, 1.0).tensor(&config, 2);
        let cameras = Noise::new(3, 1.0).per_camera().tensor(&config, 2);
        assert_eq!(cameras.shape()[0], 2);
        let noise = |index| cameras.index_axis(ndarray::Axis(0), index).to_owned();
        assert_eq!(noise(0), path.index_axis(ndarray::Axis(0), 0));
        assert_ne!(noise(0), noise(1));
    }
}
