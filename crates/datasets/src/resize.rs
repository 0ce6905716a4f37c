//! Pictures in other sizes.

use core::{fmt, str::FromStr};

/// How a picture is brought to another size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resize {
    /// Each pixel is the mean of the area that it covers: nothing flickers, nothing is left out.
    #[default]
    Area,
    /// Each pixel is between its four nearest, corners on corners: what `DeepMind`'s reader does.
    Bilinear,
}

/// What is no way to resize.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown way to resize `{found}`, expected area or bilinear")]
pub struct UnknownResize {
    /// The name that was given.
    pub found: String,
}

impl FromStr for Resize {
    type Err = UnknownResize;

    fn from_str(name: &str) -> Result<Self, UnknownResize> {
        match name {
            "area" => Ok(Self::Area),
            "bilinear" => Ok(Self::Bilinear),
            _ => Err(UnknownResize { found: name.to_owned() }),
        }
    }
}

impl fmt::Display for Resize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Area => "area",
            Self::Bilinear => "bilinear",
        })
    }
}

/// Weights that make pixels of one size from a row of another. The same for rows and columns, as pictures are square.
#[derive(Debug, Clone)]
pub(crate) struct Resizer {
    from: usize,
    /// For each pixel, the first of the pixels it is made of, and their weights, which add up to 1.
    taps: Vec<(usize, Vec<f32>)>,
}

impl Resizer {
    pub(crate) fn new(way: Resize, from: usize, to: usize) -> Self {
        let scale = from as f32 / to as f32;
        let area = |index: usize| {
            let (low, high) = (index as f32 * scale, (index + 1) as f32 * scale);
            let first = (low as usize).min(from - 1);
            let last = (high.ceil() as usize).clamp(first + 1, from);
            let covered = |pixel: usize| {
                (high.min((pixel + 1) as f32) - low.max(pixel as f32)).max(0.0) / scale
            };
            (first, (first..last).map(covered).collect())
        };
        let bilinear = |index: usize| {
            let at = index as f32 * (from - 1) as f32 / (to - 1).max(1) as f32;
            let first = (at as usize).min(from.saturating_sub(2));
            let second = at - first as f32;
            (first, if from == 1 { vec![1.0] } else { vec![1.0 - second, second] })
        };
        let taps = match way {
            Resize::Area => (0..to).map(area).collect(),
            Resize::Bilinear => (0..to).map(bilinear).collect(),
        };
        Self { from, taps }
    }

    /// `rgb8 [from,from,3] -> out [to,to,3]`
    pub(crate) fn apply(&self, rgb8: &[u8], out: &mut [u8]) {
        let (from, to) = (self.from, self.taps.len());
        assert_eq!((rgb8.len(), out.len()), (3 * from * from, 3 * to * to));
        // Rows first: each line of the source shrinks once.
        let mut lines = vec![0.0_f32; 3 * to * from];
        for (line, source) in lines.chunks_exact_mut(3 * to).zip(rgb8.chunks_exact(3 * from)) {
            for (pixel, (first, weights)) in line.chunks_exact_mut(3).zip(&self.taps) {
                for (weight, colour) in weights.iter().zip(source[3 * first..].chunks_exact(3)) {
                    for (sum, value) in pixel.iter_mut().zip(colour) {
                        *sum += weight * f32::from(*value);
                    }
                }
            }
        }
        let mut sums = vec![0.0; 3 * to];
        for (row, (first, weights)) in out.chunks_exact_mut(3 * to).zip(&self.taps) {
            sums.fill(0.0);
            for (weight, line) in weights.iter().zip(lines[3 * to * first..].chunks_exact(3 * to)) {
                for (sum, value) in sums.iter_mut().zip(line) {
                    *sum += weight * value;
                }
            }
            for (byte, sum) in row.iter_mut().zip(&sums) {
                *byte = (sum + 0.5) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture whose red is 10 times the column and whose green 10 times the row.
    fn ramp(side: usize) -> Vec<u8> {
        let pixel = |at: usize| [(10 * (at % side)) as u8, (10 * (at / side)) as u8, 200];
        (0..side * side).flat_map(pixel).collect()
    }

    fn resized(way: Resize, from: usize, to: usize) -> Vec<u8> {
        let mut out = vec![0; 3 * to * to];
        Resizer::new(way, from, to).apply(&ramp(from), &mut out);
        out
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        for way in [Resize::Area, Resize::Bilinear] {
            assert_eq!(resized(way, 7, 7), ramp(7));
        }
    }

    #[test]
    fn halves_by_hand() {
        // Means of columns 0 and 1, and of 2 and 3: 5 and 25.
        let area: Vec<u8> = resized(Resize::Area, 4, 2);
        assert_eq!(area, [5, 5, 200, 25, 5, 200, 5, 25, 200, 25, 25, 200]);
        // Corners on corners: columns 0 and 3.
        let bilinear = resized(Resize::Bilinear, 4, 2);
        assert_eq!(bilinear, [0, 0, 200, 30, 0, 200, 0, 30, 200, 30, 30, 200]);
    }

    #[test]
    fn odd_ratios_by_hand() {
        // 84 -> 64 is 21 -> 16. The first pixel covers column 0 and 0.3125 of column 1: 3.125 / 1.3125 = 2.38.
        let area = resized(Resize::Area, 21, 16);
        assert_eq!(area[..3], [2, 2, 200]);
        // At column 20/15 = 1.33: 13.3.
        let bilinear = resized(Resize::Bilinear, 21, 16);
        assert_eq!(bilinear[3..6], [13, 0, 200]);
    }

    #[test]
    fn weights_add_up() {
        for way in [Resize::Area, Resize::Bilinear] {
            for (from, to) in [(84, 64), (128, 64), (64, 128), (1, 5), (5, 1), (300, 7)] {
                for (first, weights) in Resizer::new(way, from, to).taps {
                    assert!(first + weights.len() <= from, "{way} {from} {to}");
                    // Rounding of up to 60 numbers of order 1.
                    assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{way} {from} {to}");
                }
            }
        }
    }
}
