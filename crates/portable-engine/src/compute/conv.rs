//! Convolutions of pictures by im2col: windows are laid out as columns and multiplied by the packed kernel.

use std::ops::Range;
use std::sync::Arc;

use anyhow::Result;

use super::plan::Compute;
use crate::kernels::{COLUMNS, Left, Right, multiply};

/// How many numbers of all windows are put in order before they are multiplied: so many stay in a near cache.
const PART: usize = 256;

/// A convolution of pictures: `[n,C,H,W] -> [n,O,h,w]`, and a bias `[O]` if there is a second input.
#[derive(Debug)]
pub(crate) struct Conv2d {
    /// `[O, C·height·width]`
    pub(crate) kernels: Arc<Left>,
    /// Of the input: C, H, W.
    pub(crate) input: [usize; 3],
    pub(crate) kernel: [usize; 2],
    pub(crate) stride: [usize; 2],
    /// Above and at the left.
    pub(crate) padding: [usize; 2],
    /// h, w
    pub(crate) output: [usize; 2],
}

impl Compute for Conv2d {
    fn work(&self, _: &[usize], outputs: &[usize]) -> u64 {
        outputs[0] as u64 * self.kernels.length() as u64
    }

    fn scratch(&self) -> usize {
        let places = self.output[0] * self.output[1];
        places.next_multiple_of(COLUMNS).saturating_mul(PART.min(self.kernels.length()))
    }

    fn run(&self, inputs: &[&[f32]], outputs: &mut [&mut [f32]]) -> Result<()> {
        let places = self.output[0] * self.output[1];
        let (channels, depth) = (self.kernels.lines(), self.kernels.length());
        let pictures = inputs[0].chunks(self.input.iter().product());
        let mut right = Right::default();
        for (picture, out) in pictures.zip(outputs[0].chunks_mut(channels * places)) {
            match inputs.get(1) {
                Some(bias) => {
                    for (out, bias) in out.chunks_mut(places).zip(*bias) {
                        out.fill(*bias);
                    }
                }
                None => out.fill(0.0),
            }
            for start in (0..depth).step_by(PART) {
                let part = start..depth.min(start + PART);
                self.pack(picture, &part, &mut right);
                multiply(&self.kernels, part, &right, out, places);
            }
        }
        Ok(())
    }
}

impl Conv2d {
    /// What part of all windows sees, a column for each place.
    fn pack(&self, picture: &[f32], part: &Range<usize>, right: &mut Right) {
        let [_, height, width] = self.input;
        let [kernel_height, kernel_width] = self.kernel;
        let places = self.output[0] * self.output[1];
        right.reset(places, part.len());
        for panel in 0..places.div_ceil(COLUMNS) {
            let numbers = right.panel_mut(panel);
            let corners: [[usize; 2]; COLUMNS] = std::array::from_fn(|column| {
                let place = panel * COLUMNS + column;
                let (y, x) = (place / self.output[1], place % self.output[1]);
                [y * self.stride[0], x * self.stride[1]]
            });
            let used = COLUMNS.min(places - panel * COLUMNS);
            let mut tap = part.start % (kernel_height * kernel_width);
            let mut channel = part.start / (kernel_height * kernel_width);
            for numbers in numbers {
                let rows = &picture[channel * height * width..][..height * width];
                let (dy, dx) = (tap / kernel_width, tap % kernel_width);
                for (number, [y, x]) in numbers[..used].iter_mut().zip(corners) {
                    let y = (y + dy).wrapping_sub(self.padding[0]);
                    let x = (x + dx).wrapping_sub(self.padding[1]);
                    // What lies outside stays zero.
                    if y < height && x < width {
                        *number = rows[y * width + x];
                    }
                }
                tap += 1;
                if tap == kernel_height * kernel_width {
                    (tap, channel) = (0, channel + 1);
                }
            }
        }
    }
}
