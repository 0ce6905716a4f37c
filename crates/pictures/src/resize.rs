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
pub struct Resizer {
    from: usize,
    /// For each pixel, the first of the pixels it is made of, and their weights, which add up to 1.
    taps: Vec<(usize, Vec<f32>)>,
}

impl Resizer {
    /// From squares of `from` pixels to such of `to`.
    ///
    /// # Panics
    /// When one of them is 0.
    pub fn new(way: Resize, from: usize, to: usize) -> Self {
        assert!(from > 0 && to > 0, "a picture has a side");
        let scale = from as f64 / to as f64;
        let area = |index: usize| {
            let (low, high) = (index as f64 * scale, (index + 1) as f64 * scale);
            let first = (low as usize).min(from - 1);
            let last = (high.ceil() as usize).clamp(first + 1, from);
            let covered = |pixel: usize| {
                let overlap = high.min((pixel + 1) as f64) - low.max(pixel as f64);
                (overlap.max(0.0) / scale) as f32
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
    ///
    /// # Panics
    /// When a buffer is of another length.
    pub fn apply(&self, rgb8: &[u8], out: &mut [u8]) {
        assert_eq!(rgb8.len(), 3 * self.from * self.from);
        let mut sums = Sums::new(self.taps.len());
        for row in rgb8.chunks_exact(3 * self.from) {
            sums.push(self, row, 3);
        }
        sums.write(out);
    }

    /// A picture whose rows come one after another: a photograph need not be in memory at once.
    pub fn begin(self) -> Reduction {
        let sums = Sums::new(self.taps.len());
        Reduction { resizer: self, sums }
    }
}

/// A picture that is being resized.
#[derive(Debug, Clone)]
pub struct Reduction {
    resizer: Resizer,
    sums: Sums,
}

impl Reduction {
    /// The next row: `from` pixels of `channels` bytes, of which the first three count. Rows beyond the last are ignored.
    ///
    /// # Panics
    /// When the row is of another length.
    pub fn push(&mut self, row: &[u8], channels: usize) {
        assert_eq!(row.len(), channels * self.resizer.from);
        self.sums.push(&self.resizer, row, channels);
    }

    /// How many rows are missing.
    pub fn missing(&self) -> usize {
        self.resizer.from.saturating_sub(self.sums.pushed)
    }

    /// `[to,to,3]`; rows that did not come are black.
    pub fn finish(self) -> Vec<u8> {
        let to = self.resizer.taps.len();
        let mut out = vec![0; 3 * to * to];
        self.sums.write(&mut out);
        out
    }
}

/// What the rows so far add up to.
#[derive(Debug, Clone)]
struct Sums {
    /// `[to,to,3]`
    values: Vec<f32>,
    /// The row that came last, as wide as the result: `[to,3]`.
    line: Vec<f32>,
    pushed: usize,
    /// Rows of the result that are whole.
    done: usize,
}

impl Sums {
    fn new(to: usize) -> Self {
        Self { values: vec![0.0; 3 * to * to], line: vec![0.0; 3 * to], pushed: 0, done: 0 }
    }

    fn push(&mut self, resizer: &Resizer, row: &[u8], channels: usize) {
        for (pixel, (first, weights)) in self.line.chunks_exact_mut(3).zip(&resizer.taps) {
            let mut sums = [0.0; 3];
            let colours = row[channels * first..].chunks_exact(channels);
            for (weight, colour) in weights.iter().zip(colours) {
                for (sum, value) in sums.iter_mut().zip(colour) {
                    *sum += weight * f32::from(*value);
                }
            }
            pixel.copy_from_slice(&sums);
        }
        let at = self.pushed;
        self.pushed += 1;
        let width = self.line.len();
        for (index, (first, weights)) in resizer.taps.iter().enumerate().skip(self.done) {
            if *first > at {
                break;
            }
            if let Some(weight) = weights.get(at - first) {
                let sums = &mut self.values[index * width..][..width];
                for (sum, value) in sums.iter_mut().zip(&self.line) {
                    *sum += weight * value;
                }
            }
            if first + weights.len() <= at + 1 && index == self.done {
                self.done += 1;
            }
        }
    }

    fn write(&self, out: &mut [u8]) {
        assert_eq!(out.len(), self.values.len());
        for (byte, sum) in out.iter_mut().zip(&self.values) {
            *byte = (sum + 0.5) as u8;
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
    fn rows_of_more_channels_one_by_one_are_the_same_picture() {
        for way in [Resize::Area, Resize::Bilinear] {
            for (from, to) in [(21, 16), (7, 7), (5, 12), (12, 5), (1, 3)] {
                let mut rows = Resizer::new(way, from, to).begin();
                for row in ramp(from).chunks_exact(3 * from) {
                    assert!(rows.missing() > 0);
                    let rgba: Vec<u8> =
                        row.chunks_exact(3).flat_map(|rgb| [rgb[0], rgb[1], rgb[2], 9]).collect();
                    rows.push(&rgba, 4);
                }
                assert_eq!(rows.missing(), 0);
                assert_eq!(rows.finish(), resized(way, from, to), "{way} {from} {to}");
            }
        }
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
