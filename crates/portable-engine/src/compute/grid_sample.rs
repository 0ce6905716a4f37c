//! Bilinear sampling of pictures at positions that are computed at run time.

use anyhow::Result;

use super::plan::Compute;

/// Positions whose taps are computed before they are read for every channel: so many stay in the nearest cache.
const BLOCK: usize = 512;

/// Pictures at positions that are computed: `[n,C,H,W], [n,P,2] -> [n,C,P]`, or with the channels last,
/// `[n,H,W,C], [n,P,2] -> [n,P,C]`. A picture or a grid that is alone is that of every item.
#[derive(Debug)]
pub(crate) struct GridSample {
    /// H, W
    pub(crate) size: [usize; 2],
    pub(crate) channels: usize,
    /// P
    pub(crate) points: usize,
    pub(crate) channels_last: bool,
    pub(crate) interpolation: Interpolation,
    pub(crate) padding: Padding,
    /// Whether -1 and 1 are the centres of the outermost pixels instead of their outer edges.
    pub(crate) align_corners: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interpolation {
    Bilinear,
    Nearest,
}

/// What is seen outside of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Padding {
    Zeros,
    Border,
    Reflection,
}

/// Which pixels a point reads, as indices into a plane, and their weights.
#[derive(Debug, Clone, Copy)]
struct Taps<const N: usize> {
    pixels: [u32; N],
    weights: [f32; N],
}

impl Compute for GridSample {
    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        match self.interpolation {
            Interpolation::Bilinear => self.sample(inputs, outputs[0], Self::bilinear),
            Interpolation::Nearest => self.sample(inputs, outputs[0], Self::nearest),
        }
        Ok(())
    }
}

impl GridSample {
    fn sample<const N: usize>(
        &self,
        inputs: &[&[f32]],
        out: &mut [f32],
        taps_at: impl Fn(&Self, [f32; 2]) -> Taps<N>,
    ) {
        let pictures = inputs[0].chunks(self.channels * self.size[0] * self.size[1]).cycle();
        let grids = inputs[1].as_chunks().0.chunks(self.points).cycle();
        let mut taps = Vec::with_capacity(BLOCK);
        let items = out.chunks_mut(self.channels * self.points).zip(pictures.zip(grids));
        for (out, (picture, grid)) in items {
            for (index, positions) in grid.chunks(BLOCK).enumerate() {
                taps.clear();
                taps.extend(positions.iter().map(|position| taps_at(self, *position)));
                let start = index * BLOCK;
                if self.channels_last {
                    let out = &mut out[start * self.channels..][..taps.len() * self.channels];
                    rows(&taps, picture, out, self.channels);
                } else {
                    let planes = picture.chunks(self.size[0] * self.size[1]);
                    for (plane, out) in planes.zip(out.chunks_mut(self.points)) {
                        points(&taps, plane, &mut out[start..][..taps.len()]);
                    }
                }
            }
        }
    }

    fn bilinear(&self, [x, y]: [f32; 2]) -> Taps<4> {
        let [height, width] = self.size;
        let (columns, across) = self.pair(x, width);
        let (rows, down) = self.pair(y, height);
        let pixel = |row: u32, column: u32| row * width as u32 + column;
        Taps {
            pixels: [
                pixel(rows[0], columns[0]),
                pixel(rows[0], columns[1]),
                pixel(rows[1], columns[0]),
                pixel(rows[1], columns[1]),
            ],
            weights: [
                down[0] * across[0],
                down[0] * across[1],
                down[1] * across[0],
                down[1] * across[1],
            ],
        }
    }

    /// The two pixels beside a position along one axis, and their weights: none for what is outside and zero.
    fn pair(&self, position: f32, length: usize) -> ([u32; 2], [f32; 2]) {
        let position = self.inside(self.pixels(position, length), length);
        let low = position.floor();
        let share = position - low;
        let last = length as f32 - 1.0;
        let mut weights = [1.0 - share, share];
        let ends = [low, low + 1.0];
        if self.padding == Padding::Zeros {
            for (weight, end) in weights.iter_mut().zip(ends) {
                if end < 0.0 || end > last {
                    *weight = 0.0;
                }
            }
        }
        (ends.map(|end| end.clamp(0.0, last) as u32), weights)
    }

    fn nearest(&self, [x, y]: [f32; 2]) -> Taps<1> {
        let [height, width] = self.size;
        let (mut pixel, mut weight) = (0, 1.0);
        for (position, length) in [(y, height), (x, width)] {
            // Halves go to the even pixel, before what is outside is put inside.
            let position = self.pixels(position, length).round_ties_even();
            let position = self.inside(position, length);
            let last = length as f32 - 1.0;
            if self.padding == Padding::Zeros && (position < 0.0 || position > last) {
                weight = 0.0;
            }
            pixel = pixel * length as u32 + position.clamp(0.0, last) as u32;
        }
        Taps { pixels: [pixel], weights: [weight] }
    }

    /// From -1 to 1, to the indices of pixels.
    fn pixels(&self, position: f32, length: usize) -> f32 {
        let length = length as f32;
        if self.align_corners {
            (position + 1.0) * (0.5 * (length - 1.0))
        } else {
            ((position + 1.0) * length - 1.0) / 2.0
        }
    }

    /// A position that may be outside, as the padding puts it.
    fn inside(&self, position: f32, length: usize) -> f32 {
        let last = length as f32 - 1.0;
        match self.padding {
            // Beyond a pixel of zeros nothing changes, and indices stay small.
            Padding::Zeros => position.clamp(-2.0, last + 2.0),
            Padding::Border => position.clamp(0.0, last),
            Padding::Reflection => {
                let edge = if self.align_corners { 0.0 } else { 0.5 };
                reflect(position, -edge, last + edge).clamp(0.0, last)
            }
        }
    }
}

/// A position outside of \[low, high\] is mirrored at the ends until it is inside.
fn reflect(position: f32, low: f32, high: f32) -> f32 {
    let range = high - low;
    if range <= 0.0 {
        return low;
    }
    let distance = (position - low).abs();
    let turns = (distance / range).floor();
    let rest = distance - turns * range;
    if turns % 2.0 == 0.0 { low + rest } else { high - rest }
}

fn points<const N: usize>(taps: &[Taps<N>], plane: &[f32], out: &mut [f32]) {
    for (out, taps) in out.iter_mut().zip(taps) {
        let mut sum = 0.0;
        for (pixel, weight) in taps.pixels.iter().zip(taps.weights) {
            sum += plane[*pixel as usize] * weight;
        }
        *out = sum;
    }
}

/// Whole rows of channels.
fn rows<const N: usize>(taps: &[Taps<N>], picture: &[f32], out: &mut [f32], channels: usize) {
    for (out, taps) in out.chunks_mut(channels).zip(taps) {
        let rows = taps.pixels.map(|pixel| &picture[pixel as usize * channels..][..channels]);
        for (index, out) in out.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (row, weight) in rows.iter().zip(taps.weights) {
                sum += row[index] * weight;
            }
            *out = sum;
        }
    }
}
