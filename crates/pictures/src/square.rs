//! Cropping a picture to a square.

use crate::resize::{Resize, Resizer};

/// The largest square in the middle of a picture: what is left of one that is not as wide as high.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Square {
    /// Columns before it.
    pub left: usize,
    /// Rows before it.
    pub top: usize,
    /// In pixels.
    pub side: usize,
}

impl Square {
    /// The square of a picture of that size.
    pub fn of(width: usize, height: usize) -> Self {
        let side = width.min(height);
        Self { left: (width - side) / 2, top: (height - side) / 2, side }
    }

    /// `pixels [height,width,3] -> [to,to,3]`: the square at another size, each pixel the mean of the area it covers.
    ///
    /// # Panics
    /// When the picture has no pixel, `to` is 0, or `pixels` is of another size than that of the picture of this square.
    pub fn resized(self, width: usize, pixels: &[u8], to: usize) -> Vec<u8> {
        let mut reduction = Resizer::new(Resize::Area, self.side, to).begin();
        for row in pixels.chunks_exact(3 * width).skip(self.top).take(self.side) {
            reduction.push(&row[3 * self.left..3 * (self.left + self.side)], 3);
        }
        reduction.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_kept() {
        assert_eq!(Square::of(96, 32), Square { left: 32, top: 0, side: 32 });
        assert_eq!(Square::of(3, 6), Square { left: 0, top: 1, side: 3 });
        // Two blue columns between two red ones and one: the square of a picture of 5x2 begins at column 1.
        let row = [[255, 0, 0], [0, 0, 255], [0, 0, 255], [255, 0, 0], [255, 0, 0]].concat();
        let square = Square::of(5, 2);
        assert_eq!(square.resized(5, &row.repeat(2), 1), [0, 0, 255]);
        assert_eq!(square.resized(5, &row.repeat(2), 2), [0, 0, 255].repeat(4));
    }
}
