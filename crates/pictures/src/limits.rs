//! Bounds on the size of pictures from outside.

/// How large a picture may be. Headers may claim anything, and memory is taken by what they claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest side, in pixels.
    pub side: u32,
    /// The most pixels.
    pub pixels: u32,
}

impl Limits {
    /// Frames of data sets: none is larger.
    pub const FRAME: Self = Self { side: 4096, pixels: 4096 * 4096 };
    /// Someone's photographs: those of the largest phones' sensors, of 200 million pixels, are read.
    pub const PHOTOGRAPH: Self = Self { side: 20_000, pixels: 210_000_000 };

    /// Whether a picture of that size is within them, and has any pixel.
    pub fn allow(self, width: usize, height: usize) -> bool {
        let pixels = width.checked_mul(height);
        width.max(height) <= self.side as usize
            && pixels.is_some_and(|n| (1..=self.pixels as usize).contains(&n))
    }
}
