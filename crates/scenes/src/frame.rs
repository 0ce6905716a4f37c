//! Square pictures.

use crate::error::FrameError;

/// A square picture: RGB, 8 bits a channel, row-major, the channels of a pixel together, top row first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    side: usize,
    rgb8: Vec<u8>,
}

impl Frame {
    /// The largest side of a frame, in pixels.
    pub const MAX_SIDE: usize = 16_384;

    /// A frame from `side * side * 3` bytes.
    ///
    /// # Errors
    /// When the buffer has another length, or the side is 0 or over [`MAX_SIDE`](Self::MAX_SIDE).
    pub fn from_rgb8(side: usize, rgb8: Vec<u8>) -> Result<Self, FrameError> {
        check(side, rgb8.len())?;
        Ok(Self { side, rgb8 })
    }

    /// A frame from `[3, side, side]` planes; values are clamped to [0, 1] (NaN becomes 0) and rounded.
    ///
    /// # Errors
    /// When the buffer has another length, or the side is 0 or over [`MAX_SIDE`](Self::MAX_SIDE).
    pub fn from_planar(side: usize, planar: &[f32]) -> Result<Self, FrameError> {
        check(side, planar.len())?;
        let pixels = side * side;
        let mut rgb8 = vec![0; 3 * pixels];
        for (channel, plane) in planar.chunks_exact(pixels).enumerate() {
            for (pixel, value) in rgb8.chunks_exact_mut(3).zip(plane) {
                pixel[channel] = to_byte(*value);
            }
        }
        Ok(Self { side, rgb8 })
    }

    /// Width and height in pixels.
    pub fn side(&self) -> usize {
        self.side
    }

    /// The `side * side * 3` bytes.
    pub fn rgb8(&self) -> &[u8] {
        &self.rgb8
    }

    /// The bytes, without a copy.
    pub fn into_rgb8(self) -> Vec<u8> {
        self.rgb8
    }

    /// Writes `[3, side, side]` planes in [0, 1].
    ///
    /// # Panics
    /// When `out` has not `3 * side * side` elements.
    pub fn write_planar(&self, out: &mut [f32]) {
        let pixels = self.side * self.side;
        assert_eq!(out.len(), 3 * pixels, "a frame of side {} has 3 planes of {pixels}", self.side);
        for (channel, plane) in out.chunks_exact_mut(pixels).enumerate() {
            for (value, pixel) in plane.iter_mut().zip(self.rgb8.chunks_exact(3)) {
                *value = f32::from(pixel[channel]) / 255.0;
            }
        }
    }
}

/// The byte nearest to a value in [0, 1]; values outside are clamped.
pub(crate) fn to_byte(value: f32) -> u8 {
    // `as` saturates and takes NaN to 0.
    (value * 255.0 + 0.5) as u8
}

fn check(side: usize, found: usize) -> Result<(), FrameError> {
    if !(1..=Frame::MAX_SIDE).contains(&side) {
        return Err(FrameError::Side { side });
    }
    let expected = 3 * side * side;
    if found == expected { Ok(()) } else { Err(FrameError::Length { side, found, expected }) }
}
