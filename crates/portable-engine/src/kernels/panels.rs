//! A matrix packed in panels, in the order in which a product reads it.

use std::array;
use std::ops::Range;

/// Lines of equal length, W of them side by side: `[lines / W, length, W]`, the last panel filled up with zeros.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panels<const W: usize> {
    numbers: Vec<[f32; W]>,
    lines: usize,
    length: usize,
}

impl<const W: usize> Panels<W> {
    /// Lines of `length` numbers; number d of line l stands at `l · line + d · step` of the data.
    pub(crate) fn pack(
        data: &[f32],
        (lines, length): (usize, usize),
        (line, step): (usize, usize),
    ) -> Self {
        let mut panels = Self::default();
        panels.repack(data, (lines, length), (line, step));
        panels
    }

    /// The same in the memory of what was packed before.
    pub(crate) fn repack(
        &mut self,
        data: &[f32],
        (lines, length): (usize, usize),
        (line, step): (usize, usize),
    ) {
        self.reset(lines, length);
        arrange(data, (lines, length), (line, step), &mut self.numbers);
    }

    /// So many lines of zeros.
    pub(crate) fn reset(&mut self, lines: usize, length: usize) {
        (self.lines, self.length) = (lines, length);
        self.numbers.clear();
        self.numbers.resize(lines.div_ceil(W) * length, [0.0; W]);
    }

    pub(crate) fn lines(&self) -> usize {
        self.lines
    }

    pub(crate) fn length(&self) -> usize {
        self.length
    }

    /// Part of the lines `index · W ..`.
    pub(crate) fn panel(&self, index: usize, part: &Range<usize>) -> &[[f32; W]] {
        &self.numbers[index * self.length..][part.clone()]
    }

    pub(crate) fn panel_mut(&mut self, index: usize) -> &mut [[f32; W]] {
        &mut self.numbers[index * self.length..][..self.length]
    }
}

/// Writes lines side by side, as [`Panels::pack`] finds them; what fills up the last panel stays as it is.
pub(crate) fn arrange<const W: usize>(
    data: &[f32],
    (lines, length): (usize, usize),
    (line, step): (usize, usize),
    panels: &mut [[f32; W]],
) {
    for first in (0..lines).step_by(W) {
        let width = W.min(lines - first);
        let panel = &mut panels[first / W * length..][..length];
        let from = &data[first * line..];
        if line == 1 && step >= width {
            for (numbers, from) in panel.iter_mut().zip(from.chunks(step)) {
                numbers[..width].copy_from_slice(&from[..width]);
            }
        } else if step == 1 && width == W {
            let lines: [&[f32]; W] = array::from_fn(|within| &from[within * line..][..length]);
            for (d, numbers) in panel.iter_mut().enumerate() {
                *numbers = lines.map(|line| line[d]);
            }
        } else {
            for (d, numbers) in panel.iter_mut().enumerate() {
                for (within, number) in numbers[..width].iter_mut().enumerate() {
                    *number = from[within * line + d * step];
                }
            }
        }
    }
}
