//! Average pooling.

use anyhow::Result;

use super::plan::Compute;

/// The mean of every window: `[planes,H,W] -> [planes,h,w]`.
#[derive(Debug)]
pub(crate) struct AveragePool {
    /// H, W
    pub(crate) input: [usize; 2],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Above and at the left.
    pub(crate) padding: [usize; 2],
    /// h, w
    pub(crate) output: [usize; 2],
    /// Whether padding counts as pixels of zero.
    pub(crate) count_padding: bool,
    /// Below and at the right.
    pub(crate) padding_end: [usize; 2],
}

impl AveragePool {
    /// Of an axis: the pixels that a window covers, and for how many it counts.
    fn window(&self, axis: usize, index: usize) -> (std::ops::Range<usize>, usize) {
        let start = index * self.stride[axis];
        let (padding, length) = (self.padding[axis], self.input[axis]);
        let end = start + self.kernel[axis];
        let range = start.saturating_sub(padding)..end.saturating_sub(padding).min(length);
        let padded = length + padding + self.padding_end[axis];
        let count = if self.count_padding { end.min(padded) - start } else { range.len() };
        (range, count)
    }
}

impl Compute for AveragePool {
    fn work(&self, inputs: &[usize], outputs: &[usize]) -> u64 {
        let covered = |axis: usize| self.kernel[axis].min(self.input[axis]) as u64;
        inputs[0] as u64 + outputs[0] as u64 * covered(0) * covered(1)
    }

    fn scratch(&self) -> usize {
        // A range and a count for each column.
        6 * self.output[1]
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let ([height, width], [rows, columns]) = (self.input, self.output);
        let across: Vec<_> = (0..columns).map(|index| self.window(1, index)).collect();
        let planes = inputs[0].chunks(height * width);
        for (plane, out) in planes.zip(outputs[0].chunks_mut(rows * columns)) {
            for (index, out) in out.chunks_mut(columns).enumerate() {
                let (down, count) = self.window(0, index);
                out.fill(0.0);
                for row in plane.chunks(width).take(down.end).skip(down.start) {
                    for (out, (range, _)) in out.iter_mut().zip(&across) {
                        *out += row[range.clone()].iter().sum::<f32>();
                    }
                }
                for (out, (_, across)) in out.iter_mut().zip(&across) {
                    *out /= (count * across) as f32;
                }
            }
        }
        Ok(())
    }
}
